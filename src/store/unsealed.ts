/** Values that an earlier version stored as they were, and that a migration has put aside to be sealed. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';
import { SEALED_COLUMNS, writeSealed } from '#store/sealed-columns.ts';
import { type SealingKey, seal } from '#store/sealing.ts';

const PAGE = 1_000;

/** Seals what waits for it; within a transaction. Answers how many values there were. */
export async function sealUnsealed(session: Session, key: SealingKey): Promise<number> {
  let count = 0;
  for (const target of SEALED_COLUMNS) {
    const { table, column } = target;
    for (
      let page = await takePage(session, table, column);
      page.length > 0;
      page = await takePage(session, table, column)
    ) {
      const values = page.map(({ row, value }) => ({ row, sealed: seal(key, { table, column, row }, value) }));
      await writeSealed(session, target, values);
      count += page.length;
    }
  }
  return count;
}

function takePage(session: Session, table: string, column: string): Promise<{ row: string; value: string }[]> {
  return session.rows(
    sql<{ row: string; value: string }>`delete from unsealed u using (
        select row_id from unsealed where place_table = ${table} and place_column = ${column} order by row_id limit ${PAGE}
      ) p where u.place_table = ${table} and u.place_column = ${column} and u.row_id = p.row_id
      returning u.row_id as row, u.value`,
  );
}
