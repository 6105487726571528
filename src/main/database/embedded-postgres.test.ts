import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isRoot, makeTestFolder, makeTestLog, query, startForTest, testSecret } from './database-for-test.ts';
import { findPostmasterFile } from './postmaster-file.ts';
import { findProcess } from './running-process.ts';
import { superuserPassword } from './superuser-password.ts';

test('the first start gives a database with checksums, UTF-8 and the settings asked for', async (t) => {
  const server = await startForTest(t, await makeTestFolder(t), {
    settings: { work_mem: '5MB', search_path: "o'hara" },
  });
  assert.equal(server.adopted, false);
  const names = ['data_checksums', 'server_encoding', 'listen_addresses', 'unix_socket_directories', 'work_mem', 'jit'];
  const settings = names.map((name) => `current_setting('${name}')`).join(', ');
  const [row] = await query(server.connectionString, `select ${settings}, current_setting('search_path')`);
  assert.deepEqual(row, ['on', 'UTF8', '127.0.0.1', '', '5MB', 'off', "o'hara"]);
  const sql = 'select datname, datlocprovider, datlocale from pg_database where datname = current_database()';
  assert.deepEqual(await query(server.connectionString, sql), [['abeyance', 'b', 'C.UTF-8']]);
});

test('nobody gets in without the password', async (t) => {
  const server = await startForTest(t, await makeTestFolder(t));
  const wrong = server.connectionString.replace(superuserPassword(testSecret), 'guessed');
  for (const database of ['abeyance', 'postgres', 'template1']) {
    await assert.rejects(query(wrong.replace('/abeyance?', `/${database}?`), 'select 1'), { code: '28P01' });
  }
  const rules = await query(server.connectionString, 'select type, address, auth_method from pg_hba_file_rules');
  assert.deepEqual(rules, [['host', '127.0.0.1', 'scram-sha-256']]);
});

test('a restart keeps rows and port', async (t) => {
  const folder = await makeTestFolder(t);
  const first = await startForTest(t, folder);
  await query(first.connectionString, 'create table kept as select 42 as answer');
  await first.stop();
  assert.deepEqual(await first.exited, { code: 0, signal: null });
  const second = await startForTest(t, folder);
  assert.equal(second.port, first.port);
  assert.equal(second.adopted, false);
  assert.deepEqual(await query(second.connectionString, 'select answer from kept'), [[42]]);
});

test('a second start on the same data folder is refused and does not disturb the first', async (t) => {
  const folder = await makeTestFolder(t);
  const first = await startForTest(t, folder);
  const refusal = new RegExp(`another Abeyance \\(pid ${process.pid}\\) is running on ${folder}/data`);
  await assert.rejects(startForTest(t, folder), refusal);
  assert.deepEqual(await query(first.connectionString, 'select 1'), [[1]]);
});

test('another port is chosen and kept when the remembered one is taken', async (t) => {
  const folder = await makeTestFolder(t);
  const first = await startForTest(t, folder);
  await first.stop();
  const stranger = createServer().listen(first.port, '127.0.0.1');
  await once(stranger, 'listening');
  const log = makeTestLog();
  const second = await startForTest(t, folder, { log }).finally(() => stranger.close());
  assert.notEqual(second.port, first.port);
  assert.match(log.messages.join('\n'), /port of the database is taken/);
  await second.stop();
  assert.equal((await startForTest(t, folder)).port, second.port);
});

test('a cluster of another major version is refused with what to do, and left alone', async (t) => {
  const folder = await makeTestFolder(t);
  await (await startForTest(t, folder)).stop();
  const versionPath = join(folder, 'data', 'postgres', 'PG_VERSION');
  await writeFile(versionPath, '17\n');
  const refusal =
    /made by PostgreSQL 17, .* runs PostgreSQL 18\. .*"\.\/abeyance backup <file>".*"\.\/abeyance restore <file>"/;
  // Twice, because a refusal must give the folder free again.
  await assert.rejects(startForTest(t, folder), { name: 'DatabaseStartError', message: refusal });
  await assert.rejects(startForTest(t, folder), { name: 'DatabaseStartError', message: refusal });
  await writeFile(versionPath, '18\n');
  await startForTest(t, folder);
});

test('another secret key is refused and leaves no server behind', async (t) => {
  const folder = await makeTestFolder(t);
  await (await startForTest(t, folder)).stop();
  await assert.rejects(startForTest(t, folder, { secret: Buffer.alloc(32) }), /secret key does not fit the database/);
  assert.equal(await findPostmasterFile(join(folder, 'data', 'postgres')), null);
});

test('a server that ends while starting is reported in its own words', async (t) => {
  const folder = await makeTestFolder(t);
  const settings = { shared_buffers: 'a lot' };
  const refusal = /ended while starting:[^]*invalid value for parameter "shared_buffers": "a lot"/;
  await assert.rejects(startForTest(t, folder, { settings }), { name: 'DatabaseStartError', message: refusal });
  await startForTest(t, folder);
});

test('the end of the server is told, and stopping afterwards gives the folder free', async (t) => {
  const folder = await makeTestFolder(t);
  const server = await startForTest(t, folder);
  const pid = (await findPostmasterFile(join(folder, 'data', 'postgres')))?.pid ?? 0;
  process.kill(pid, 'SIGQUIT');
  await server.exited;
  await server.stop();
  await startForTest(t, folder);
});

test('a log that has grown large is put aside at the start', async (t) => {
  const folder = await makeTestFolder(t);
  await (await startForTest(t, folder)).stop();
  const path = join(folder, 'data', 'postgres.log');
  await truncate(path, 11 * 1024 * 1024);
  await startForTest(t, folder);
  assert.equal((await stat(`${path}.1`)).size, 11 * 1024 * 1024);
  assert.ok((await stat(path)).size < 10_000);
});

test('everything in the data folder is private', async (t) => {
  const folder = await makeTestFolder(t);
  await startForTest(t, folder);
  const data = join(folder, 'data');
  assert.equal((await stat(data)).mode & 0o777, isRoot ? 0o711 : 0o700);
  assert.equal((await stat(join(data, 'postgres'))).mode & 0o777, 0o700);
  assert.equal((await stat(join(data, 'postgres.log'))).mode & 0o777, 0o600);
});

test('the password is in no file, and neither it nor the secret key is in command line or environment', async (t) => {
  process.env['ABEYANCE_SECRET_KEY'] = testSecret.toString('hex');
  t.after(() => delete process.env['ABEYANCE_SECRET_KEY']);
  const startedAt = Date.now();
  const folder = await makeTestFolder(t);
  const server = await startForTest(t, folder);
  await query(server.connectionString, 'checkpoint');
  const password = superuserPassword(testSecret);
  assert.ok(server.connectionString.includes(password), 'the right password is searched for');
  const files = [...(await listFiles(folder)), ...(await listFiles(tmpdir(), startedAt - 1_000))];
  assert.ok(files.length > 900, 'a whole cluster was looked at');
  for (const file of files) {
    const content = await readFile(file).catch(() => Buffer.alloc(0)); // Others may remove their files meanwhile.
    assert.ok(!content.includes(password), `${file} holds the password`);
  }
  const { pid } = (await findPostmasterFile(join(folder, 'data', 'postgres'))) ?? { pid: 0 };
  const environment = process.platform === 'linux' ? await readFile(`/proc/${pid}/environ`, 'utf8') : '';
  const given = `${(await findProcess(pid))?.commandLine} ${environment}`;
  assert.match(given, /postgres -D/);
  assert.ok(!given.includes(password) && !given.includes(testSecret.toString('hex')));
});

async function listFiles(folder: string, changedSince = 0): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await listFiles(path, changedSince)));
    else if (entry.isFile() && ((await stat(path).catch(() => null))?.mtimeMs ?? 0) >= changedSince) files.push(path);
  }
  return files;
}
