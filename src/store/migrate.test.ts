/** Migrations: from zero, again, by several processes at once, and into databases that are not this program's. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'node:test';

import { Problem } from '#core/problem.ts';
import { Session } from '#store/database.ts';
import { testDatabase } from '#test/database.ts';
import { takeSnapshot } from '#test/snapshot.ts';

import { dumpSchema } from '../../scripts/schema-dump.ts';

import { migrate, readMigrations, schemaVersion } from './migrate.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One process that migrates and says how many migrations it applied. */
async function migrateElsewhere(connectionString: string): Promise<number> {
  const program = `
    import { migrate } from '#store/migrate.ts';
    import { makePool } from '#store/database.ts';
    const pool = makePool({ connectionString: process.env.DATABASE_URL });
    console.log(await migrate(pool));
    await pool.end();`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: ROOT,
    env: { ...process.env, DATABASE_URL: connectionString },
  });
  return Number(stdout.trim());
}

const refusal = (says: RegExp) => (error: unknown) =>
  error instanceof Problem && error.code === 'unavailable' && says.test(error.message);

test('the migrations are numbered from one without a gap', async () => {
  const migrations = await readMigrations();
  assert.deepEqual(
    migrations.map((migration) => migration.version),
    migrations.map((_, index) => index + 1),
  );
});

test('an empty database is brought to the newest version, and a second time nothing is done', async (t) => {
  const { pool } = await testDatabase(t, { empty: true });
  const migrations = await readMigrations();
  assert.equal(await migrate(pool), migrations.length);
  assert.equal(await schemaVersion(new Session(pool)), migrations.length);
  const before = [await dumpSchema(pool), await takeSnapshot(pool)];
  assert.equal(await migrate(pool), 0);
  assert.deepEqual([await dumpSchema(pool), await takeSnapshot(pool)], before);
});

test('a database of any former version is brought to the same schema', async (t) => {
  const { pool: whole } = await testDatabase(t, { empty: true });
  await migrate(whole);
  const expected = await dumpSchema(whole);
  const { pool } = await testDatabase(t, { empty: true });
  for (const { version } of await readMigrations()) {
    assert.equal(await migrate(pool, version), 1);
    assert.equal(await schemaVersion(new Session(pool)), version);
  }
  assert.equal(await dumpSchema(pool), expected);
});

test('of three processes that start at once one migrates and the others wait for it', async (t) => {
  const { connectionString, pool } = await testDatabase(t, { empty: true });
  const counts = await Promise.all([1, 2, 3].map(() => migrateElsewhere(connectionString)));
  const { length } = await readMigrations();
  assert.deepEqual(
    counts.toSorted((a, b) => a - b),
    [0, 0, length],
  );
  const { rows } = await pool.query<{ count: number }>('select count(*) from schema_migration');
  assert.equal(rows[0]?.count, length);
});

test('a schema that is newer than the program is refused and left as it is', async (t) => {
  const { pool } = await testDatabase(t);
  await pool.query(
    `insert into schema_migration (version, name, checksum) values (9999, '9999_from_the_future.sql', 'x')`,
  );
  const before = await takeSnapshot(pool);
  await assert.rejects(migrate(pool), refusal(/9999.*newer/));
  assert.deepEqual(await takeSnapshot(pool), before);
});

test('a migration that is not the one the database was made with is refused by name', async (t) => {
  const { pool } = await testDatabase(t);
  await pool.query(`update schema_migration set checksum = 'another' where version = 3`);
  await assert.rejects(migrate(pool), refusal(/0003_/));
});

test('a migration that fails leaves the version before it, and can be tried again', async (t) => {
  const { pool } = await testDatabase(t, { empty: true });
  await migrate(pool, 2);
  const before = await dumpSchema(pool);
  await pool.query('create table hold (in_the_way integer)');
  await assert.rejects(migrate(pool));
  assert.equal(await schemaVersion(new Session(pool)), 2);
  await pool.query('drop table hold');
  assert.equal(await dumpSchema(pool), before, 'nothing of the third migration is left');
  assert.equal(await migrate(pool), (await readMigrations()).length - 2);
});

test('the limit on statements holds again on the connection that migrated', async (t) => {
  const { pool } = await testDatabase(t, { empty: true });
  await migrate(pool);
  const { rows } = await pool.query<{ statement_timeout: string }>('show statement_timeout');
  assert.deepEqual(rows, [{ statement_timeout: '30s' }]);
});
