/** What an account used, summed up from its records by day, month, year or all in one. Days are those of UTC. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';

export interface UsageRow {
  /** Null: all in one. */
  readonly period: Date | null;
  readonly count: number;
  readonly seconds: number;
  readonly price: string;
  readonly price_unit: string | null;
}

export interface UsageQuery {
  readonly account: number;
  readonly of: 'call' | 'message';
  readonly by: 'day' | 'month' | 'year' | null;
  readonly since: Date | null;
  /** Excluded. */
  readonly until: Date | null;
}

export function sumUsage(session: Session, { account, of, by, since, until }: UsageQuery): Promise<UsageRow[]> {
  const table = sql.table(of === 'call' ? 'call_record' : 'message_record');
  const at = of === 'call' ? sql`coalesce(r.started_at, r.created_at)` : sql`coalesce(r.sent_at, r.created_at)`;
  const seconds = of === 'call' ? sql`coalesce(sum(r.duration), 0)::bigint` : sql`0::bigint`;
  const period = by === null ? sql`null::timestamptz` : sql`date_trunc(${by}, ${at}, 'UTC')`;
  return session.rows(
    sql<UsageRow>`select u.period, sum(u.count)::bigint as count, sum(u.seconds)::bigint as seconds, sum(u.price)::text as price,
        max(u.price_unit) as price_unit
      from (
        select ${period} as period, count(*) as count, ${seconds} as seconds, coalesce(sum(r.price), 0) as price,
          max(r.price_unit) as price_unit
        from ${table} r where r.account_id = ${account}
          and (${since}::timestamptz is null or ${at} >= ${since}::timestamptz)
          and (${until}::timestamptz is null or ${at} < ${until}::timestamptz)
        group by 1
      ) u group by u.period order by u.period`,
  );
}
