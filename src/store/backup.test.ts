import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import type pg from 'pg';

import { checkBackup, openBackup } from '#store/backup-reader.ts';
import { linkOf } from '#store/change.ts';
import { makePool } from '#store/database.ts';
import { migrate, readMigrations } from '#store/migrate.ts';
import { TEST_SECRET, testDatabase } from '#test/database.ts';
import {
  backupOf,
  commitChange,
  fillInstallation,
  makeInstallation,
  pictureOf,
  restoreBytes,
  testKey,
} from '#test/backup.ts';

async function makeDatabase(t: TestContext): Promise<pg.Pool> {
  return (await testDatabase(t, { empty: true })).pool;
}

test('what is restored is what was backed up, row by row and table by table, in a new epoch', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await makeInstallation(source);
  const before = await pictureOf(source);
  for (const [table, rows] of Object.entries(before))
    if (!/^(account|application|dns_|enum_|foreign|mailbox|phone_|sip_(alias|domain)|trusted_)/.test(table))
      assert.notEqual(rows.length, 0, table);
  const { bytes, written } = await backupOf(source);
  const restored = await restoreBytes(target, bytes);
  assert.deepEqual(await pictureOf(target), before);
  assert.equal(restored.rows, written.header.rowsTotal);
  assert.deepEqual(restored.tablesLeftOut, []);
  const { rows } = await target.query<{ epoch: string }>('select epoch from change_counter');
  assert.equal(rows[0]?.epoch, restored.epoch);
  assert.notEqual(restored.epoch, written.header.epoch);
});

test('the header says what is inside, and the secret key is nowhere', async (t) => {
  const source = await makeDatabase(t);
  await makeInstallation(source);
  const { bytes, written } = await backupOf(source);
  const inside = gunzipSync(bytes);
  assert.deepEqual(JSON.parse(inside.toString('utf8', 0, inside.indexOf('\n'))), written.header);
  assert.deepEqual(await checkBackup(Readable.from([bytes])), written.header);
  const { rows } = await source.query('select i.id, c.epoch, c.revision from installation i, change_counter c');
  const { installationId: id, epoch, revision } = written.header;
  assert.deepEqual({ id, epoch, revision }, rows[0]);
  assert.equal(written.header.schemaVersion, (await readMigrations()).at(-1)?.version);
  for (const form of ['hex', 'base64', 'latin1'] as const)
    assert.equal(inside.includes(TEST_SECRET.toString(form)), false, form);
});

test('numbers and the chain of changes go on where they were', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await makeInstallation(source);
  // A number that was used up by something that is gone.
  const add = `insert into hold (entity_id, profile, authority, authority_rank, source, placed_by)
    values (0, 'suspended', 'platform', 0, 'next', 'x') returning id`;
  await source.query('begin; ' + add + '; rollback');
  await restoreBytes(target, (await backupOf(source)).bytes);
  for (const statement of [
    add,
    `insert into entity (kind, parent_id, label) values ('foreign', 1, 'next') returning id`,
  ]) {
    const ids = await Promise.all(
      [source, target].map(async (pool) => (await pool.query<{ id: number }>(statement)).rows[0]?.id),
    );
    assert.equal(ids[0], ids[1]);
  }
  await commitChange(target, 'after the restore');
  const { rows } = await target.query(
    'select revision, at, digest, hash from change where revision < 100 order by revision desc limit 2',
  );
  const [last, former] = rows;
  assert.deepEqual(last.hash, linkOf(testKey, former.hash, last.revision, last.at, last.digest));
});

test('a backup shows one moment, whatever is written meanwhile', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await makeInstallation(source);
  const before = await pictureOf(source);
  const chunks: Buffer[] = [];
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const isFirst = chunks.push(chunk) === 1;
      if (isFirst) commitChange(source, 'meanwhile').then(() => done(), done);
      else done();
    },
  });
  const { written } = await backupOf(source, {}, output);
  assert.notDeepEqual(await pictureOf(source), before);
  await restoreBytes(target, Buffer.concat(chunks));
  assert.deepEqual(await pictureOf(target), before);
  assert.equal(written.header.revision, 3);
});

test('a backup of an older schema is brought to the newest', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  const newest = (await readMigrations()).at(-1)?.version ?? 0;
  await migrate(source, 10);
  await fillInstallation(source);
  const { bytes } = await backupOf(source);
  await restoreBytes(target, bytes);
  await migrate(source);
  assert.deepEqual(await pictureOf(target), await pictureOf(source));
  const { rows } = await target.query('select max(version) as version from schema_migration');
  assert.equal(rows[0].version, newest);
});

test('settings of the database that change how values are written do not reach the backup', async (t) => {
  const target = await makeDatabase(t);
  const { pool: source, connectionString } = await testDatabase(t, { empty: true });
  await makeInstallation(source);
  const before = await pictureOf(source);
  const { rows } = await source.query('select current_database() as name');
  for (const setting of [
    `datestyle to 'German'`,
    `timezone to 'Asia/Kathmandu'`,
    `bytea_output to 'escape'`,
    `extra_float_digits to -5`,
  ])
    await source.query(`alter database ${rows[0].name} set ${setting}`);
  // Settings of a database count for new connections.
  const later = makePool({ connectionString });
  t.after(() => later.end());
  await restoreBytes(target, (await backupOf(later)).bytes);
  assert.deepEqual(await pictureOf(target), before);
});

test('a table of somebody else is left out and named', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await makeInstallation(source);
  await source.query(
    `create table "Somebody's ""own" (a integer generated always as identity, b text, c text generated always as (b || '!') stored)`,
  );
  await source.query(`insert into "Somebody's ""own" (b) values ('x')`);
  const { tablesLeftOut } = await restoreBytes(target, (await backupOf(source)).bytes);
  assert.deepEqual(tablesLeftOut, [`Somebody's "own`]);
  assert.equal(
    (await target.query('select from entity')).rowCount,
    (await source.query('select from entity')).rowCount,
  );
});

test('progress never goes back and ends with everything', async (t) => {
  const [source, target] = [await makeDatabase(t), await makeDatabase(t)];
  await makeInstallation(source);
  const seen: [string, number, number][] = [];
  const note = (which: string) => (done: number, total: number) => void seen.push([which, done, total]);
  const { bytes, written } = await backupOf(source, { progress: note('backup') });
  await restoreBytes(target, bytes, { progress: note('restore') });
  for (const which of ['backup', 'restore']) {
    const steps = seen.filter((step) => step[0] === which).map((step) => step[1]);
    assert.deepEqual(
      steps,
      steps.toSorted((a, b) => a - b),
      which,
    );
    assert.equal(steps.at(-1), written.header.rowsTotal, which);
  }
});

test('a database without an installation has nothing to back up', async (t) => {
  const empty = await makeDatabase(t);
  await assert.rejects(backupOf(empty), { code: 'not_found', message: /no installation of Abeyance/ });
});

test('a backup that cannot be written fails, and gives its connection back', async (t) => {
  const source = await makeDatabase(t);
  await makeInstallation(source);
  const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no space left on device')) });
  await assert.rejects(backupOf(source, {}, full), /no space left on device/);
  const stuck = new Writable({ write: () => {} });
  const abort = new AbortController();
  const writing = backupOf(source, { signal: abort.signal, progress: () => abort.abort(new Error('given up')) }, stuck);
  await assert.rejects(writing, /given up/);
  assert.equal(source.totalCount - source.idleCount, 0);
  const { rows } = await source.query(
    `select count(*) as open from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
  );
  assert.equal(rows[0].open, 0);
});

test('a reader insists on being read in order', async (t) => {
  const source = await makeDatabase(t);
  await makeInstallation(source);
  const backup = await openBackup(Readable.from([(await backupOf(source)).bytes]));
  await backup.nextTable();
  await assert.rejects(backup.nextTable(), /rows of account were not read/);
  await backup.close();
});
