/** Who else is connected to the database: an Abeyance on another machine knows nothing of the lock of a data folder. */
import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';

import { problem } from '#core/problem.ts';

/** A session outlives by a moment the process that has just been stopped. */
const LOOKS_MAX = 10;
const LOOK_AGAIN_MS = 100;

/** Throws `conflict` when another Abeyance is connected. The pool must have one connection only. */
export async function refuseOtherSessions(pool: pg.Pool): Promise<void> {
  for (let look = 1; ; look++) {
    const { rows } = await pool.query<{ host: string | null }>(
      `select host(client_addr) as host from pg_stat_activity
        where datname = current_database() and application_name = 'abeyance' and pid <> pg_backend_pid()`,
    );
    const [other] = rows;
    if (other === undefined) return;
    if (look === LOOKS_MAX)
      throw problem(
        'conflict',
        `Another Abeyance (from ${other.host ?? 'this machine'}) is connected to the database; stop it first.`,
      );
    await sleep(LOOK_AGAIN_MS); // Until the server has noticed that the other one is gone, which it tells nobody.
  }
}
