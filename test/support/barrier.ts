/**
 * Barriers for races between real operations: a writer is held back at its commit, and who waits for what is read from
 * the database itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import type { TestDatabase } from './database.ts';

const LOOK_AGAIN_MS = 5;
/** Only a test that hangs waits so long. */
const PATIENCE_MS = 60_000;

/** Waits until a condition holds. */
export async function waitUntil(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await sleep(LOOK_AGAIN_MS); // Until the state is there, which the next look tells.
  }
}

export interface Barrier {
  /** Waits until so many writers are held back here, or by one of those. */
  held(count: number): Promise<void>;
  /** Waits until so many wait for the right to shape the tree, or to create while others shape it. */
  waitingForShape(count: number): Promise<void>;
  /** Lets everybody go on. */
  open(): Promise<void>;
}

/** Holds every writer back at the number of its first change: all its rows are written, all its locks are held. */
export function holdCommits(database: Pick<TestDatabase, 'connectionString'>): Promise<Barrier> {
  return holdBack(database, 'select from change_counter for update');
}

/** Holds back whoever needs what a statement locks, as long as it is not undone. */
export async function holdBack(database: Pick<TestDatabase, 'connectionString'>, statement: string): Promise<Barrier> {
  const { connectionString } = database;
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(`begin; ${statement}`);
  // Apart, because within one transaction the activity of others is read only once.
  const watcher = new pg.Client({ connectionString });
  await watcher.connect();
  const count = async (condition: string): Promise<number> => {
    const { rows } = await watcher.query<{ count: string }>(
      `select count(distinct a.pid) from pg_stat_activity a join pg_locks l on l.pid = a.pid and not l.granted
        where a.datname = current_database() and a.wait_event_type = 'Lock' and ${condition}`,
    );
    return Number(rows[0]?.count);
  };
  return {
    held: (wanted) =>
      waitUntil(`${wanted} writers are held`, async () => (await count(`l.locktype <> 'advisory'`)) >= wanted),
    waitingForShape: (wanted) =>
      waitUntil(`${wanted} writers wait`, async () => (await count(`l.locktype = 'advisory'`)) >= wanted),
    open: async () => {
      await client.query('rollback');
      await client.end();
      await watcher.end();
    },
  };
}
