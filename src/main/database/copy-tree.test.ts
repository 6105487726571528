import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, readdir, readlink, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyTreeOnce } from './copy-tree.ts';
import { makeTestFolder } from './database-for-test.ts';

async function makeOriginal(folder: string): Promise<string> {
  const original = join(folder, 'original');
  await mkdir(join(original, 'lib'), { recursive: true, mode: 0o700 });
  await writeFile(join(original, 'lib', 'real.so'), 'library', { mode: 0o600 });
  await writeFile(join(original, 'program'), 'program', { mode: 0o700 });
  await symlink('real.so', join(original, 'lib', 'link.so'));
  return original;
}

test('a copy is complete, readable for everybody, and made once', async (t) => {
  const folder = await makeTestFolder(t);
  const original = await makeOriginal(folder);
  const copy = join(folder, 'copy');
  const complete = (unfinished: string) => writeFile(join(unfinished, 'more'), '');
  assert.equal(await copyTreeOnce(original, copy, complete), true);
  assert.equal(await readFile(join(copy, 'lib', 'real.so'), 'utf8'), 'library');
  assert.equal(await readlink(join(copy, 'lib', 'link.so')), 'real.so');
  for (const [path, mode] of [
    ['', 0o755],
    ['lib', 0o755],
    ['program', 0o755],
    ['lib/real.so', 0o644],
  ] as const) {
    assert.equal((await stat(join(copy, path))).mode & 0o777, mode, path);
  }
  assert.deepEqual((await readdir(copy)).sort(), ['lib', 'more', 'program']);
  assert.equal(await copyTreeOnce(original, copy, complete), false);
  assert.deepEqual((await readdir(folder)).sort(), ['copy', 'original']);
});

for (const { reason, damage } of [
  { reason: 'a file is missing', damage: (copy: string) => rm(join(copy, 'lib', 'real.so')) },
  { reason: 'a file is cut short', damage: (copy: string) => truncate(join(copy, 'program'), 3) },
  { reason: 'a folder cannot be entered', damage: (copy: string) => chmod(join(copy, 'lib'), 0o700) },
]) {
  test(`a damaged copy is made anew: ${reason}`, async (t) => {
    const folder = await makeTestFolder(t);
    const original = await makeOriginal(folder);
    const copy = join(folder, 'copy');
    await copyTreeOnce(original, copy, async () => {});
    await damage(copy);
    assert.equal(await copyTreeOnce(original, copy, async () => {}), true);
    assert.equal(await copyTreeOnce(original, copy, async () => {}), false);
    assert.deepEqual((await readdir(folder)).sort(), ['copy', 'original']);
  });
}

test('an interrupted copy leaves nothing', async (t) => {
  const folder = await makeTestFolder(t);
  const original = await makeOriginal(folder);
  const failing = () => Promise.reject(new Error('interrupted'));
  await assert.rejects(copyTreeOnce(original, join(folder, 'copy'), failing), /interrupted/);
  assert.deepEqual(await readdir(folder), ['original']);
});
