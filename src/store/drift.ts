/** The slow sweep for drift: pages of settled targets, and what was seen of them. */
import { sql } from 'kysely';

import type { Json } from '#core/field.ts';
import type { Session } from '#store/database.ts';
import type { ClaimedTarget } from '#store/target.ts';
import type { Transaction } from '#store/transaction.ts';

export interface SettledTarget extends Omit<ClaimedTarget, 'due_at' | 'doubt'> {
  /** Changes with whatever is told. */
  readonly told_seen: string | null;
}

export interface DriftPage {
  readonly targets: readonly SettledTarget[];
  /** The entity after which the page begins; null: a sweep begins. */
  readonly after: number | null;
}

const ms = (value: number) => sql`${value}::float8 * interval '1 millisecond'`;

/**
 * Takes the next page of a system's sweep for a time; null while nothing is due, or another process has it. Only targets that
 * were told once and are settled are looked at: of what was never told nothing is known that could have been changed.
 */
export async function takeDriftPage(
  session: Session,
  systemId: number,
  limit: number,
  leaseMs: number,
): Promise<DriftPage | null> {
  const taken = await session.row(
    sql<{ drift_after: number | null }>`update system set drift_due_at = now() + ${ms(leaseMs)}
      where id = ${systemId} and drift <> 'off' and paused_at is null and (drift_due_at is null or drift_due_at <= now())
      returning drift_after`,
  );
  if (taken === null) return null;
  const after = taken.drift_after;
  const targets = await session.rows(
    sql<SettledTarget>`select entity_id, account_id, reference, generation_desired, applied, kept, task, is_node, is_unproven,
        is_drifted, attempts, told_at::text as told_seen
      from target
      where system_id = ${systemId} and entity_id > ${after ?? -1} and not is_node and applied is not null and ${isSettled}
      order by entity_id limit ${limit}`,
  );
  return { targets, after };
}

const isSettled = sql`generation_applied >= generation_desired and lease_token is null and due_at is null and not is_unproven`;

/** The next page begins after an entity, after a time; null: the sweep is over, and another begins then. */
export async function moveDrift(session: Session, systemId: number, after: number | null, inMs: number): Promise<void> {
  await session.rows(
    sql`update system set drift_after = ${after}, drift_due_at = now() + ${ms(inMs)} where id = ${systemId} and drift <> 'off'`,
  );
}

export interface Sight {
  readonly entityId: number;
  readonly toldSeen: string | null;
  readonly state: Json;
  readonly isDrifted: boolean;
}

/**
 * Writes what was seen of targets that nobody told anything meanwhile; what has drifted is told again where it is to be
 * repaired. Answers those whose drift is new, or another one than was seen before, and those that are as they should be again.
 */
export async function recordSights(
  transaction: Transaction,
  systemId: number,
  sights: readonly Sight[],
  isRepaired: boolean,
): Promise<{ readonly found: number[]; readonly gone: number[] }> {
  const json = JSON.stringify(
    sights.map(({ entityId, toldSeen, state, isDrifted }) => ({
      entity_id: entityId,
      told_seen: toldSeen,
      state,
      drifted: isDrifted,
    })),
  );
  const rows = await transaction.rows(
    sql<{ entity_id: number; is_new: boolean; is_gone: boolean }>`with r as materialized (
        select * from jsonb_to_recordset(${json}::jsonb) as r (entity_id bigint, told_seen timestamptz, state jsonb, drifted boolean)
      ), held as materialized (
        select t.entity_id, t.is_drifted as was_drifted, t.observed as was_observed
        from r join target t on t.system_id = ${systemId} and t.entity_id = r.entity_id
        where ${isSettled} and t.told_at is not distinct from r.told_seen order by t.entity_id for update of t
      )
      update target t set observed = coalesce(r.state, 'null'), observed_at = now(), is_drifted = r.drifted,
        due_at = case when r.drifted and ${isRepaired} then now() end
      from r join held h using (entity_id) where t.system_id = ${systemId} and t.entity_id = r.entity_id
      returning t.entity_id,
        r.drifted and (not h.was_drifted or h.was_observed is distinct from coalesce(r.state, 'null')) as is_new,
        not r.drifted and h.was_drifted as is_gone`,
  );
  return {
    found: rows.filter((row) => row.is_new).map((row) => row.entity_id),
    gone: rows.filter((row) => row.is_gone).map((row) => row.entity_id),
  };
}
