/** Reading the log of deliveries, and asking for more of them. */
import { sql } from 'kysely';

import type { DeliveryOutcome, DeliveryReason } from '#core/systems/webhook.ts';
import type { Session } from '#store/database.ts';
import type { SystemRow } from '#store/system.ts';

export interface DeliveryRow {
  readonly id: number;
  readonly uuid: string;
  readonly outcome: DeliveryOutcome;
  readonly reason: DeliveryReason;
  readonly event_uuid: string | null;
  readonly type: string | null;
  readonly account_uuid: string | null;
  readonly created_at: Date;
  readonly attempts: number;
  readonly due_at: Date | null;
  readonly settled_at: Date | null;
  readonly response_code: number | null;
  readonly problem: string | null;
}

export interface AttemptRow {
  readonly attempt: number;
  readonly at: Date;
  readonly ended_at: Date | null;
  readonly response_code: number | null;
  readonly response_text: string | null;
  readonly problem: string | null;
}

export interface DeliveryFilter {
  readonly systemId: number;
  /** Deliveries below this number: the newest come first. */
  readonly below: number | null;
  readonly limit: number;
  readonly outcome?: DeliveryOutcome | undefined;
  /** UUID of an event. */
  readonly event?: string | undefined;
  readonly account?: number | undefined;
}

/** How many deliveries one page looks at. */
const SCAN = 20_000;

const columns = sql`d.id, d.uuid, d.outcome, d.reason, v.uuid as event_uuid, v.type, a.uuid as account_uuid, d.created_at, d.attempts,
  d.due_at, d.settled_at, t.response_code, t.problem`;
const joins = sql`left join event v on v.id = d.event_id left join entity a on a.id = v.account_id
  left join delivery_attempt t on t.delivery_id = d.id and t.attempt = d.attempts`;

export interface FoundDeliveries {
  readonly rows: DeliveryRow[];
  /** The last that was looked at; null: all were. */
  readonly reached: number | null;
}

/** A page of the deliveries of a webhook, the newest first. */
export async function findDeliveries(session: Session, filter: DeliveryFilter): Promise<FoundDeliveries> {
  const { systemId, below, limit, outcome, event, account } = filter;
  const conditions = [sql`true`];
  if (outcome !== undefined) conditions.push(sql`d.outcome = ${outcome}`);
  if (account !== undefined) conditions.push(sql`v.account_id = ${account}`);
  const range = [sql`x.system_id = ${systemId}`];
  if (below !== null) range.push(sql`x.id < ${below}::bigint`);
  if (event !== undefined) range.push(sql`x.event_id = (select id from event where uuid = ${event}::uuid)`);
  const candidates = sql`select * from delivery x where ${sql.join(range, sql` and `)} order by x.id desc limit ${SCAN}`;
  const rows = await session.rows(
    sql<DeliveryRow>`select ${columns} from (${candidates}) d ${joins} where ${sql.join(conditions, sql` and `)}
      order by d.id desc limit ${limit}`,
  );
  if (rows.length >= limit) return { rows, reached: rows.at(-1)?.id ?? null };
  const stop = await session.row(sql<{ id: number }>`select id from (${candidates}) d offset ${SCAN - 1} limit 1`);
  return { rows, reached: stop?.id ?? null };
}

export function findDelivery(session: Session, systemId: number, uuid: string): Promise<DeliveryRow | null> {
  return session.row(
    sql<DeliveryRow>`select ${columns} from delivery d ${joins} where d.system_id = ${systemId} and d.uuid = ${uuid}::uuid`,
  );
}

export function listAttempts(session: Session, deliveryId: number): Promise<AttemptRow[]> {
  return session.rows(
    sql<AttemptRow>`select attempt, at, ended_at, response_code, response_text, problem from delivery_attempt
      where delivery_id = ${deliveryId} order by attempt`,
  );
}

export interface ReplayFilter {
  /** UUIDs of events; undefined: all of the time. */
  readonly events?: readonly string[] | undefined;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly onlyFailed: boolean;
  readonly limit: number;
}

/**
 * Begins deliveries of events that are kept, of accounts beneath the webhook's; answers how many, at most the limit. What is on
 * its way already is left alone.
 */
export async function insertReplay(session: Session, system: SystemRow, filter: ReplayFilter): Promise<number> {
  const conditions = [
    sql`a.ancestors @> array[${system.account_id}::bigint]`,
    sql`not exists (select from delivery p where p.event_id = v.id and p.system_id = ${system.id} and p.outcome = 'pending')`,
  ];
  if (filter.events !== undefined) conditions.push(sql`v.uuid = any (${[...filter.events]}::uuid[])`);
  if (filter.from !== null) conditions.push(sql`v.at >= ${filter.from}`);
  if (filter.to !== null) conditions.push(sql`v.at <= ${filter.to}`);
  if (filter.onlyFailed)
    conditions.push(
      sql`(select array_agg(f.outcome) from delivery f where f.event_id = v.id and f.system_id = ${system.id})
        && array['failed'] and not exists (select from delivery g where g.event_id = v.id and g.system_id = ${system.id}
          and g.outcome = 'delivered')`,
    );
  const rows = await session.rows(
    sql`insert into delivery (system_id, event_id, reason)
      select ${system.id}, v.id, 'replay' from event v join entity a on a.id = v.account_id
      where ${sql.join(conditions, sql` and `)} order by v.id limit ${filter.limit} returning id`,
  );
  return rows.length;
}

/** Begins a delivery of a test. */
export async function insertTest(session: Session, systemId: number): Promise<string> {
  const row = await session.row(
    sql<{ uuid: string }>`insert into delivery (system_id, reason) values (${systemId}, 'test') returning uuid`,
  );
  if (row === null) throw new Error('the insertion of a delivery gave no row');
  return row.uuid;
}
