import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { makeInstallation, pictureOf } from '#test/backup.ts';
import { makePool } from '#store/database.ts';
import { TEST_SECRET, testDatabase } from '#test/database.ts';
import { type RestoreInstallationOptions, backupInstallation, restoreInstallation } from './backup.ts';
import { makeTestFolder, makeTestLog, startForTest, testSettings } from './database/database-for-test.ts';
import type { EmbeddedPostgres } from './database/embedded-postgres.ts';

const secretKeyEnv = TEST_SECRET.toString('base64');

function optionsFor(folder: string, more: Partial<RestoreInstallationOptions> = {}): RestoreInstallationOptions {
  return {
    dataFolder: join(folder, 'data'),
    databaseUrl: undefined,
    secretKeyEnv,
    file: join(folder, 'backup.gz'),
    log: makeTestLog(),
    embedded: { settings: testSettings, sharedFolder: join(folder, 'shared') },
    ...more,
  };
}

/** An installation on `<folder>/data`, running. */
async function startInstallation(t: TestContext, folder: string): Promise<EmbeddedPostgres> {
  const server = await startForTest(t, folder, { secret: TEST_SECRET });
  const pool = makePool(server);
  await makeInstallation(pool);
  await pool.end();
  return server;
}

async function picture(connectionString: string): Promise<unknown> {
  const pool = makePool({ connectionString });
  try {
    return await pictureOf(pool);
  } finally {
    await pool.end();
  }
}

test('the embedded database is backed up while it runs and while it does not, and restored into a new folder', async (t) => {
  const [from, to] = [await makeTestFolder(t), await makeTestFolder(t)];
  const running = await startInstallation(t, from);
  const before = await picture(running.connectionString);
  const first = await backupInstallation(optionsFor(from));
  assert.match(first.lines.join('\n'), /as of revision 3\..*\n.*ABEYANCE_SECRET_KEY in another safe place/);
  assert.deepEqual(await picture(running.connectionString), before);
  await running.stop();
  const file = join(from, 'second.gz');
  await backupInstallation(optionsFor(from, { file }));
  assert.deepEqual(
    (await readdir(from)).filter((name) => name.includes('gz')),
    ['backup.gz', 'second.gz'],
  );
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await readdir(join(from, 'data'))).includes('abeyance.lock'), false, 'what was started is stopped');

  const restored = await restoreInstallation(optionsFor(to, { file }));
  assert.match(restored.lines.join('\n'), /Restored .* as of revision 3.*\nA new epoch/);
  const server = await startForTest(t, to, { secret: TEST_SECRET });
  assert.deepEqual(await picture(server.connectionString), before);
});

test('a restore is refused while Abeyance runs on the data folder, and on one that is in use', async (t) => {
  const folder = await makeTestFolder(t);
  const running = await startInstallation(t, folder);
  await backupInstallation(optionsFor(folder));
  await assert.rejects(
    restoreInstallation(optionsFor(folder)),
    /another Abeyance \(pid \d+\) is running on .*stop it first/,
  );
  const before = await picture(running.connectionString);
  await running.stop();
  await assert.rejects(restoreInstallation(optionsFor(folder)), {
    code: 'conflict',
    message: /holds an installation already/,
  });
  const again = await startForTest(t, folder, { secret: TEST_SECRET });
  assert.deepEqual(await picture(again.connectionString), before);
});

test('what is refused from a file leaves no data folder behind', async (t) => {
  const folder = await makeTestFolder(t);
  const { pool, connectionString } = await testDatabase(t, { empty: true });
  await makeInstallation(pool);
  await backupInstallation(optionsFor(folder, { databaseUrl: connectionString }));
  const dataFolder = join(folder, 'new');
  const cases = [
    {
      reason: 'there is no key',
      more: { secretKeyEnv: undefined },
      message: /There is no secret key here.*secret\.key/,
    },
    { reason: 'the key is another', more: { secretKeyEnv: 'ab'.repeat(32) }, message: /another secret key/ },
    { reason: 'there is no file', more: { file: join(folder, 'none.gz') }, message: /ENOENT.*none\.gz/ },
  ];
  for (const { reason, more, message } of cases)
    await assert.rejects(restoreInstallation(optionsFor(folder, { dataFolder, ...more })), message, reason);
  await truncate(join(folder, 'backup.gz'), 1_000);
  await assert.rejects(restoreInstallation(optionsFor(folder, { dataFolder })), /damaged or cut short/);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name === 'new' || name === 'shared'),
    [],
  );
});

test('the key of the new data folder counts, and another only on demand', async (t) => {
  const folder = await makeTestFolder(t);
  const { pool, connectionString } = await testDatabase(t, { empty: true });
  await makeInstallation(pool);
  await backupInstallation(optionsFor(folder, { databaseUrl: connectionString }));
  await restoreInstallation(optionsFor(folder, { secretKeyEnv: undefined, acceptOtherKey: true }));
  assert.notEqual(await readFile(join(folder, 'data', 'secret.key'), 'utf8'), `${secretKeyEnv}\n`);
  await backupInstallation(optionsFor(folder, { secretKeyEnv: undefined, file: join(folder, 'own.gz') }));
  await assert.rejects(restoreInstallation(optionsFor(folder, { secretKeyEnv: undefined })), /another secret key/);
});

test('any database will do, also as a user with no more rights than its owner has', async (t) => {
  const folder = await makeTestFolder(t);
  const source = await testDatabase(t, { empty: true });
  await makeInstallation(source.pool);
  await backupInstallation(optionsFor(folder, { databaseUrl: source.connectionString }));
  const target = await testDatabase(t, { empty: true });
  const url = new URL(target.connectionString);
  const [name, owner] = [url.pathname.slice(1), `owner_of_${url.pathname.slice(1)}`];
  // From beside, as the restore wants the database for itself. The role goes with the server of the tests.
  await source.pool.query(`create role ${owner} login password 'secret'; alter database ${name} owner to ${owner}`);
  [url.username, url.password] = [owner, 'secret'];
  await restoreInstallation(optionsFor(folder, { databaseUrl: url.href }));
  assert.deepEqual(await picture(url.href), await pictureOf(source.pool));
  await backupInstallation(optionsFor(folder, { databaseUrl: url.href, file: join(folder, 'again.gz') }));
});

test('a restore is refused while another Abeyance is connected to the database', async (t) => {
  const folder = await makeTestFolder(t);
  const { pool, connectionString: databaseUrl } = await testDatabase(t, { empty: true });
  await makeInstallation(pool);
  await backupInstallation(optionsFor(folder, { databaseUrl }));
  await assert.rejects(restoreInstallation(optionsFor(folder, { databaseUrl })), {
    code: 'conflict',
    message: /Another Abeyance .* is connected/,
  });
});

test('a backup that fails leaves the former file, and nothing beside it', async (t) => {
  const folder = await makeTestFolder(t);
  const { pool, connectionString: databaseUrl } = await testDatabase(t, { empty: true });
  const options = optionsFor(folder, { databaseUrl });
  await writeFile(options.file, 'the former');
  await assert.rejects(backupInstallation(options), { code: 'not_found' });
  await makeInstallation(pool);
  const abort = new AbortController();
  const progress = () => abort.abort(new Error('given up'));
  await assert.rejects(backupInstallation({ ...options, progress, signal: abort.signal }), /given up/);
  assert.equal(await readFile(options.file, 'utf8'), 'the former');
  assert.deepEqual(await readdir(folder), ['backup.gz']);
});

test('what cannot be backed up, or not to there, is said', async (t) => {
  const folder = await makeTestFolder(t);
  const { connectionString } = await testDatabase(t);
  const away = 'postgres://abeyance:secret@127.0.0.1:1/abeyance';
  const cases = [
    { more: { secretKeyEnv: undefined }, message: /There is no .*secret\.key.*ABEYANCE_DATA.*ABEYANCE_SECRET_KEY/ },
    { more: {}, message: /There is no database in .*data.*DATABASE_URL/ },
    { more: { databaseUrl: connectionString, file: '/dev/null' }, message: /\/dev\/null is not a file/ },
    { more: { databaseUrl: connectionString, file: folder }, message: /is not a file/ },
    { more: { databaseUrl: away }, message: /^The database cannot be reached: .*ECONNREFUSED/ },
  ];
  for (const { more, message } of cases) {
    await assert.rejects(backupInstallation(optionsFor(folder, more)), (error: Error) => {
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /secret@/);
      return true;
    });
  }
  assert.deepEqual(await readdir(folder), []);
});

test('a backup goes through pipes', async (t) => {
  const folder = await makeTestFolder(t);
  const [source, target] = [await testDatabase(t, { empty: true }), await testDatabase(t, { empty: true })];
  await makeInstallation(source.pool);
  const run = (which: string, databaseUrl: string) => {
    const options = { dataFolder: join(folder, which), databaseUrl, secretKeyEnv, file: '-' };
    const program = `
      import * as backup from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'backup.ts')).href)};
      await backup.${which}({ ...${JSON.stringify(options)}, log: { info() {}, warn() {} } });
      console.error('done');
    `;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
    t.after(() => child.kill('SIGKILL'));
    return { child, told: text(child.stderr), exited: once(child, 'exit') };
  };
  const writer = run('backupInstallation', source.connectionString);
  await pipeline(writer.child.stdout, createWriteStream(join(folder, 'piped')));
  assert.equal(await writer.told, 'done\n');
  assert.deepEqual(await writer.exited, [0, null]);
  const reader = run('restoreInstallation', target.connectionString);
  await pipeline(createReadStream(join(folder, 'piped')), reader.child.stdin);
  assert.equal(await reader.told, 'done\n');
  assert.deepEqual(await reader.exited, [0, null]);
  assert.deepEqual(await picture(target.connectionString), await pictureOf(source.pool));
});
