/** A rotation of the secret key where the embedded database has a password that follows the key. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { openSecrets } from '#store/chain-secret.ts';
import { makePool } from '#store/database.ts';
import { reseal } from '#store/reseal.ts';
import { makeInstallation, pictureOf } from '#test/backup.ts';
import { waitUntil } from '#test/barrier.ts';
import { TEST_SECRET, testDatabase } from '#test/database.ts';
import { backupInstallation, restoreInstallation } from './backup.ts';
import {
  makeTestFolder,
  makeTestLog,
  startForTest,
  startFromOtherProcess,
  testSecret,
  testSettings,
} from './database/database-for-test.ts';
import { storeNextSecretKey } from './database/secret-key.ts';
import { loadSecretKeys } from './database/secret-keys.ts';
import { scramVerifier, superuserPassword } from './database/superuser-password.ts';
import { rotateSecret } from './rotate-secret.ts';
import { startWithKey } from './start-with-key.ts';

const NEW = Buffer.alloc(32, 'the key that comes');
const fileOf = (secret: Buffer) => `${secret.toString('base64')}\n`;

async function withPoolOf<T>(
  connectionString: string,
  work: (pool: ReturnType<typeof makePool>) => Promise<T>,
): Promise<T> {
  const pool = makePool({ connectionString });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

test('the embedded database has another password, and a backup of before needs the former key', async (t) => {
  const folder = await makeTestFolder(t);
  const dataFolder = join(folder, 'data');
  const embedded = { settings: testSettings, sharedFolder: join(folder, 'shared') };
  const first = await startForTest(t, folder, { secret: TEST_SECRET });
  await writeFile(join(dataFolder, 'secret.key'), fileOf(TEST_SECRET), { mode: 0o600 });
  await withPoolOf(first.connectionString, async (pool) => {
    await makeInstallation(pool);
    await openSecrets(pool, TEST_SECRET);
  });
  const common = { dataFolder, databaseUrl: undefined, secretKeyEnv: undefined, log: makeTestLog(), embedded };
  await assert.rejects(
    rotateSecret({ ...common, newSecretKeyEnv: undefined }),
    /another Abeyance \(pid \d+\) is running on/,
  );
  await first.stop();
  const old = join(folder, 'old.gz');
  await backupInstallation({ ...common, file: old });

  const { lines } = await rotateSecret({ ...common, newSecretKeyEnv: NEW.toString('base64') });
  assert.match(lines.join('\n'), /The password of the embedded database is another one/);
  await assert.rejects(startForTest(t, folder, { secret: TEST_SECRET }), /The secret key does not fit the database/);
  // As if the process had been killed right after its commit.
  await writeFile(join(dataFolder, 'secret.key'), fileOf(TEST_SECRET));
  await storeNextSecretKey(dataFolder, NEW);
  await backupInstallation({ ...common, file: join(folder, 'new.gz') });
  assert.equal(await readFile(join(dataFolder, 'secret.key'), 'utf8'), fileOf(NEW));
  assert.equal((await readdir(dataFolder)).includes('secret.key.next'), false);
  const second = await startForTest(t, folder, { secret: NEW });
  const pictures = await withPoolOf(second.connectionString, pictureOf);
  await second.stop();

  const away = await testDatabase(t, { empty: true });
  const target = { ...common, dataFolder: join(folder, 'restored'), databaseUrl: away.connectionString };
  await assert.rejects(restoreInstallation({ ...target, file: old, secretKeyEnv: NEW.toString('hex') }), {
    code: 'conflict',
    message: /another secret key/,
  });
  await restoreInstallation({ ...target, file: old, secretKeyEnv: TEST_SECRET.toString('hex') });
  await openSecrets(away.pool, TEST_SECRET);
  const again = await testDatabase(t, { empty: true });
  await restoreInstallation({
    ...target,
    databaseUrl: again.connectionString,
    file: join(folder, 'new.gz'),
    secretKeyEnv: NEW.toString('hex'),
  });
  assert.deepEqual(await pictureOf(again.pool), pictures);
});

test('the commit of a killed rotation that comes through during the start decides which key is in force', async (t) => {
  const folder = await makeTestFolder(t);
  const dataFolder = join(folder, 'data');
  const common = { dataFolder, sharedFolder: join(folder, 'shared') };
  const { abeyance, server } = await startFromOtherProcess(t, common);
  await writeFile(join(dataFolder, 'secret.key'), fileOf(testSecret));
  await storeNextSecretKey(dataFolder, NEW);
  const dead = once(abeyance, 'exit');
  abeyance.kill('SIGKILL');
  await dead;
  // The connection of the killed rotation, which the server still serves.
  await withPoolOf(server.connectionString, async (pool) => {
    await makeInstallation(pool);
    await pool.query('update change_counter set revision = 0'); // Its links were made with the key of other tests.
    await openSecrets(pool, testSecret);
    const isWaited = Promise.withResolvers<void>();
    const rotation = reseal(pool, {
      from: testSecret,
      to: NEW,
      role: { name: 'abeyance', verifier: scramVerifier(superuserPassword(NEW)) },
      beforeCommit: async () => {
        isWaited.resolve();
        const waits = `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%for share%'`;
        await waitUntil('the start waits', async () => (await pool.query(waits)).rowCount !== 0);
      },
    });
    await isWaited.promise;
    const keys = await loadSecretKeys({ dataFolder, secretKey: undefined });
    const started = await startWithKey({ ...common, settings: testSettings, log: makeTestLog() }, keys);
    try {
      await rotation;
      assert.deepEqual(started.secret, NEW);
      await withPoolOf(started.server.connectionString, (again) => openSecrets(again, NEW));
      assert.equal(await readFile(join(dataFolder, 'secret.key'), 'utf8'), fileOf(NEW));
    } finally {
      await started.server.stop();
    }
  });
});
