/** Values that an earlier version stored as they were, and that a migration has put aside to be sealed. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';
import { SEALED_COLUMNS, type SealedColumn, writeSealed } from '#store/sealed-columns.ts';
import { type SealingKey, seal } from '#store/sealing.ts';

const PAGE = 1_000;

/** Seals what waits for it; within a transaction that nobody else seals in. Answers how many values there were. */
export async function sealUnsealed(session: Session, key: SealingKey): Promise<number> {
  let count = 0;
  for (const target of SEALED_COLUMNS) {
    const { table, column } = target;
    for await (const page of listUnsealed(session, target)) {
      const values = page.map(({ row, value }) => ({ row, sealed: seal(key, { table, column, row }, value) }));
      await writeSealed(session, target, values);
      count += page.length;
    }
    await session.rows(sql`delete from unsealed where place_table = ${table} and place_column = ${column}`);
  }
  return count;
}

interface Unsealed {
  readonly row: string;
  readonly value: string;
}

async function* listUnsealed(session: Session, { table, column }: SealedColumn): AsyncGenerator<readonly Unsealed[]> {
  for (let last = ''; ;) {
    const page: Unsealed[] = await session.rows(
      sql<Unsealed>`select row_id as row, value from unsealed
        where place_table = ${table} and place_column = ${column} and row_id > ${last} order by row_id limit ${PAGE}`,
    );
    if (page.length > 0) yield page;
    last = page.at(-1)?.row ?? '';
    if (page.length < PAGE) return;
  }
}
