/** How much there is in a database: the revision, and the rows of every table but that of failed sign-ins, which count. */
import type pg from 'pg';

export interface Snapshot {
  readonly revision: number;
  readonly rows: Readonly<Record<string, number>>;
}

export async function takeSnapshot(pool: pg.Pool): Promise<Snapshot> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'sign_in_attempt' order by 1`,
  );
  const counts = tables.map(
    ({ name }) => `(select count(*) from ${name}) as ${name.startsWith('"') ? name : `"${name}"`}`,
  );
  const { rows } = await pool.query<Record<string, number>>(`select ${counts.join(', ')}`);
  const { rows: counter } = await pool.query<{ revision: number }>('select revision from change_counter');
  return { revision: counter[0]?.revision ?? -1, rows: rows[0] ?? {} };
}
