/**
 * Every column whose values are sealed, so that a rotation of the secret key can forget none. Such a column is `bytea`,
 * may be null, and its comment begins with "Sealed:"; a test compares this list with the schema.
 */
import { sql } from 'kysely';

import { columnOf } from '#core/field.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import type { Session } from '#store/database.ts';

export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** The column whose value is the row of the place: the table's key. */
  readonly row: string;
  readonly rowType: 'bigint' | 'uuid' | 'text';
}

export const CHAIN_SECRET: SealedColumn = {
  table: 'installation',
  column: 'chain_secret_sealed',
  row: 'id',
  rowType: 'uuid',
};

export const SEALED_COLUMNS: readonly SealedColumn[] = [
  CHAIN_SECRET,
  { table: 'system', column: 'secrets_sealed', row: 'uuid', rowType: 'uuid' },
  { table: 'api_key', column: 'token_sealed', row: 'id', rowType: 'uuid' },
  ...Object.entries(KIND_FIELDS).flatMap(([table, fields]) =>
    Object.entries(fields)
      .filter(([, field]) => field.sealed)
      .map(([name, field]): SealedColumn => {
        return { table, column: columnOf(name, field), row: 'entity_id', rowType: 'bigint' };
      }),
  ),
];

/** For transactions that write many: without it a table that was never analysed is read whole for each page. */
export const READ_BY_KEY =
  'set local enable_seqscan to off; set local enable_bitmapscan to off; set local enable_hashjoin to off';

export interface SealedValue {
  readonly row: string;
  readonly sealed: Buffer;
}

const PAGE = 1_000;

/** Every sealed value of a column, in pages. What the caller writes meanwhile does not come twice. */
export async function* listSealed(
  session: Session,
  { table, column, row, rowType }: SealedColumn,
): AsyncGenerator<readonly SealedValue[]> {
  for (let last: string | null = null; ;) {
    const after = last === null ? sql`true` : sql`${sql.ref(row)} > ${last}::${sql.raw(rowType)}`;
    const page: SealedValue[] = await session.rows(
      sql<SealedValue>`select ${sql.ref(row)}::text as row, ${sql.ref(column)} as sealed from ${sql.table(table)}
        where ${sql.ref(column)} is not null and ${after} order by ${sql.ref(row)} limit ${PAGE}`,
    );
    if (page.length > 0) yield page;
    last = page.at(-1)?.row ?? null;
    if (page.length < PAGE) return;
  }
}

export async function writeSealed(
  session: Session,
  { table, column, row, rowType }: SealedColumn,
  values: readonly SealedValue[],
): Promise<void> {
  await session.rows(
    sql`update ${sql.table(table)} t set ${sql.ref(column)} = v.sealed
      from unnest(${values.map((value) => value.row)}::text[], ${values.map((value) => value.sealed)}::bytea[]) v (row, sealed)
      where t.${sql.ref(row)} = v.row::${sql.raw(rowType)}`,
  );
}
