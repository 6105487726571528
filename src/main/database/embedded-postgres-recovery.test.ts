import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeTestFolder, makeTestLog, query, startForTest, startFromOtherProcess } from './database-for-test.ts';
import { findPostmasterFile } from './postmaster-file.ts';
import { findProcess } from './running-process.ts';

async function leaveServerBehind(t: TestContext, folder: string) {
  const folders = { dataFolder: join(folder, 'data'), sharedFolder: join(folder, 'shared') };
  const { abeyance, server } = await startFromOtherProcess(t, folders);
  await query(server.connectionString, 'create table kept as select 42 as answer');
  // The settings for tests give up on commits being on disk at once.
  await query(server.connectionString, 'checkpoint');
  await kill(abeyance);
  const pid = (await findPostmasterFile(join(folder, 'data', 'postgres')))?.pid ?? 0;
  assert.notEqual(await findProcess(pid), null, 'the server outlives its Abeyance');
  return { pid, port: server.port };
}

async function kill(process: ChildProcess): Promise<void> {
  const exited = once(process, 'exit');
  process.kill('SIGKILL');
  await exited;
}

test('the server of a killed Abeyance is adopted with its rows, and stopped like any other', async (t) => {
  const folder = await makeTestFolder(t);
  const { pid, port } = await leaveServerBehind(t, folder);
  const server = await startForTest(t, folder);
  assert.deepEqual({ adopted: server.adopted, port: server.port }, { adopted: true, port });
  assert.deepEqual(await query(server.connectionString, 'select answer from kept'), [[42]]);
  await server.stop();
  assert.equal(await findProcess(pid), null);
  assert.deepEqual(await server.exited, { code: null, signal: null });
  assert.deepEqual(await readdir(join(folder, 'data')), ['postgres', 'postgres.log']);
});

test('a server left behind that runs with other settings is stopped and started anew', async (t) => {
  const folder = await makeTestFolder(t);
  const { pid, port } = await leaveServerBehind(t, folder);
  const server = await startForTest(t, folder, { settings: { work_mem: '7MB' } });
  assert.deepEqual({ adopted: server.adopted, port: server.port }, { adopted: false, port });
  assert.equal(await findProcess(pid), null);
  const rows = await query(server.connectionString, "select answer, current_setting('work_mem') from kept");
  assert.deepEqual(rows, [[42, '7MB']]);
});

test('a server left behind does not open to another secret key', async (t) => {
  const folder = await makeTestFolder(t);
  await leaveServerBehind(t, folder);
  await assert.rejects(startForTest(t, folder, { secret: Buffer.alloc(32) }), /secret key does not fit the database/);
  assert.equal((await startForTest(t, folder)).adopted, true);
});

test('a server that was killed together with its Abeyance is started anew with its rows', async (t) => {
  const folder = await makeTestFolder(t);
  const { pid } = await leaveServerBehind(t, folder);
  process.kill(pid, 'SIGKILL');
  const server = await startForTest(t, folder);
  assert.equal(server.adopted, false);
  assert.deepEqual(await query(server.connectionString, 'select answer from kept'), [[42]]);
});

for (const { reason, firstLine } of [
  { reason: 'it is empty', firstLine: () => null },
  { reason: 'it names no process', firstLine: () => 'nonsense' },
  { reason: 'its process is gone', firstLine: () => 4_194_304 },
  { reason: 'its pid is that of another process of the same user', firstLine: (other: number) => other },
]) {
  test(`a stale postmaster.pid does not keep the server from starting: ${reason}`, async (t) => {
    const folder = await makeTestFolder(t);
    const cluster = join(folder, 'data', 'postgres');
    await (await startForTest(t, folder)).stop();
    const { uid, gid } = await stat(cluster);
    const other = spawn('sleep', ['600'], { uid, gid });
    t.after(() => other.kill());
    await once(other, 'spawn');
    const line = firstLine(other.pid ?? 0);
    const rest = [cluster, '1700000000', '5432', '', '127.0.0.1', '  123456         0', 'ready   ', ''];
    await writeFile(join(cluster, 'postmaster.pid'), line === null ? '' : [line, ...rest].join('\n'));
    const log = makeTestLog();
    const server = await startForTest(t, folder, { log });
    assert.deepEqual(await query(server.connectionString, 'select 1'), [[1]]);
    assert.deepEqual(log.messages, [], 'at the first attempt');
    assert.equal(other.exitCode ?? other.signalCode, null, 'the other process was left alone');
  });
}

test('what an interrupted first start left is replaced', async (t) => {
  const folder = await makeTestFolder(t);
  const unfinished = join(folder, 'data', 'postgres.new-1');
  await mkdir(unfinished, { recursive: true, mode: 0o711 });
  await writeFile(join(unfinished, 'PG_VERSION'), '18\n');
  await startForTest(t, folder);
  assert.deepEqual(await readdir(join(folder, 'data')), ['abeyance.lock', 'postgres', 'postgres.log']);
});

test('a link to a cluster that is gone is refused rather than replaced by an empty database', async (t) => {
  const folder = await makeTestFolder(t);
  await mkdir(join(folder, 'data'), { mode: 0o711 });
  const link = join(folder, 'data', 'postgres');
  await symlink(join(folder, 'volume'), link);
  await assert.rejects(startForTest(t, folder), /is gone: .*Bring that folder back/);
  await mkdir(join(folder, 'volume'));
  await assert.rejects(startForTest(t, folder), /is gone: /);
  await rm(link);
  await startForTest(t, folder);
});

test('a folder that is no database is not touched', async (t) => {
  const folder = await makeTestFolder(t);
  const cluster = join(folder, 'data', 'postgres');
  await (await startForTest(t, folder)).stop();
  await rm(join(cluster, 'PG_VERSION'));
  await assert.rejects(startForTest(t, folder), /is not a database: it has no file PG_VERSION/);
  assert.match(await readFile(join(cluster, 'pg_hba.conf'), 'utf8'), /scram-sha-256/);
});
