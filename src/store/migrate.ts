/**
 * Brings the schema to the version of this program: numbered files, forward only, each in a transaction of its own.
 *
 * Several processes may start at once: one migrates, the others wait. A schema newer than the program is refused.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

import { sql } from 'kysely';
import type pg from 'pg';

import { problem } from '#core/problem.ts';
import type { Session } from '#store/database.ts';

const FOLDER = new URL('../../db/migrations/', import.meta.url);
const MIGRATION_LOCK = 4_266_600;

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

/** The migrations that this program has, in order. */
export async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => /^\d{4}_[a-z_0-9]+\.sql$/.test(name)).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(new URL(name, FOLDER), 'utf8');
      return {
        version: Number(name.slice(0, 4)),
        name,
        text,
        checksum: createHash('sha256').update(text).digest('hex'),
      };
    }),
  );
}

/** Applies what is missing, up to the given version or the newest. Answers how many were applied. */
export async function migrate(pool: pg.Pool, upTo = Number.POSITIVE_INFINITY): Promise<number> {
  const migrations = (await readMigrations()).filter((migration) => migration.version <= upTo);
  const client = await pool.connect();
  // While it is lent, a connection that breaks tells nobody else; the query that runs fails by itself.
  const onError = () => {};
  client.on('error', onError);
  try {
    // Whoever waits for another's migration, or migrates a large table, needs longer than any request may.
    await client.query('set statement_timeout = 0');
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(`create table if not exists schema_migration (
      version integer not null,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now(),
      constraint schema_migration_pkey primary key (version)
    )`);
    const { rows } = await client.query<{ version: number; checksum: string }>(
      'select version, checksum from schema_migration order by version',
    );
    const applied = new Map(rows.map((row) => [row.version, row.checksum]));
    refuseForeignSchema(migrations, applied, upTo);
    let count = 0;
    for (const migration of migrations) {
      if (applied.has(migration.version)) continue;
      await client.query('begin');
      await client.query(migration.text);
      await client.query('insert into schema_migration (version, name, checksum) values ($1, $2, $3)', [
        migration.version,
        migration.name,
        migration.checksum,
      ]);
      await client.query('commit');
      count++;
    }
    return count;
  } catch (error) {
    await client.query('rollback').catch(() => {}); // The first error is the one that matters.
    throw error;
  } finally {
    await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => {}); // Ends with the session anyway.
    await client.query('reset statement_timeout').catch(() => {}); // A broken connection is not lent again.
    client.off('error', onError);
    client.release();
  }
}

function refuseForeignSchema(
  migrations: readonly Migration[],
  applied: ReadonlyMap<number, string>,
  upTo: number,
): void {
  const newest = migrations.at(-1)?.version ?? 0;
  for (const [version, checksum] of applied) {
    if (version > newest && upTo === Number.POSITIVE_INFINITY)
      throw problem(
        'unavailable',
        `The database has schema version ${version}, this program knows ${newest}: start the newer Abeyance that made it.`,
      );
    const known = migrations.find((migration) => migration.version === version);
    if (known !== undefined && known.checksum !== checksum)
      throw problem('unavailable', `Migration ${known.name} is not the one that the database was made with.`);
  }
}

/** The version of the schema as it is. */
export async function schemaVersion(session: Session): Promise<number> {
  const row = await session.row(
    sql<{ version: number }>`select coalesce(max(version), 0) as version from schema_migration`,
  );
  return row?.version ?? 0;
}
