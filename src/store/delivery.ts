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
      select s.id, coalesce((select v.id from event v where v.revision <= s.after_revision order by v.id desc limit 1), 0)
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
        where a.ancestors @> array[s.account_id] and v.revision > s.after_revision
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
  const atOnce = system.failures >= system.breaker_failures ? 1 : system.concurrency;
  const most = system.rate === null ? atOnce : Math.min(atOnce, Math.max(1, Math.floor(system.rate)));
  // What runs is counted after the row was locked: by a snapshot that has seen what its former holder claimed.
  const rows = await transaction.rows(
    sql<Omit<ClaimedDelivery, 'event'> & { event_id: number | null }>`with due as materialized (
        select c.id from delivery c where c.system_id = ${systemId} and c.due_at <= now()
          and (c.leased_until is null or c.leased_until < now())
        order by c.due_at, c.id limit greatest(0, least(${most}::bigint, ${atOnce}::bigint - (
          select count(*) from delivery r where r.system_id = ${systemId} and r.lease_token is not null and r.leased_until > now())))
        for update skip locked
      ), claimed as (
        update delivery d set attempts = d.attempts + 1, lease_token = gen_random_uuid(),
          leased_until = now() + make_interval(secs => ${(system.timeout_ms + LEASE_MARGIN_MS) / 1000}::float8)
        from due where d.id = due.id returning d.id, d.uuid, d.attempts, d.lease_token, d.event_id, d.due_at
      ), tried as (
        insert into delivery_attempt (delivery_id, attempt) select id, attempts from claimed
      )
      select id, uuid, attempts, lease_token, event_id from claimed order by due_at, id`,
  );
  if (rows.length === 0) return null;
  if (system.rate !== null)
    await transaction.rows(
      sql`update webhook set paced_until = greatest(coalesce(paced_until, now()), now() - interval '1 second')
          + make_interval(secs => ${rows.length / system.rate}::float8) where system_id = ${systemId}`,
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

/** An attempt that ended. */
export interface EndedAttempt {
  readonly systemId: number;
  readonly claimed: Pick<ClaimedDelivery, 'id' | 'attempts' | 'lease_token'>;
  readonly outcome: AttemptOutcome;
}

/**
 * Notes what became of attempts, in the order in which they ended. Answers the deliveries whose lease still was that of the
 * attempt; of the others only the attempt itself is noted.
 */
export async function settleAttempts(
  transaction: Transaction,
  ended: readonly EndedAttempt[],
): Promise<ReadonlySet<number>> {
  const column = <T>(of: (one: EndedAttempt) => T) => ended.map(of);
  const rows = await transaction.rows(
    sql<{ id: number }>`with r as materialized (
        select * from unnest(${column((one) => one.claimed.id)}::bigint[], ${column((one) => one.claimed.attempts)}::integer[],
          ${column((one) => one.claimed.lease_token)}::uuid[], ${column((one) => one.outcome.outcome)}::text[],
          ${column((one) => one.outcome.againAfterMs)}::float8[], ${column((one) => one.outcome.responseCode)}::integer[],
          ${column((one) => one.outcome.responseText)}::text[], ${column((one) => one.outcome.problem)}::text[])
          r (id, attempt, token, outcome, again_ms, code, response, problem)
      ), held as materialized (
        -- In one order, as whoever else settles them locks them.
        select d.id from r join delivery d on d.id = r.id where d.lease_token = r.token order by d.id for update of d
      ), told as (
        update delivery_attempt t set ended_at = now(), response_code = r.code, response_text = r.response, problem = r.problem
        from r where t.delivery_id = r.id and t.attempt = r.attempt
      )
      update delivery d set outcome = r.outcome, lease_token = null, leased_until = null,
        due_at = case when r.outcome = 'pending' then now() + r.again_ms * interval '1 millisecond' end,
        settled_at = case when r.outcome <> 'pending' then now() end
      from r join held using (id) where d.id = r.id and d.lease_token = r.token returning d.id`,
  );
  const ours = new Set(rows.map((row) => row.id));
  await countFailures(
    transaction,
    ended.filter((one) => ours.has(one.claimed.id)),
  );
  return ours;
}

/** Counts failures in a row for each webhook: as many as came after its last success. */
async function countFailures(transaction: Transaction, ended: readonly EndedAttempt[]): Promise<void> {
  const runs = new Map<number, { isReset: boolean; failures: number; problem: string | null }>();
  for (const { systemId, outcome } of ended) {
    const run = runs.get(systemId) ?? { isReset: false, failures: 0, problem: null };
    if (outcome.isFailure === false) runs.set(systemId, { isReset: true, failures: 0, problem: null });
    if (outcome.isFailure === true)
      runs.set(systemId, { ...run, failures: run.failures + 1, problem: outcome.problem });
  }
  if (runs.size === 0) return;
  const given = [...runs].map(([id, run]) => ({ id, ...run }));
  await transaction.rows(
    sql`with r as materialized (
        select * from unnest(${given.map((run) => run.id)}::bigint[], ${given.map((run) => run.isReset)}::boolean[],
          ${given.map((run) => run.failures)}::integer[], ${given.map((run) => run.problem)}::text[])
          r (id, is_reset, failures, problem)
      ), held as materialized (
        select s.id, r.problem, case when r.is_reset then 0 else s.failures end + r.failures as failures
        from r join system s on s.id = r.id where r.failures > 0 or s.failures > 0 or s.last_problem is not null
        order by s.id for update of s
      )
      update system s set failures = h.failures, last_problem = h.problem,
        open_until = case when h.failures >= s.breaker_failures then now() + make_interval(secs => s.breaker_open_ms / 1000.0) end
      from held h where s.id = h.id`,
  );
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
