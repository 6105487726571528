/**
 * What the catalogue of the database knows of our tables: everything that a backup carries, found and not listed, so
 * that no later table can be forgotten.
 */
import pg from 'pg';

import type { Partition, TableSection } from '#store/backup-format.ts';

/** How the values of COPY read the same on every server and under every setting. */
export const PLAIN_VALUES = `set local datestyle to 'ISO, YMD'; set local intervalstyle to 'postgres';
  set local timezone to 'UTC'; set local extra_float_digits to 1; set local bytea_output to 'hex'`;

/** A copy takes as long as it takes, and so does whoever reads it. */
export const NO_TIMEOUTS = `set local statement_timeout to 0; set local lock_timeout to 0;
  set local idle_in_transaction_session_timeout to 0`;

interface TableRow {
  readonly table: string;
  readonly columns: string[];
  readonly sequences: { column: string; sequence: string }[];
  readonly partitions: Partition[];
}

/** A partition goes with its parent; what an extension made comes back with the extension. */
const TABLES = `
  select c.relname as "table",
    array(select a.attname::text from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      order by a.attnum) as columns,
    (select coalesce(jsonb_agg(jsonb_build_object('column', s.attname, 'sequence', s.sequence)), '[]')
      from (select a.attname, pg_get_serial_sequence(quote_ident(current_schema()) || '.' || quote_ident(c.relname), a.attname) as sequence
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) s
      where s.sequence is not null) as sequences,
    (select coalesce(jsonb_agg(jsonb_build_object('name', p.relname, 'bounds', pg_get_expr(p.relpartbound, p.oid),
        'comment', obj_description(p.oid, 'pg_class')) order by p.relname), '[]')
      from pg_inherits i join pg_class p on p.oid = i.inhrelid
      where i.inhparent = c.oid and p.relispartition and pg_get_expr(p.relpartbound, p.oid) <> 'DEFAULT') as partitions
  from pg_class c
  where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname <> 'schema_migration'
    and not exists (select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by c.relname`;

/** Every table of the schema but the one of the migrations, by name. */
export async function listTables(client: pg.ClientBase): Promise<TableSection[]> {
  const { rows } = await client.query<TableRow>(TABLES);
  const tables: TableSection[] = [];
  for (const { table, columns, sequences, partitions } of rows) {
    const next: Record<string, string> = {};
    for (const { column, sequence } of sequences) next[column] = await nextOf(client, sequence);
    tables.push({ table, columns, sequences: next, partitions });
  }
  return tables;
}

/** `sequence` is a name as the catalogue gives it, quoted where it must be. */
async function nextOf(client: pg.ClientBase, sequence: string): Promise<string> {
  const { rows } = await client.query<{ next: string }>(
    `select (s.last_value + case when s.is_called then q.seqincrement else 0 end)::text as next
      from ${sequence} s, pg_sequence q where q.seqrelid = ${pg.escapeLiteral(sequence)}::regclass`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`the sequence ${sequence} has no row`);
  return row.next;
}

/** The last migration of the database; null when it was never migrated. */
export async function findSchemaVersion(client: pg.ClientBase): Promise<number | null> {
  const { rows: found } = await client.query(`select from pg_class
    where relname = 'schema_migration' and relnamespace = current_schema()::regnamespace`);
  if (found.length === 0) return null;
  const { rows } = await client.query<{ version: number | null }>(
    'select max(version) as version from schema_migration',
  );
  return rows[0]?.version ?? null;
}

/** Names for a statement. */
export function quoted(names: readonly string[]): string {
  return names.map((name) => pg.escapeIdentifier(name)).join(', ');
}
