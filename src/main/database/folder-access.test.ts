import assert from 'node:assert/strict';
import { chmod, mkdir, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTestFolder } from './database-for-test.ts';
import { canRead, findClosedFolder } from './folder-access.ts';

async function makeFolders(t: Parameters<typeof makeTestFolder>[0]) {
  const outer = await realpath(await makeTestFolder(t));
  const inner = join(outer, 'middle', 'inner');
  await mkdir(inner, { recursive: true });
  const { uid, gid } = await stat(inner);
  // The user who runs the tests may be root, for whom nothing is closed; so the modes are judged for made-up users.
  return { outer, middle: join(outer, 'middle'), inner, stranger: { uid: uid + 4711, gid: gid + 4711 }, gid, uid };
}

test('every folder on the way must let the user in, and the outermost that does not is named', async (t) => {
  const { outer, middle, inner, stranger } = await makeFolders(t);
  await chmod(middle, 0o711);
  await chmod(inner, 0o711);
  assert.equal(await findClosedFolder(inner, stranger), null);
  await chmod(inner, 0o750);
  assert.equal(await findClosedFolder(inner, stranger), inner);
  await chmod(middle, 0o744);
  assert.equal(await findClosedFolder(inner, stranger), middle);
  await chmod(outer, 0o700);
  assert.equal(await findClosedFolder(inner, stranger), outer);
});

test('only the first of owner, group and others that fits decides', async (t) => {
  const { inner, middle, stranger, uid, gid } = await makeFolders(t);
  await chmod(middle, 0o711);
  await chmod(inner, 0o701);
  assert.equal(await findClosedFolder(inner, { uid: stranger.uid, gid }), inner);
  await chmod(inner, 0o611);
  assert.equal(await findClosedFolder(inner, { uid: stranger.uid, gid }), null);
  assert.equal(await findClosedFolder(inner, { uid, gid }), uid === 0 ? null : inner);
});

test('a link is judged by where it leads', async (t) => {
  const { outer, middle, inner, stranger } = await makeFolders(t);
  await chmod(middle, 0o700);
  await symlink(inner, join(outer, 'link'));
  assert.equal(await findClosedFolder(join(outer, 'link'), stranger), middle);
});

test('reading needs the right to read, and for a folder the right to enter too', async (t) => {
  const { inner, stranger } = await makeFolders(t);
  const file = join(inner, 'file');
  await writeFile(file, '');
  await chmod(file, 0o640);
  assert.equal(await canRead(file, stranger), false);
  await chmod(file, 0o644);
  assert.equal(await canRead(file, stranger), true);
  await chmod(inner, 0o744);
  assert.equal(await canRead(inner, stranger), false);
  await chmod(inner, 0o755);
  assert.equal(await canRead(inner, stranger), true);
});
