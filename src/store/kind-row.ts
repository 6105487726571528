/**
 * The typed columns of each kind, written and read by the declaration of its fields. Sealed ones are sealed on the way in
 * and opened on the way out.
 */
import { sql } from 'kysely';

import { type Fields, type Json, type Values, columnOf } from '#core/field.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import type { Kind } from '#core/kind.ts';
import { erasedValue } from '#core/personal.ts';
import type { Session } from '#store/database.ts';
import { type SealingKey, open, seal } from '#store/sealing.ts';
import type { Transaction } from '#store/transaction.ts';

/** Inserts the rows of one kind; references are numbers by now. */
export async function insertKindRows(
  transaction: Transaction,
  key: SealingKey,
  kind: Kind,
  rows: readonly { readonly id: number; readonly values: Values }[],
): Promise<void> {
  // What is null is left out: it is half of a row, and absent means the same.
  const json = JSON.stringify(rows.map(({ id, values }) => asColumns(key, kind, id, values, { entity_id: id }, false)));
  await transaction.rows(
    sql`insert into ${sql.table(kind)} select * from jsonb_populate_recordset(null::${sql.table(kind)}, ${json}::jsonb)`,
  );
}

/** Writes some of an entity's fields. */
export async function updateKindRow(
  transaction: Transaction,
  key: SealingKey,
  kind: Kind,
  id: number,
  values: Values,
): Promise<void> {
  const columns = asColumns(key, kind, id, values, {}, true);
  const names = Object.keys(columns);
  if (names.length === 0) return;
  const assignments = names.map((name) => sql`${sql.ref(name)} = n.${sql.ref(name)}`);
  await transaction.rows(
    sql`update ${sql.table(kind)} t set ${sql.join(assignments)}
      from jsonb_populate_record(null::${sql.table(kind)}, ${JSON.stringify(columns)}::jsonb) n where t.entity_id = ${id}`,
  );
}

/** The fields of entities of one kind, references as numbers. Secrets only for whoever brings the key of the sealed ones. */
export async function readKindRows(
  session: Session,
  kind: Kind,
  ids: readonly number[],
  secretsWith: SealingKey | null = null,
): Promise<Map<number, Values>> {
  const rows = await session.rows(
    sql<{
      row: Record<string, Json>;
      is_erased: boolean;
    }>`select to_jsonb(t) as row, e.erased_at is not null as is_erased
      from ${sql.table(kind)} t join entity e on e.id = t.entity_id where t.entity_id = any (${[...ids]}::bigint[])`,
  );
  return new Map(
    rows.map(({ row, is_erased }) => [Number(row['entity_id']), asFields(kind, row, secretsWith, is_erased)]),
  );
}

interface Column {
  readonly column: string;
  readonly isSealed: boolean;
}

/** The column of each field, worked out once: an import asks for some twenty in each row. */
const COLUMNS: ReadonlyMap<string, ReadonlyMap<string, Column>> = new Map(
  Object.entries(KIND_FIELDS).map(([kind, fields]) => [
    kind,
    new Map(
      Object.entries(fields).map(([name, field]) => [
        name,
        { column: columnOf(name, field), isSealed: field.sealed === true },
      ]),
    ),
  ]),
);

/** Adds the values to a row under the names of their columns. */
function asColumns(
  key: SealingKey,
  kind: Kind,
  id: number,
  values: Values,
  row: Record<string, Json>,
  withNulls: boolean,
): Record<string, Json> {
  const columns = COLUMNS.get(kind);
  for (const [name, value] of Object.entries(values)) {
    const found = columns?.get(name);
    if (found === undefined) throw new Error(`no field ${name}`);
    const { column, isSealed } = found;
    if (value === null) {
      if (withNulls) row[column] = null;
    } else row[column] = isSealed ? asBytea(seal(key, { table: kind, column, row: id }, String(value))) : value;
  }
  return row;
}

/** Of what was erased nothing personal is read, even while it is stored. */
function asFields(kind: Kind, row: Record<string, Json>, secretsWith: SealingKey | null, isErased: boolean): Values {
  const values: Values = {};
  const fields: Fields = KIND_FIELDS[kind];
  for (const [name, field] of Object.entries(fields)) {
    if (field.secret && secretsWith === null) continue;
    if (isErased && (field.personal === true || field.secret === true)) {
      values[name] = erasedValue(field);
      continue;
    }
    const column = columnOf(name, field);
    const value = row[column] ?? null;
    values[name] =
      field.sealed && value !== null && secretsWith !== null
        ? open(secretsWith, { table: kind, column, row: Number(row['entity_id']) }, fromBytea(String(value)))
        : value;
  }
  return values;
}

/** The form in which PostgreSQL reads and writes bytes in JSON. */
function asBytea(bytes: Buffer): string {
  return `\\x${bytes.toString('hex')}`;
}

function fromBytea(text: string): Buffer {
  return Buffer.from(text.slice(2), 'hex');
}

/** Overwrites what is personal or secret in the rows of erased entities. */
export async function eraseKindRows(transaction: Transaction, kind: Kind, ids: readonly number[]): Promise<void> {
  const columns: Record<string, Json> = {};
  for (const [name, field] of Object.entries(KIND_FIELDS[kind]))
    if (field.personal === true || field.secret === true) columns[columnOf(name, field)] = erasedValue(field);
  const assignments = Object.keys(columns).map((name) => sql`${sql.ref(name)} = n.${sql.ref(name)}`);
  if (assignments.length === 0) return;
  await transaction.rows(
    sql`update ${sql.table(kind)} t set ${sql.join(assignments)}
      from jsonb_populate_record(null::${sql.table(kind)}, ${JSON.stringify(columns)}::jsonb) n
      where t.entity_id = any (${[...ids]}::bigint[])`,
  );
}
