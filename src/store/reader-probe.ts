/** Whether a role of a server sees that something is held: tried with a hold that nobody else ever sees. */
import { sql } from 'kysely';
import pg from 'pg';

import { borrowConnection } from '#store/borrow-connection.ts';
import { Session } from '#store/database.ts';
import { readerName } from '#store/reader.ts';

export interface ReaderProbe {
  /** Whether the hold, and nothing but it, took away what its profile denies. */
  readonly isRefused: boolean;
  readonly profile: string;
}

/**
 * Holds the account with the lowest number below the platform, asks as the role what every view asks, and takes all of
 * it back. Null where there is no account yet. Throws where this session may not act as the role.
 */
export function probeReader(pool: pg.Pool, server: string): Promise<ReaderProbe | null> {
  return borrowConnection(pool, undefined, async (client) => {
    const session = new Session(client);
    await client.query('begin');
    try {
      const probed = await session.row(
        sql<{ entity: number; profile: string; denied: number }>`
          with chosen as (
            select e.id, p.name, p.denied from profile p cross join lateral (
              select e.id from entity e where e.kind = 'account' and e.id > 0 and e.closed_at is null order by e.id limit 1
            ) e order by p.denied desc, p.name limit 1
          ), held as (
            insert into hold (entity_id, profile, authority, authority_rank, source, placed_by, activated_at)
            select id, name, 'platform', 0, 'doctor', 'system:doctor', now() from chosen
          )
          select id as entity, name as profile, denied from chosen`,
      );
      if (probed === null) return null;
      await client.query(`set local role ${pg.escapeIdentifier(readerName(server))}`);
      const seen = await session.row(
        sql<{ denied: number }>`select denied from restrictions(${probed.entity}::bigint)`,
      );
      return { profile: probed.profile, isRefused: ((seen?.denied ?? 0) & probed.denied) === probed.denied };
    } finally {
      await client.query('rollback');
    }
  });
}
