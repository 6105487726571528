/** Who else is connected to the database: an Abeyance on another machine knows nothing of the lock of a data folder. */
import type pg from 'pg';

import { problem } from '#core/problem.ts';

/** Throws `conflict` when another Abeyance is connected. The pool must have one connection only. */
export async function refuseOtherSessions(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ host: string | null }>(
    `select host(client_addr) as host from pg_stat_activity
      where datname = current_database() and application_name = 'abeyance' and pid <> pg_backend_pid()`,
  );
  const [other] = rows;
  if (other !== undefined)
    throw problem(
      'conflict',
      `Another Abeyance (from ${other.host ?? 'this machine'}) is connected to the database; stop it first.`,
    );
}
