/** How many calls there are of each status, of the whole installation. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';

export interface CallCount {
  readonly status: string;
  readonly direction: string;
  readonly count: number;
}

export function countCallsByStatus(session: Session): Promise<CallCount[]> {
  return session.rows(
    sql<CallCount>`select status, direction, count(*) as count from call_record group by status, direction`,
  );
}

/** How many messages there are by where they go. */
export function countMessagesByDirection(session: Session): Promise<Omit<CallCount, 'status'>[]> {
  return session.rows(
    sql<Omit<CallCount, 'status'>>`select direction, count(*) as count from message_record group by direction`,
  );
}
