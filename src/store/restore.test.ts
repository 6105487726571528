import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';

import { sql } from 'kysely';
import type pg from 'pg';

import { checkBackup } from '#store/backup-reader.ts';
import { findSecretInForce, openSecrets } from '#store/chain-secret.ts';
import { Session } from '#store/database.ts';
import { migrate } from '#store/migrate.ts';
import { systemAuthor } from '#store/change.ts';
import { seal } from '#store/sealing.ts';
import { transact } from '#store/transaction.ts';
import { TEST_SECRET, testDatabase } from '#test/database.ts';
import { backupOf, commitChange, makeInstallation, pictureOf, restoreBytes, testKey } from '#test/backup.ts';

async function makeDatabase(t: TestContext): Promise<pg.Pool> {
  return (await testDatabase(t, { empty: true })).pool;
}

/** A backup whose inside was changed by somebody who knows the format. */
function forge(bytes: Buffer, change: (inside: string) => string): Buffer {
  const inside = change(gunzipSync(bytes).toString('latin1'));
  const body = Buffer.from(inside.slice(0, inside.lastIndexOf('{"sha256"')), 'latin1');
  const sha256 = createHash('sha256').update(body).digest('hex');
  return gzipSync(Buffer.concat([body, Buffer.from(`${JSON.stringify({ sha256 })}\n`)]));
}

/** A backup whose inside was changed by accident. */
function spoil(bytes: Buffer, change: (inside: Buffer) => Buffer): Buffer {
  return gzipSync(change(gunzipSync(bytes)));
}

test('a backup that is not whole is refused, and the database stays as it was', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await makeInstallation(source);
  const { bytes } = await backupOf(source);
  await migrate(target);
  const before = await pictureOf(target);
  const flip = (at: number) => (inside: Buffer) => {
    const other = Buffer.from(inside);
    other[at] = (other[at] ?? 0) ^ 1;
    return other;
  };
  const inside = gunzipSync(bytes);
  const cases = [
    { reason: 'nothing but the first bytes', bytes: bytes.subarray(0, 300) },
    { reason: 'the half is missing', bytes: bytes.subarray(0, bytes.length >> 1) },
    { reason: 'the last byte is missing', bytes: bytes.subarray(0, -1) },
    { reason: 'a byte of the file is another', bytes: flip(bytes.length >> 1)(bytes) },
    { reason: 'a byte of a value is another', bytes: spoil(bytes, flip(inside.indexOf('child first'))) },
    { reason: 'the digest is another', bytes: spoil(bytes, flip(inside.length - 10)) },
    { reason: 'the digest is missing', bytes: spoil(bytes, (all) => all.subarray(0, all.lastIndexOf('{"sha256"'))) },
    { reason: 'there is more after the end', bytes: spoil(bytes, (all) => Buffer.concat([all, Buffer.from('\n')])) },
    { reason: 'a count is another', bytes: forge(bytes, (all) => all.replace('"profile":1', '"profile":2')) },
    {
      reason: 'a frame says that it is enormous',
      bytes: forge(bytes, (all) => all.replace(/(?<=\}\n)\0[^]{3}/, '\xff\xff\xff\xff')),
    },
    {
      reason: 'what is between the tables is no JSON',
      bytes: forge(bytes, (all) => all.replace('{"table":"entity"', '["table":"entity"')),
    },
    {
      reason: 'a row stands in it twice',
      bytes: forge(bytes, (all) => all.replace(/\d+\tchild/, '4\tchild').replace('1000\t', '1001\t')),
    },
    {
      reason: 'a row refers to what is not there',
      bytes: forge(bytes, (all) => all.replace('\t1001\t4\t', '\t9001\t4\t')),
    },
  ];
  for (const { reason, bytes: damagedBytes } of cases) {
    assert.notDeepEqual(damagedBytes, bytes, reason);
    const refusal = { code: 'invalid', message: /^The backup is damaged or cut short: .*Nothing of it was kept/ };
    await assert.rejects(restoreBytes(target, damagedBytes), refusal, reason);
    assert.deepEqual(await pictureOf(target), before, reason);
    if (!/twice|not there/.test(reason))
      await assert.rejects(checkBackup(Readable.from([damagedBytes])), refusal, reason);
  }
  await restoreBytes(target, bytes);
  assert.deepEqual(await pictureOf(target), await pictureOf(source));
});

test('a file that is no backup is refused as such', async (t) => {
  const target = await makeDatabase(t);
  const cases = [
    Buffer.from('select 1;\n'),
    gzipSync('select 1;\n'),
    gzipSync('{"format":"other"}\n'),
    Buffer.alloc(4096, 'PGDMP'),
  ];
  for (const bytes of cases)
    await assert.rejects(restoreBytes(target, bytes), {
      code: 'invalid',
      message: /no backup of Abeyance.*abeyance backup <file>/,
    });
  await assert.rejects(restoreBytes(target, Buffer.alloc(0)), {
    code: 'invalid',
    message: /ends too early|unexpected end/,
  });
  assert.deepEqual(Object.keys(await pictureOf(target)), ['constraints', 'tables', 'triggers']);
});

test('a backup of a later release is refused before anything is made', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await makeInstallation(source);
  const { bytes } = await backupOf(source);
  const newerSchema = forge(bytes, (all) => all.replace(/"schemaVersion":\d+/, '"schemaVersion":9999'));
  await assert.rejects(restoreBytes(target, newerSchema), {
    code: 'unavailable',
    message: /schema version 9999, .*Abeyance 9\.8\.7 or later/,
  });
  const newerFormat = forge(bytes, (all) => all.replace('"formatVersion":1', '"formatVersion":2'));
  await assert.rejects(restoreBytes(target, newerFormat), {
    code: 'invalid',
    message: /format version 2.*Abeyance 9\.8\.7 or later/,
  });
  assert.deepEqual(Object.keys(await pictureOf(target)), ['constraints', 'tables', 'triggers']);
});

test('an installation in use is refused with what helps, and left alone', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await makeInstallation(source);
  await makeInstallation(target);
  const { bytes } = await backupOf(source);
  const before = await pictureOf(target);
  const refusal = {
    code: 'conflict',
    message: /12 entities beneath the platform, 5 changes.*another data folder.*DATABASE_URL/,
  };
  await assert.rejects(restoreBytes(target, bytes), refusal);
  assert.deepEqual(await pictureOf(target), before);
});

test('an installation in use is not even migrated', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await makeInstallation(source);
  await migrate(target, 8);
  await commitChange(target, 'the platform was edited');
  await assert.rejects(restoreBytes(target, (await backupOf(source)).bytes), {
    code: 'conflict',
    message: /0 entities .* 1 changes/,
  });
  const { rows } = await target.query('select max(version) as version from schema_migration');
  assert.equal(rows[0].version, 8);
});

for (const { reason, prepare } of [
  { reason: 'has only been migrated', prepare: async () => {} },
  {
    reason: 'has been started once',
    prepare: async (pool: pg.Pool) => {
      await transact(pool, testKey, 'none', systemAuthor('system:start'), async (transaction) => {
        await transaction.rows(
          sql`insert into profile (name, builtin, severity, denied, refusal_text) values ('fraud', true, 1, 1, '')`,
        );
        transaction.record({ kind: 'profile.changed', entityId: null, facts: {}, touched: [] });
      });
      await pool.query(`update installation set admin_token_digest = '\\xff'`);
    },
  },
])
  test(`an installation that ${reason} is replaced`, async (t) => {
    const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
    await makeInstallation(source);
    await migrate(target);
    await prepare(target);
    await restoreBytes(target, (await backupOf(source)).bytes);
    assert.deepEqual(await pictureOf(target), await pictureOf(source));
  });

test('an empty database past the schema of the backup is refused', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await migrate(source, 6);
  await migrate(target);
  const before = await pictureOf(target);
  await assert.rejects(restoreBytes(target, (await backupOf(source)).bytes), {
    code: 'conflict',
    message: /the backup has 6: restore into a new data folder/,
  });
  assert.deepEqual(await pictureOf(target), before);
});

test('a backup made with another secret key is restored only on demand', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await makeInstallation(source);
  const { bytes } = await backupOf(source);
  const secret = Buffer.alloc(32, 'another secret');
  await assert.rejects(restoreBytes(target, bytes, { secret }), {
    code: 'conflict',
    message: /another secret key.*secret\.key.*ABEYANCE_SECRET_KEY/,
  });
  assert.deepEqual(Object.keys(await pictureOf(target)), ['constraints', 'tables', 'triggers']);
  const restored = await restoreBytes(target, bytes, { secret, acceptOtherKey: true });
  assert.equal(restored.valuesLost, 0);
  const [{ installation, ...others }, { installation: _, ...wanted }] = [
    await pictureOf(target),
    await pictureOf(source),
  ];
  assert.deepEqual(others, wanted);
  assert.match(String(installation), /\\\\x01/, 'its log has another secret, which this key opens');
  assert.deepEqual(await findSecretInForce(new Session(target), [secret]), secret);
});

test('of a backup made with another secret key, what is sealed is left out and counted', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await makeInstallation(source);
  const { sealingKey } = await openSecrets(source, TEST_SECRET);
  const sealed = seal(sealingKey, { table: 'sip_domain', column: 'private_key', row: 1001 }, 'a private key');
  await source.query(
    `insert into sip_domain (entity_id, domain, verify_cert, require_cert, private_key) values (1001, 'd', true, true, $1)`,
    [sealed],
  );
  const { bytes } = await backupOf(source);
  const secret = Buffer.alloc(32, 'another secret');
  assert.equal((await restoreBytes(target, bytes, { secret, acceptOtherKey: true })).valuesLost, 1);
  assert.deepEqual((await target.query('select domain, private_key from sip_domain')).rows, [
    { domain: 'd', private_key: null },
  ]);
  await openSecrets(target, secret);
});

test('a backup that an installation of another secret key makes is refused', async (t) => {
  const source = await makeDatabase(t);
  await makeInstallation(source);
  await openSecrets(source, TEST_SECRET);
  await assert.rejects(backupOf(source, { secret: Buffer.alloc(32, 'another secret') }), {
    code: 'conflict',
    message: /^The secret key does not fit the database/,
  });
});

test('a restore that is given up leaves nothing', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await makeInstallation(source);
  await migrate(target);
  const before = await pictureOf(target);
  const abort = new AbortController();
  const progress = () => abort.abort(new Error('given up'));
  await assert.rejects(
    restoreBytes(target, (await backupOf(source)).bytes, { signal: abort.signal, progress }),
    /given up/,
  );
  assert.deepEqual(await pictureOf(target), before);
});
