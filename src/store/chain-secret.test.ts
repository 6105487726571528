import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';

import type pg from 'pg';

import { findSecretInForce, openSecrets } from '#store/chain-secret.ts';
import { makeChainKey, systemAuthor } from '#store/change.ts';
import { Session, makePool } from '#store/database.ts';
import { migrate } from '#store/migrate.ts';
import { open } from '#store/sealing.ts';
import { transact } from '#store/transaction.ts';
import { pictureOf } from '#test/backup.ts';
import { TEST_SECRET, testDatabase } from '#test/database.ts';

const OTHER = Buffer.alloc(32, 'another secret key');
const WRONG = {
  code: 'conflict',
  message: /^The secret key does not fit the database: bring back the secret\.key or /,
};

async function makeDatabase(
  t: TestContext,
  schemaVersion?: number,
): Promise<{ pool: pg.Pool; connectionString: string }> {
  const database = await testDatabase(t, { empty: true });
  await migrate(database.pool, schemaVersion);
  return database;
}

async function commitChange(pool: pg.Pool, secret: Buffer): Promise<void> {
  await transact(pool, makeChainKey(secret), 'none', systemAuthor('test'), async (transaction) => {
    transaction.record({ kind: 'test', entityId: null, facts: {}, touched: [] });
  });
}

test('processes that start at once get one secret, random and sealed', async (t) => {
  const { pool, connectionString } = await makeDatabase(t);
  const pools = Array.from({ length: 6 }, () => makePool({ connectionString, connectionsMax: 1 }));
  try {
    const opened = await Promise.all(pools.map((own) => openSecrets(own, TEST_SECRET)));
    assert.equal(new Set(opened.map(({ chainKey }) => chainKey.innerPad.toString('hex'))).size, 1);
    assert.notDeepEqual(opened[0]?.chainKey, makeChainKey(TEST_SECRET));
    assert.deepEqual((await openSecrets(pool, TEST_SECRET)).chainKey, opened[0]?.chainKey);
  } finally {
    await Promise.all(pools.map((own) => own.end()));
  }
});

test('nothing tells the key of a database without an installation, or before the first start', async (t) => {
  const { pool, session } = await testDatabase(t, { empty: true });
  assert.equal(await findSecretInForce(session, [TEST_SECRET]), null);
  await migrate(pool);
  assert.equal(await findSecretInForce(session, [TEST_SECRET]), null);
});

test('of several keys the one in force is found, and a wrong one is refused and changes nothing', async (t) => {
  const { pool } = await makeDatabase(t);
  await openSecrets(pool, TEST_SECRET);
  const before = await pictureOf(pool);
  const session = new Session(pool);
  assert.deepEqual(await findSecretInForce(session, [OTHER, randomBytes(32), TEST_SECRET]), TEST_SECRET);
  await assert.rejects(findSecretInForce(session, [OTHER, randomBytes(32)]), WRONG);
  await assert.rejects(openSecrets(pool, OTHER), WRONG);
  assert.deepEqual(await pictureOf(pool), before);
});

test('a log of an earlier version keeps the secret that it was begun with, and knows its key before it is migrated', async (t) => {
  const { pool } = await makeDatabase(t, 10);
  for (let n = 0; n < 3; n++) await commitChange(pool, TEST_SECRET);
  const session = new Session(pool);
  assert.deepEqual(await findSecretInForce(session, [OTHER, TEST_SECRET]), TEST_SECRET);
  await assert.rejects(findSecretInForce(session, [OTHER]), WRONG);
  await migrate(pool);
  await assert.rejects(openSecrets(pool, OTHER), WRONG);
  const opened = await openSecrets(pool, TEST_SECRET);
  assert.deepEqual(opened.chainKey, makeChainKey(TEST_SECRET));
});

test('what an earlier version stored as it was is sealed by the first start', async (t) => {
  const { pool } = await makeDatabase(t, 10);
  const text = '-----BEGIN PRIVATE KEY-----\n\\x5c "\'';
  await pool.query(`insert into entity (id, kind, parent_id, label) overriding system value
    values (1, 'sip_domain', 0, 'd'), (2, 'trusted_peer', 0, 'p'), (3, 'trusted_peer', 0, 'q')`);
  await pool.query(
    `insert into sip_domain (entity_id, domain, verify_cert, require_cert, private_key) values (1, 'd', true, true, $1)`,
    [text],
  );
  await pool.query(`insert into trusted_peer (entity_id, prepaid, enum_lookup, transit, msteams, strip, auth_token)
    values (2, false, false, false, false, 0, 'a token'), (3, false, false, false, false, 0, null)`);
  await migrate(pool);
  const { sealingKey, sealed } = await openSecrets(pool, TEST_SECRET);
  assert.equal(sealed, 2);
  assert.equal((await openSecrets(pool, TEST_SECRET)).sealed, 0);
  const { rows } = await pool.query<{ key: Buffer; token: Buffer; others: number }>(
    `select d.private_key as key, p.auth_token as token, (select count(*)::integer from unsealed) as others
      from sip_domain d, trusted_peer p where p.entity_id = 2`,
  );
  const [row] = rows;
  assert.ok(row);
  assert.equal(open(sealingKey, { table: 'sip_domain', column: 'private_key', row: 1 }, row.key), text);
  assert.equal(open(sealingKey, { table: 'trusted_peer', column: 'auth_token', row: 2 }, row.token), 'a token');
  assert.equal(row.others, 0);
});
