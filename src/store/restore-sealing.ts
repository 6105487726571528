/** What becomes of sealed values when a backup is restored beside another secret key than the one that sealed them. */
import { sql } from 'kysely';
import type pg from 'pg';

import { replaceChainSecret } from '#store/chain-secret.ts';
import { Session } from '#store/database.ts';
import { CHAIN_SECRET, SEALED_COLUMNS, type SealedColumn } from '#store/sealed-columns.ts';

/** Empties what nobody can open here, and gives the log another secret. Answers how many values were lost. */
export async function forgetSealed(client: pg.ClientBase, secret: Buffer): Promise<number> {
  const session = new Session(client);
  let lost = 0;
  for (const target of SEALED_COLUMNS) {
    if (target === CHAIN_SECRET || !(await isThere(session, target))) continue;
    const { table, column } = target;
    const row = await session.row(
      sql<{ count: number }>`with emptied as (
          update ${sql.table(table)} set ${sql.ref(column)} = null where ${sql.ref(column)} is not null returning 1
        ) select count(*)::integer as count from emptied`,
    );
    lost += row?.count ?? 0;
  }
  if (await isThere(session, CHAIN_SECRET)) await replaceChainSecret(session, secret);
  return lost;
}

/** An older schema has fewer sealed columns, and what was not sealed then can be read. */
async function isThere(session: Session, { table, column }: SealedColumn): Promise<boolean> {
  const found = await session.row(
    sql`select from pg_attribute where attrelid = to_regclass(${table}) and attname = ${column}
      and atttypid = 'bytea'::regtype and not attisdropped`,
  );
  return found !== null;
}
