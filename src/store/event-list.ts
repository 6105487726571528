/** Reading events by page, as somebody of an account may know them. */
import { type RawBuilder, sql } from 'kysely';

import type { EventRow, EventType } from '#core/event.ts';
import type { Session } from '#store/database.ts';

export interface EventFilter {
  readonly order: 'asc' | 'desc';
  /** Events between these numbers, both left out. */
  readonly above: number;
  readonly below: number | null;
  readonly limit: number;
  /** Only of accounts at or beneath all of these. */
  readonly beneath: readonly number[];
  readonly account?: number | undefined;
  readonly types?: readonly EventType[] | undefined;
  /** The account of who reads; 0: may know everything. */
  readonly scope: number;
}

export interface FoundEvents {
  readonly rows: EventRow[];
  /** The last event that was looked at, in the order asked for; null: all were. */
  readonly reached: number | null;
}

/** How many events one page looks at: a fraction of a second. */
const SCAN = 20_000;

/**
 * The columns of `EventRow` from an event `v`, for readers of an account. What sits above that account has no name, and its
 * authors are told by their level alone.
 */
export function eventColumns(scope: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`v.id, v.uuid, v.revision, v.at, v.type, v.account_id, a.uuid as account_uuid, v.denied_before, v.intercepted_before,
    v.closed_before, v.denied, v.intercepted, v.closed, v.cause, v.node_id, v.profile,
    case when coalesce(n.ancestors @> array[${scope}], false) then n.uuid end as node_uuid,
    case when coalesce(n.ancestors @> array[${scope}], false) then v.hold end as hold,
    case when starts_with(v.actor, 'system:') or coalesce(w.ancestors @> array[${scope}], false) then v.actor
      else level_of(v.actor_account_id) end as actor`;
}

/** What `eventColumns` reads, beside the event `v`. */
export const EVENT_JOINS = sql`join entity a on a.id = v.account_id left join entity n on n.id = v.node_id
  left join entity w on w.id = v.actor_account_id`;

export async function findEvents(session: Session, filter: EventFilter, scan = SCAN): Promise<FoundEvents> {
  const direction = filter.order === 'asc' ? sql`asc` : sql`desc`;
  const range = [sql`x.id > ${filter.above}::bigint`];
  if (filter.below !== null) range.push(sql`x.id < ${filter.below}::bigint`);
  if (filter.account !== undefined) range.push(sql`x.account_id = ${filter.account}`);
  const conditions = filter.beneath.map((id) => sql`a.ancestors @> array[${id}::bigint]`);
  if (filter.types !== undefined) conditions.push(sql`v.type = any (${[...filter.types]}::text[])`);
  const candidates = sql`select x.* from event x where ${sql.join(range, sql` and `)} order by x.id ${direction} limit ${scan}`;
  const rows = await session.rows(
    sql<EventRow>`select ${eventColumns(sql`${filter.scope}::bigint`)} from (${candidates}) v ${EVENT_JOINS}
      where ${conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)}
      order by v.id ${direction} limit ${filter.limit}`,
  );
  if (rows.length >= filter.limit) return { rows, reached: rows.at(-1)?.id ?? null };
  const stop = await session.row(sql<{ id: number }>`select id from (${candidates}) v offset ${scan - 1} limit 1`);
  return { rows, reached: stop?.id ?? null };
}

export interface EventHead {
  readonly epoch: string;
  /** The first event that is kept; null when there is none. */
  readonly first: number | null;
  readonly last: number | null;
}

/** Where the events begin and end. */
export async function eventHead(session: Session): Promise<EventHead> {
  const row = await session.row(
    sql<EventHead>`select c.epoch, (select min(id) from event) as first, (select max(id) from event) as last from change_counter c`,
  );
  if (row === null) throw new Error('change_counter has no row: the schema is not migrated');
  return row;
}
