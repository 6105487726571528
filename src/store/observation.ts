/** What servers refused, as rows: counted up, found by page, swept. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

export interface Counted {
  readonly minute: Date;
  /** Null: nobody whom the reporter may know. */
  readonly entityId: number | null;
  readonly action: string;
  readonly source: string;
  readonly effect: 'deny' | 'intercept';
  readonly profile: string | null;
  readonly code: number | null;
  readonly count: number;
}

export interface ObservationRow {
  readonly minute: Date;
  readonly id: number;
  readonly entity_id: number | null;
  readonly entity_uuid: string | null;
  readonly label: string | null;
  /** The nearest account that contains the subject, or is it. */
  readonly account_uuid: string | null;
  readonly action: string;
  readonly source: string;
  readonly effect: 'deny' | 'intercept';
  readonly profile: string | null;
  readonly code: number | null;
  readonly count: number;
}

export interface ObservationFilter {
  /** Beneath these all, what their accounts own elsewhere included; none: everything, the unknown too. */
  readonly beneath: readonly number[];
  readonly entity: number | undefined;
  readonly action: string | undefined;
  readonly since: Date | null;
  readonly until: Date | null;
  /** Older than this row, in the order of the list. */
  readonly before: { readonly minute: Date; readonly id: number } | null;
  readonly limit: number;
}

export interface FoundObservations {
  readonly rows: ObservationRow[];
  /** The last row that was looked at, when there may be more. */
  readonly reached: { readonly minute: Date; readonly id: number } | null;
}

/** As many rows as one page looks at, so that none takes long however few of them the reader may see. */
const SCAN = 20_000;
/** As many rows as one transaction removes. */
const SWEPT = 10_000;

/** Adds counts, in one statement. No two of them may be of the same row. */
export async function countObservations(session: Session, counted: readonly Counted[]): Promise<void> {
  if (counted.length === 0) return;
  const column = <K extends keyof Counted>(name: K) => counted.map((one) => one[name]);
  // In the order of the key, so that two batches never wait for one another in a circle.
  await session.rows(
    sql`insert into observation as o (minute, entity_id, action, source, effect, profile, code, count, account_id)
      select n.*, using_account(n.entity_id) from unnest(${column('minute')}::timestamptz[], ${column('entityId')}::bigint[],
        ${column('action')}::text[], ${column('source')}::text[], ${column('effect')}::text[],
        ${column('profile')}::text[], ${column('code')}::integer[], ${column('count')}::bigint[])
        as n (minute, entity_id, action, source, effect, profile, code, count)
      order by 2, 1, 3, 4, 5, 6, 7
      on conflict on constraint observation_key do update set count = o.count + excluded.count`,
  );
}

/** A page, the newest minute first. */
export async function findObservations(session: Session, filter: ObservationFilter): Promise<FoundObservations> {
  const { entity, action, since, until, before, beneath, limit } = filter;
  const conditions = [
    sql`true`,
    ...(entity === undefined ? [] : [sql`o.entity_id = ${entity}`]),
    ...(action === undefined ? [] : [sql`o.action = ${action}`]),
    ...(since === null ? [] : [sql`o.minute >= date_trunc('minute', ${since}::timestamptz)`]),
    ...(until === null ? [] : [sql`o.minute <= ${until}::timestamptz`]),
    ...(before === null ? [] : [sql`(o.minute, o.id) < (${before.minute}::timestamptz, ${before.id}::bigint)`]),
  ];
  const places = [sql`true`, ...beneath.map((id) => sql`${id}::bigint = any (path_of(c.entity_id))`)];
  const rows = await session.rows(
    sql<ObservationRow & { readonly is_end: boolean }>`with candidate as materialized (
        select o.* from observation o where ${sql.join(conditions, sql` and `)}
        order by o.minute desc, o.id desc limit ${SCAN}
      ), page as materialized (
        select c.* from candidate c where ${sql.join(places, sql` and `)}
        order by c.minute desc, c.id desc limit ${limit}
      ), last as (
        select c.* from candidate c order by c.minute, c.id limit 1
      )
      select p.minute, p.id, p.entity_id, e.uuid as entity_uuid, e.label, p.action, p.source, p.effect, p.profile, p.code,
        p.count, false as is_end,
        (select a.uuid from unnest(path_of(p.entity_id)) with ordinality x (id, place) join entity a on a.id = x.id
          where a.kind = 'account' order by x.place limit 1) as account_uuid
      from page p left join entity e on e.id = p.entity_id
      union all
      select l.minute, l.id, null, null, null, '', '', '', null, null, 0, true, null from last l
        where (select count(*) from candidate) = ${SCAN} and (select count(*) from page) < ${limit}
      order by is_end, minute desc, id desc`,
  );
  const found = rows.filter((row) => !row.is_end);
  const last = rows.at(-1);
  const isMore = found.length === limit || last?.is_end === true;
  return { rows: found, reached: isMore && last !== undefined ? { minute: last.minute, id: last.id } : null };
}

/** Removes some of what was counted before the time; answers how many rows. */
export async function sweepObservations(transaction: Transaction, before: Date): Promise<number> {
  const rows = await transaction.rows(
    sql`delete from observation where (minute, id) in (
      select minute, id from observation where minute < ${before} order by minute limit ${SWEPT} for update skip locked) returning id`,
  );
  return rows.length;
}
