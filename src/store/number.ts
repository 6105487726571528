/** Telephone numbers as such: what is being bought, what rests, and what another operator has asked for. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

/** What a closed number waits for. */
export interface RestingRow {
  readonly entity_id: number;
  readonly closed_since: Date | null;
  readonly country: string | null;
  readonly release_pending: boolean;
}

/** Of numbers that still have their `tel:` name: since when they are closed, and whether their release is confirmed. */
export function listResting(session: Session, ids: readonly number[]): Promise<RestingRow[]> {
  return session.rows(
    sql<RestingRow>`select n.entity_id, closed_since(n.entity_id) as closed_since, n.country, release_pending(n.entity_id) as release_pending
      from phone_number n where n.entity_id = any (${[...ids]}::bigint[])
        and exists (select from identifier i where i.entity_id = n.entity_id and i.scheme = 'tel')`,
  );
}

export interface PortOutPending {
  readonly count: number;
  /** The first of them. */
  readonly numbers: readonly string[];
}

/** As many as a person reads before acting. */
const NUMBERS_MAX = 20;

/** Open numbers that are any of the entities, lie beneath one or are owned there, and that another operator has asked for. */
export async function findPortOutPending(session: Session, ids: readonly number[]): Promise<PortOutPending | null> {
  const rows = await session.rows(
    sql<{ label: string; count: number }>`select e.label, count(*) over ()::integer as count
      from phone_number n join entity e on e.id = n.entity_id
      where n.port_out_pending_since is not null
        and (n.entity_id = any (${[...ids]}::bigint[]) or path_of(n.entity_id) && ${[...ids]}::bigint[])
        and closed_since(n.entity_id) is null
      order by e.label limit ${NUMBERS_MAX}`,
  );
  const [first] = rows;
  return first === undefined ? null : { count: first.count, numbers: rows.map(({ label }) => label) };
}

/** How many closed numbers beneath an account are still to be released. */
export async function countUnreleased(session: Session, accountId: number): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`select count(*) from list_beneath(${accountId}::bigint, 2147483647) b (id)
      join phone_number n on n.entity_id = b.id where release_pending(n.entity_id)`,
  );
  return row?.count ?? 0;
}

/** Whether a provider may still have a number for the operator; of use for what is closed. */
export async function isReleasePending(session: Session, entityId: number): Promise<boolean> {
  const row = await session.row(
    sql<{ is_pending: boolean }>`select release_pending(${entityId}::bigint) as is_pending`,
  );
  return row?.is_pending ?? false;
}

export interface PurchaseRow {
  readonly entity_id: number;
  readonly requested_at: Date;
  readonly attempts: number;
}

/** Notes that a number is being bought by this process, for so long. */
export async function insertPurchase(transaction: Transaction, entityId: number, leaseMs: number): Promise<void> {
  await transaction.rows(
    sql`insert into number_purchase (entity_id, due_at) values (${entityId}, now() + ${leaseMs} * interval '1 millisecond')`,
  );
}

/** Takes over purchases that nobody is at, for so long. */
export function claimPurchases(session: Session, leaseMs: number, limit: number): Promise<PurchaseRow[]> {
  return session.rows(
    sql<PurchaseRow>`update number_purchase p set due_at = now() + ${leaseMs} * interval '1 millisecond', attempts = p.attempts + 1
      where p.entity_id in (select d.entity_id from number_purchase d where d.due_at <= now()
        order by d.due_at limit ${limit} for update skip locked)
      returning p.entity_id, p.requested_at, p.attempts`,
  );
}

/** Comes back to a purchase later. */
export async function delayPurchase(
  session: Session,
  entityId: number,
  delayMs: number,
  problem: string,
): Promise<void> {
  await session.rows(
    sql`update number_purchase set due_at = now() + ${delayMs} * interval '1 millisecond', problem = ${problem} where entity_id = ${entityId}`,
  );
}

/** Locks a purchase; null when it is settled. */
export function lockPurchase(transaction: Transaction, entityId: number): Promise<PurchaseRow | null> {
  return transaction.row(
    sql<PurchaseRow>`select entity_id, requested_at, attempts from number_purchase where entity_id = ${entityId} for update`,
  );
}

export async function deletePurchase(transaction: Transaction, entityId: number): Promise<void> {
  await transaction.rows(sql`delete from number_purchase where entity_id = ${entityId}`);
}
