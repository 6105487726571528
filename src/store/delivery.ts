/**
 * Deliveries of events to webhooks: made from events, claimed under a lease, and settled by who still holds it.
 *
 * Any number of processes share them. Events become deliveries in their order, once for each webhook; a claim counts as an
 * attempt before it is sent, so that the end of a process is seen in the log of attempts.
 */
import { sql } from 'kysely';

import type { EventRow } from '#core/event.ts';
import { EVENT_JOINS, eventColumns } from '#store/event-list.ts';
import type { Session } from '#store/database.ts';
import type { SystemRow } from '#store/system.ts';
import type { Transaction } from '#store/transaction.ts';

/** As many events, and webhooks, as one transaction spreads. */
const EVENTS = 1_000;
const WEBHOOKS = 200;

/** Gives each new webhook its place: what was committed before it was made is not for it. */
export async function registerWebhooks(session: Session): Promise<void> {
  await session.rows(
    sql`insert into webhook (system_id, event_id)
      select s.id, coalesce((select max(v.id) from event v where v.at < date_trunc('milliseconds', s.created_at)), 0)
      from system s where s.kind = 'webhook' and not exists (select from webhook w where w.system_id = s.id)
      on conflict do nothing`,
  );
}

/** Makes deliveries of the next events; answers whether some webhook has still more to come. */
export async function spreadEvents(transaction: Transaction): Promise<boolean> {
  const row = await transaction.row(
    sql<{ more: boolean | null }>`with head as materialized (select coalesce(max(id), 0) as id from event),
      behind as materialized (
        select w.system_id, w.event_id from webhook w, head h where w.event_id < h.id
        order by w.event_id limit ${WEBHOOKS} for update of w skip locked
      ), page as materialized (
        select least(h.id, (select min(b.event_id) from behind b) + ${EVENTS}) as through from head h
      ), made as (
        insert into delivery (system_id, event_id, reason)
        select s.id, v.id, 'event'
        from behind b join system s on s.id = b.system_id cross join page p
        join event v on v.id > b.event_id and v.id <= p.through
        join entity a on a.id = v.account_id
        where a.ancestors @> array[s.account_id] and v.at >= date_trunc('milliseconds', s.created_at)
          and (coalesce(jsonb_array_length(nullif(s.settings -> 'types', 'null')), 0) = 0 or s.settings -> 'types' ? v.type)
        order by v.id, s.id
      ), moved as (
        update webhook w set event_id = greatest(w.event_id, p.through) from behind b, page p where w.system_id = b.system_id
      )
      select p.through < h.id or (select count(*) from behind) = ${WEBHOOKS} as more from page p, head h
      where exists (select from behind)`,
  );
  return row?.more ?? false;
}

export interface DueWebhook {
  readonly id: number;
}

/** Webhooks that may be sent something now. */
export function listDueWebhooks(session: Session): Promise<DueWebhook[]> {
  return session.rows(
    sql<DueWebhook>`select s.id from system s join webhook w on w.system_id = s.id
      where s.paused_at is null and (s.open_until is null or s.open_until <= now())
        and (w.paced_until is null or w.paced_until <= now())
        and exists (select from delivery d where d.system_id = s.id and d.due_at <= now()
          and (d.leased_until is null or d.leased_until < now()))
      order by s.id`,
  );
}

/** A delivery that is to be sent by who claimed it. */
export interface ClaimedDelivery {
  readonly id: number;
  readonly uuid: string;
  readonly attempts: number;
  readonly lease_token: string;
  /** Null for a test. */
  readonly event: EventRow | null;
}

export interface Claim {
  readonly system: SystemRow;
  readonly deliveries: readonly ClaimedDelivery[];
}

/** A lease outlives the longest request by this, in milliseconds. */
const LEASE_MARGIN_MS = 30_000;

/**
 * Claims what a webhook is sent next: as many as may run at once and as its rate allows, those that are due first in the order
 * of events. A webhook whose circuit was open is tried with one. Null when another process claims, or nothing may be sent.
 */
export async function claimDeliveries(transaction: Transaction, systemId: number): Promise<Claim | null> {
  const system = await transaction.row(
    sql<SystemRow>`select s.* from webhook w join system s on s.id = w.system_id
      where w.system_id = ${systemId} and s.paused_at is null and (s.open_until is null or s.open_until <= now())
        and (w.paced_until is null or w.paced_until <= now())
      for update of w skip locked`,
  );
  if (system === null) return null;
  const running = await transaction.row(
    sql<{
      count: number;
    }>`select count(*) from delivery where system_id = ${systemId} and lease_token is not null and leased_until > now()`,
  );
  const atOnce = system.failures >= system.breaker_failures ? 1 : system.concurrency;
  const free = atOnce - (running?.count ?? 0);
  const limit = system.rate === null ? free : Math.min(free, Math.max(1, Math.floor(system.rate)));
  if (limit <= 0) return null;
  const claimed = await transaction.rows(
    sql<{ id: number }>`update delivery d set attempts = d.attempts + 1, lease_token = gen_random_uuid(),
        leased_until = now() + make_interval(secs => ${(system.timeout_ms + LEASE_MARGIN_MS) / 1000}::float8)
      from (
        select c.id from delivery c where c.system_id = ${systemId} and c.due_at <= now()
          and (c.leased_until is null or c.leased_until < now())
        order by c.due_at, c.id limit ${limit} for update skip locked
      ) t where d.id = t.id returning d.id`,
  );
  const ids = claimed.map((row) => row.id);
  if (ids.length === 0) return null;
  await transaction.rows(
    sql`insert into delivery_attempt (delivery_id, attempt) select id, attempts from delivery where id = any (${ids}::bigint[])`,
  );
  if (system.rate !== null)
    await transaction.rows(
      sql`update webhook set paced_until = greatest(coalesce(paced_until, now()), now() - interval '1 second')
          + make_interval(secs => ${ids.length / system.rate}::float8) where system_id = ${systemId}`,
    );
  const rows = await transaction.rows(
    sql<
      Omit<ClaimedDelivery, 'event'> & { event_id: number | null }
    >`select id, uuid, attempts, lease_token, event_id from delivery
      where id = any (${ids}::bigint[]) order by due_at, id`,
  );
  const events = new Map(
    (
      await transaction.rows(
        sql<EventRow>`select ${eventColumns(sql`${system.account_id}::bigint`)} from event v ${EVENT_JOINS}
          where v.id = any (${rows.map((row) => row.event_id ?? -1)}::bigint[])`,
      )
    ).map((event) => [event.id, event]),
  );
  return {
    system,
    deliveries: rows.map(({ event_id: event, ...row }) => ({ ...row, event: events.get(event ?? -1) ?? null })),
  };
}

/** What became of an attempt. */
export interface AttemptOutcome {
  readonly outcome: 'delivered' | 'failed' | 'skipped' | 'pending';
  /** Of what is pending: when it is sent next, from now, in milliseconds. */
  readonly againAfterMs: number;
  readonly responseCode: number | null;
  readonly responseText: string | null;
  readonly problem: string | null;
  /** Whether it counts as a failure of the webhook, which opens the circuit; null: it says nothing about it. */
  readonly isFailure: boolean | null;
}

/** Notes the outcome of an attempt; false when the lease is another's by now. */
export async function settleAttempt(
  transaction: Transaction,
  systemId: number,
  claimed: ClaimedDelivery,
  given: AttemptOutcome,
): Promise<boolean> {
  const { outcome, againAfterMs, responseCode, responseText, problem, isFailure } = given;
  const isPending = outcome === 'pending';
  const settled = await transaction.row(
    sql`update delivery set outcome = ${outcome}, lease_token = null, leased_until = null,
        due_at = case when ${isPending} then now() + make_interval(secs => ${againAfterMs / 1000}::float8) end,
        settled_at = case when not ${isPending} then now() end
      where id = ${claimed.id} and lease_token = ${claimed.lease_token}::uuid returning id`,
  );
  await transaction.rows(
    sql`update delivery_attempt set ended_at = now(), response_code = ${responseCode}, response_text = ${responseText},
        problem = ${problem}
      where delivery_id = ${claimed.id} and attempt = ${claimed.attempts}`,
  );
  if (settled === null) return false;
  if (isFailure === false)
    await transaction.rows(
      sql`update system set failures = 0, open_until = null, last_problem = null
        where id = ${systemId} and (failures > 0 or last_problem is not null)`,
    );
  if (isFailure === true)
    await transaction.rows(
      sql`update system set failures = failures + 1, last_problem = ${problem},
          open_until = case when failures + 1 >= breaker_failures then now() + make_interval(secs => breaker_open_ms / 1000.0) end
        where id = ${systemId}`,
    );
  return true;
}

/** As many deliveries as one statement removes. */
const SWEPT = 10_000;

/** Removes some deliveries that were settled before the time; answers how many. */
export async function sweepDeliveries(session: Session, before: Date): Promise<number> {
  const rows = await session.rows(
    sql`delete from delivery where id in (
        select id from delivery where settled_at < ${before} order by settled_at limit ${SWEPT} for update skip locked)
      returning id`,
  );
  return rows.length;
}
