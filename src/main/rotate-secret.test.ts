import assert from 'node:assert/strict';
import { chown, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

import { REMOTE_PACE } from '#core/system-kind.ts';
import { findSecretInForce, openSecrets } from '#store/chain-secret.ts';
import { linkOf } from '#store/change.ts';
import { openToken } from '#store/api-key.ts';
import { Session, makePool } from '#store/database.ts';
import { open, seal } from '#store/sealing.ts';
import { findSystem, insertSystem, openSecrets as openSystemSecrets } from '#store/system.ts';
import { makeInstallation, pictureOf } from '#test/backup.ts';
import { waitUntil } from '#test/barrier.ts';
import { TEST_SECRET, testDatabase } from '#test/database.ts';
import { isRoot, makeTestFolder, makeTestLog } from './database/database-for-test.ts';
import { lockDataFolder } from './database/lock-data-folder.ts';
import { loadSecretKeys } from './database/secret-keys.ts';
import { openInstallation } from './open-installation.ts';
import { type RotateSecretOptions, rotateSecret } from './rotate-secret.ts';

const NEW = Buffer.alloc(32, 'the key that comes');
const PLACE = { table: 'sip_domain', column: 'private_key', row: 1001 };
const TOKEN = '00000000-0000-4000-8000-0000000000aa';
const TEXT = 'the private key of a domain';
const fileOf = (secret: Buffer) => `${secret.toString('base64')}\n`;

/** A data folder with TEST_SECRET in its file, and a database of its own with something sealed in it. */
async function makeSealed(t: TestContext) {
  const folder = await makeTestFolder(t);
  const { connectionString } = await testDatabase(t, { empty: true });
  // Through a pool that is ended: a rotation wants the database for itself.
  await withPoolOf(connectionString, async (pool) => {
    await makeInstallation(pool);
    const { sealingKey } = await openSecrets(pool, TEST_SECRET);
    await pool.query(
      `insert into sip_domain (entity_id, domain, verify_cert, require_cert, private_key) values (1001, 'd', true, true, $1)`,
      [seal(sealingKey, PLACE, TEXT)],
    );
    const token = { table: 'api_key', column: 'token_sealed', row: TOKEN };
    await pool.query(
      `with l as (insert into login (account_id, name, role, is_account) values (0, 'l', 'administrator', true) returning id)
        insert into api_key (id, login_id, name, digest, token_sealed) select $1, id, 'auth token', '\\xaa', $2 from l`,
      [TOKEN, seal(sealingKey, token, TEXT)],
    );
    await insertSystem(new Session(pool), sealingKey, {
      ...REMOTE_PACE,
      name: 'ns1',
      kind: 'powerdns',
      accountId: 0,
      settings: {},
      secrets: { key: TEXT },
      drift: 'off',
    });
  });
  await writeFile(join(folder, 'secret.key'), fileOf(TEST_SECRET), { mode: 0o600 });
  return { folder, connectionString };
}

function optionsFor(folder: string, databaseUrl: string, more: Partial<RotateSecretOptions> = {}): RotateSecretOptions {
  return {
    dataFolder: folder,
    databaseUrl,
    secretKeyEnv: undefined,
    newSecretKeyEnv: undefined,
    log: makeTestLog(),
    ...more,
  };
}

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

/** Everything opens with this key, and the log goes on where it was. */
async function assertOpens(connectionString: string, secret: Buffer): Promise<void> {
  await withPoolOf(connectionString, async (pool) => {
    const { sealingKey, chainKey } = await openSecrets(pool, secret);
    const sealed = await pool.query<{ private_key: Buffer }>('select private_key from sip_domain');
    assert.equal(open(sealingKey, PLACE, sealed.rows[0]?.private_key ?? Buffer.alloc(0)), TEXT);
    const [token] = (
      await pool.query<{ token_sealed: Buffer }>('select token_sealed from api_key where token_sealed is not null')
    ).rows;
    assert.equal(openToken(sealingKey, TOKEN, token?.token_sealed ?? Buffer.alloc(0)), TEXT);
    const system = await findSystem(new Session(pool), 'ns1');
    assert.deepEqual(system === null ? null : openSystemSecrets(sealingKey, system), { key: TEXT });
    const { rows } = await pool.query('select revision, at, digest, hash from change where revision < 100 order by 1');
    for (const [index, { revision, at, digest, hash }] of rows.entries())
      assert.deepEqual(linkOf(chainKey, rows[index - 1]?.hash ?? Buffer.alloc(32), revision, at, digest), hash);
  });
}

async function assertShut(connectionString: string, secret: Buffer): Promise<void> {
  await withPoolOf(connectionString, (pool) =>
    assert.rejects(openSecrets(pool, secret), { code: 'conflict', message: /does not fit the database/ }),
  );
}

test('a new key is made and put in the place of the former, which opens nothing any more', async (t) => {
  const { folder, connectionString } = await makeSealed(t);
  const { counts, lines } = await rotateSecret(optionsFor(folder, connectionString));
  assert.deepEqual(
    [...counts],
    [
      ['installation.chain_secret_sealed', 1],
      ['system.secrets_sealed', 1],
      ['api_key.token_sealed', 1],
      ['sip_domain.private_key', 1],
      ['trusted_peer.auth_token', 0],
    ],
  );
  assert.match(
    lines.join('\n'),
    /^Sealed 4 values anew: .*\nThe new key is in .*secret\.key\..*\nServers.*integrate.*\nBackups.*former key/,
  );
  const made = Buffer.from(await readFile(join(folder, 'secret.key'), 'utf8'), 'base64');
  assert.equal(made.length, 32);
  assert.equal((await stat(join(folder, 'secret.key'))).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(folder), ['secret.key']);
  await assertOpens(connectionString, made);
  await assertShut(connectionString, TEST_SECRET);
});

test('the key of ABEYANCE_NEW_SECRET_KEY is taken', async (t) => {
  const { folder, connectionString } = await makeSealed(t);
  await rotateSecret(optionsFor(folder, connectionString, { newSecretKeyEnv: NEW.toString('hex') }));
  assert.equal(await readFile(join(folder, 'secret.key'), 'utf8'), fileOf(NEW));
  await assertOpens(connectionString, NEW);
});

test('a key of the environment is replaced where it is, and a start that has both finds the right one', async (t) => {
  const { folder, connectionString } = await makeSealed(t);
  const env = { secretKeyEnv: TEST_SECRET.toString('hex'), newSecretKeyEnv: NEW.toString('hex') };
  await assert.rejects(rotateSecret(optionsFor(folder, connectionString, { ...env, newSecretKeyEnv: undefined })), {
    code: 'invalid',
    message: /openssl rand.*ABEYANCE_NEW_SECRET_KEY/,
  });
  const { lines } = await rotateSecret(optionsFor(folder, connectionString, env));
  assert.match(lines.join('\n'), /set ABEYANCE_SECRET_KEY to the value of ABEYANCE_NEW_SECRET_KEY/);
  assert.deepEqual(
    [await readdir(folder), await readFile(join(folder, 'secret.key'), 'utf8')],
    [['secret.key'], fileOf(TEST_SECRET)],
  );
  await assertOpens(connectionString, NEW);
  const log = makeTestLog();
  const keys = await loadSecretKeys({
    dataFolder: folder,
    secretKey: env.secretKeyEnv,
    newSecretKey: env.newSecretKeyEnv,
  });
  await withPoolOf(connectionString, async (pool) => {
    assert.deepEqual((await openInstallation(pool, keys, log)).secret, NEW);
  });
  assert.match(log.messages.join(), /set ABEYANCE_SECRET_KEY to it/);
  await assert.rejects(rotateSecret(optionsFor(folder, connectionString, env)), {
    code: 'conflict',
    message: /in force already: set ABEYANCE_SECRET_KEY to it/,
  });
});

test('a new key that cannot be used is refused, and so is a wrong former one; nothing is changed', async (t) => {
  const { folder, connectionString } = await makeSealed(t);
  const before = await withPoolOf(connectionString, pictureOf);
  const cases = [
    { reason: 'too short', more: { newSecretKeyEnv: 'abcd' }, message: /ABEYANCE_NEW_SECRET_KEY holds 2 bytes/ },
    { reason: 'a phrase', more: { newSecretKeyEnv: 'not a key' }, message: /ABEYANCE_NEW_SECRET_KEY is neither/ },
    { reason: 'the same', more: { newSecretKeyEnv: TEST_SECRET.toString('hex') }, message: /in force already/ },
    {
      reason: 'the former is wrong',
      more: { secretKeyEnv: 'ab'.repeat(32), newSecretKeyEnv: NEW.toString('hex') },
      message: /does not fit the database/,
    },
    {
      reason: 'no key',
      more: { dataFolder: join(folder, 'none') },
      message: /There is no .*secret\.key.*ABEYANCE_DATA/,
    },
    { reason: 'no database', more: { databaseUrl: undefined }, message: /There is no database in .*DATABASE_URL/ },
  ];
  for (const { reason, more, message } of cases) {
    const options = optionsFor(folder, connectionString, more);
    await assert.rejects(rotateSecret(options), (error: Error) => {
      assert.match(error.message, message, reason);
      if (options.newSecretKeyEnv !== undefined) assert.ok(!error.message.includes(options.newSecretKeyEnv), reason);
      return true;
    });
  }
  assert.deepEqual(await withPoolOf(connectionString, pictureOf), before);
  assert.deepEqual(
    [await readdir(folder), await readFile(join(folder, 'secret.key'), 'utf8')],
    [['secret.key'], fileOf(TEST_SECRET)],
  );
});

test('it is refused while another process works on the data folder or on the database', async (t) => {
  const { folder, connectionString } = await makeSealed(t);
  const lock = await lockDataFolder(folder);
  await assert.rejects(rotateSecret(optionsFor(folder, connectionString)), /another Abeyance \(pid \d+\) is running/);
  await lock.release();
  await withPoolOf(connectionString, async (pool) => {
    await pool.query('select');
    await assert.rejects(rotateSecret(optionsFor(folder, connectionString)), {
      code: 'conflict',
      message: /Another Abeyance .* is connected to the database; stop it first/,
    });
  });
  await rotateSecret(optionsFor(folder, connectionString));
});

test('one value that does not open, and nothing is sealed anew', async (t) => {
  const { folder, connectionString } = await makeSealed(t);
  await withPoolOf(connectionString, (pool) =>
    pool.query(`update sip_domain set private_key = set_byte(private_key, 30, get_byte(private_key, 30) # 1)`),
  );
  await assert.rejects(
    rotateSecret(optionsFor(folder, connectionString)),
    /The value of sip_domain\.private_key in row 1001 is damaged/,
  );
  await withPoolOf(connectionString, async (pool) => {
    const keys = await loadSecretKeys({ dataFolder: folder, secretKey: undefined });
    assert.equal(keys.candidates.length, 2, 'the new key waits for the next start to be forgotten');
    assert.deepEqual((await openInstallation(pool, keys, makeTestLog())).secret, TEST_SECRET);
  });
  assert.deepEqual(await readdir(folder), ['secret.key']);
});

test('a start waits for a rotation that is being committed, and then knows its key', async (t) => {
  const { folder, connectionString } = await makeSealed(t);
  const starts: Promise<Buffer | null>[] = [];
  const pool = makePool({ connectionString });
  try {
    await rotateSecret({
      ...optionsFor(folder, connectionString, { newSecretKeyEnv: NEW.toString('hex') }),
      onStep: async (step) => {
        if (step !== 'sealed') return;
        starts.push(findSecretInForce(new Session(pool), [TEST_SECRET, NEW]));
        const watched = async () =>
          (await pool.query(`select from pg_stat_activity where wait_event_type = 'Lock' and query like '%for share%'`))
            .rowCount;
        await waitUntil('the start waits', async () => (await watched()) !== 0);
      },
    });
    assert.deepEqual(await starts[0], NEW);
  } finally {
    await pool.end();
  }
});

test('the file belongs to whoever had the former one', async (t) => {
  const { folder, connectionString } = await makeSealed(t);
  const owner = isRoot ? 65_534 : (process.getuid?.() ?? 0);
  if (isRoot) await chown(join(folder, 'secret.key'), owner, owner);
  await rotateSecret(optionsFor(folder, connectionString));
  const { uid, mode } = await stat(join(folder, 'secret.key'));
  assert.deepEqual([uid, mode & 0o777], [owner, 0o600]);
});
