/**
 * The typed columns of each kind, written and read by the declaration of its fields.
 */
import { sql } from 'kysely';

import { type Fields, type Json, type Values, columnOf } from '#core/field.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import type { Kind } from '#core/kind.ts';
import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

/** Inserts the rows of one kind; references are numbers by now. */
export async function insertKindRows(
  transaction: Transaction,
  kind: Kind,
  rows: readonly { readonly id: number; readonly values: Values }[],
): Promise<void> {
  const fields = KIND_FIELDS[kind];
  const json = JSON.stringify(rows.map(({ id, values }) => ({ entity_id: id, ...asColumns(fields, values) })));
  await transaction.rows(
    sql`insert into ${sql.table(kind)} select * from jsonb_populate_recordset(null::${sql.table(kind)}, ${json}::jsonb)`,
  );
}

/** Writes some of an entity's fields. */
export async function updateKindRow(transaction: Transaction, kind: Kind, id: number, values: Values): Promise<void> {
  const columns = asColumns(KIND_FIELDS[kind], values);
  const names = Object.keys(columns);
  if (names.length === 0) return;
  const assignments = names.map((name) => sql`${sql.ref(name)} = n.${sql.ref(name)}`);
  await transaction.rows(
    sql`update ${sql.table(kind)} t set ${sql.join(assignments)}
      from jsonb_populate_record(null::${sql.table(kind)}, ${JSON.stringify(columns)}::jsonb) n where t.entity_id = ${id}`,
  );
}

/** The fields of entities of one kind, references as numbers. Secrets only when asked for. */
export async function readKindRows(
  session: Session,
  kind: Kind,
  ids: readonly number[],
  secrets = false,
): Promise<Map<number, Values>> {
  const fields = KIND_FIELDS[kind];
  const rows = await session.rows(
    sql<{ row: Record<string, Json> }>`select to_jsonb(t) as row from ${sql.table(kind)} t where t.entity_id = any (${[...ids]}::bigint[])`,
  );
  return new Map(rows.map(({ row }) => [Number(row['entity_id']), asFields(fields, row, secrets)]));
}

function asColumns(fields: Fields, values: Values): Record<string, Json> {
  const columns: Record<string, Json> = {};
  for (const [name, value] of Object.entries(values)) {
    const field = fields[name];
    if (field === undefined) throw new Error(`no field ${name}`);
    columns[columnOf(name, field)] = value;
  }
  return columns;
}

function asFields(fields: Fields, row: Record<string, Json>, secrets: boolean): Values {
  const values: Values = {};
  for (const [name, field] of Object.entries(fields)) {
    if (field.secret && !secrets) continue;
    values[name] = row[columnOf(name, field)] ?? null;
  }
  return values;
}
