/** Lets time pass for the reconciler without waiting: every time that it goes by moves back in the database. */
import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';

/** The tables that hold times by which something is done later. */
const TABLES = ['target', 'system', 'system_slot', 'worker'];
/** Shorter than the time after which the database looks for a deadlock: whoever else waits is never its victim. */
const LOCK_MS = 200;
const ATTEMPTS_MAX = 200;
const LOCK_NOT_AVAILABLE = '55P03';

const clock = performance.now.bind(performance);
let passedMs = 0;

interface Column {
  readonly table: string;
  readonly columns: readonly string[];
}

/**
 * Moves all times in the tables of the reconciler back by so many milliseconds, in one transaction, and the clock of this process
 * forward, by which workers know how long they may rely on what they have leased. Requests that are on their way do not age;
 * whoever relies on how long they may last lets them end before.
 */
export async function passTime(pool: pg.Pool, ms: number): Promise<void> {
  const { rows } = await pool.query<Column>(
    `select table_name as "table", array_agg(column_name::text order by column_name) as columns
      from information_schema.columns
      where table_schema = 'public' and data_type = 'timestamp with time zone' and table_name = any ($1) group by table_name`,
    [TABLES],
  );
  for (let attempt = 1; ; attempt++)
    try {
      await moveBack(pool, rows, ms);
      passedMs += ms;
      performance.now = () => clock() + passedMs;
      return;
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE;
      if (!isTaken || attempt === ATTEMPTS_MAX) throw error;
      await sleep(attempt); // Somebody is in the middle of something.
    }
}

async function moveBack(pool: pg.Pool, tables: readonly Column[], ms: number): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`begin; set local lock_timeout = ${LOCK_MS}`);
    for (const { table, columns } of tables) {
      const changes = columns.map((column) => `"${column}" = "${column}" - make_interval(secs => $1)`);
      await client.query(`update "${table}" set ${changes.join(', ')}`, [ms / 1_000]);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}
