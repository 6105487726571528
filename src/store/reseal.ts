/** Seals everything anew with another secret key: all of it in one transaction, or nothing. */
import { sql } from 'kysely';
import pg from 'pg';

import { NO_TIMEOUTS } from '#store/backup-catalogue.ts';
import { borrowConnection } from '#store/borrow-connection.ts';
import { Session } from '#store/database.ts';
import { READ_BY_KEY, SEALED_COLUMNS, listSealed, writeSealed } from '#store/sealed-columns.ts';
import { makeSealingKey, open, seal } from '#store/sealing.ts';

export interface ResealOptions {
  readonly from: Buffer;
  readonly to: Buffer;
  /** The role whose password changes with the key, and what PostgreSQL is to keep of the password. */
  readonly role: { readonly name: string; readonly verifier: string } | null;
  /** Called when everything is written and nothing committed. */
  readonly beforeCommit?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Answers how many values of each column were sealed anew, by `table.column`. Throws `SealError`. */
export function reseal(pool: pg.Pool, options: ResealOptions): Promise<ReadonlyMap<string, number>> {
  const [from, to] = [makeSealingKey(options.from), makeSealingKey(options.to)];
  return borrowConnection(pool, options.signal, async (client) => {
    const session = new Session(client);
    await client.query('begin');
    await client.query(NO_TIMEOUTS);
    await client.query(READ_BY_KEY);
    // The key in the file is replaced as soon as this is committed: a power cut must not take the commit back.
    await client.query('set local synchronous_commit to on');
    // Whoever starts meanwhile waits here, and then learns which key is in force.
    await session.rows(sql`select from installation for update`);
    const counts = new Map<string, number>();
    for (const target of SEALED_COLUMNS) {
      const { table, column } = target;
      await session.rows(sql`lock table ${sql.table(table)} in share row exclusive mode`);
      let count = 0;
      for await (const page of listSealed(session, target)) {
        const values = page.map(({ row, sealed }) => {
          const place = { table, column, row };
          return { row, sealed: seal(to, place, open(from, place, sealed)) };
        });
        await writeSealed(session, target, values);
        count += values.length;
      }
      counts.set(`${table}.${column}`, count);
    }
    if (options.role !== null) {
      const { name, verifier } = options.role;
      await client.query(`alter role ${pg.escapeIdentifier(name)} password ${pg.escapeLiteral(verifier)}`);
    }
    await options.beforeCommit?.();
    await client.query('commit');
    return counts;
  });
}
