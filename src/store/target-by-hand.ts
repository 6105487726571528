/** What people do to targets: bind, unbind, try again, acknowledge. All else is written by the reconciler. */
import { sql } from 'kysely';

import type { Json } from '#core/field.ts';
import { DUE_CHANNEL } from '#store/sweep-reach.ts';
import { type TargetFilter, targetCondition } from '#store/target-list.ts';
import type { Transaction } from '#store/transaction.ts';

export interface Binding {
  readonly systemId: number;
  readonly entityId: number;
  readonly accountId: number;
  readonly ownerId: number | null;
  readonly reference: Json;
}

/** Under another reference it is another thing: nothing is known of it, and what a call under way brings back is dropped. */
const RENAMED = sql`
        applied = case when t.reference = excluded.reference then t.applied end,
        kept = case when t.reference = excluded.reference then t.kept end,
        task = case when t.reference = excluded.reference then t.task end,
        is_unproven = t.is_unproven and t.reference = excluded.reference,
        lease_token = case when t.reference = excluded.reference then t.lease_token end,
        leased_until = case when t.reference = excluded.reference then t.leased_until end,
        attempts = 0, needs_person = false, problem_code = null, problem_detail = null, problem_since = null,
        acknowledged_at = null, acknowledged_by = null, due_at = now()`;

/**
 * Binds an entity to a system under a reference, by hand or because it names the system. Its generation is that of the change
 * that records it, which the reader of the log gives to it.
 */
export async function bindTarget(transaction: Transaction, binding: Binding, isByHand: boolean): Promise<void> {
  // The revision of this transaction is known with its commit alone; until it was read, this is the least that it can be.
  await transaction.rows(
    sql`insert into target as t (system_id, entity_id, account_id, owner_id, reference, is_bound_by_hand, generation_desired, due_at)
      values (${binding.systemId}, ${binding.entityId}, ${binding.accountId}, ${binding.ownerId}, ${JSON.stringify(binding.reference)}::jsonb,
        ${isByHand}, (select revision + 1 from change_counter), now())
      on conflict (system_id, entity_id) do update set is_bound_by_hand = excluded.is_bound_by_hand, reference = excluded.reference, ${RENAMED}`,
  );
  await tellWorkers(transaction, binding.systemId);
}

/** Workers hear of what is due with the commit, and look for it by themselves otherwise. */
async function tellWorkers(transaction: Transaction, systemId: number): Promise<void> {
  await transaction.rows(sql`select pg_notify(${DUE_CHANNEL}, ${String(systemId)})`);
}

/** Locks a target until the transaction ends; false when there is none. */
export async function lockTarget(transaction: Transaction, systemId: number, entityId: number): Promise<boolean> {
  const row = await transaction.row(
    sql<{
      found: boolean;
    }>`select true as found from target where system_id = ${systemId} and entity_id = ${entityId} for update`,
  );
  return row !== null;
}

/** Forgets a target. The receipt of the change that reached it last counts it as passed on, so that its numbers still add up. */
export async function removeTarget(transaction: Transaction, systemId: number, entityId: number): Promise<void> {
  await transaction.rows(
    sql`with gone as (
        delete from target where system_id = ${systemId} and entity_id = ${entityId}
        returning generation_first, generation_desired, generation_applied >= generation_desired as is_confirmed
      )
      update sweep_count c set passed_confirmed = c.passed_confirmed + g.is_confirmed::integer,
        passed_open = c.passed_open + (not g.is_confirmed)::integer
      from gone g where c.revision = g.generation_desired and c.system_id = ${systemId} and g.generation_first > 0`,
  );
}

/** In one order, as whoever reaches targets or records outcomes locks them: only one target, or all that the filter means. */
export type Chosen = { readonly entityId: number } | TargetFilter;

const chosen = (which: Chosen) => ('entityId' in which ? sql`t.entity_id = ${which.entityId}` : targetCondition(which));

/**
 * Has targets that are not as they should be told again at once; answers how many. Whoever does so after `drift` takes what the
 * system says for the truth: the next "already so" counts as done.
 */
export async function retryTargets(transaction: Transaction, systemId: number, which: Chosen): Promise<number> {
  const rows = await transaction.rows(
    sql<{ entity_id: number }>`with chosen as (
        select t.system_id, t.entity_id from target t
        where t.system_id = ${systemId} and (t.generation_applied < t.generation_desired or t.is_drifted) and ${chosen(which)}
        order by t.entity_id for update
      )
      update target t set due_at = now(), attempts = 0, needs_person = false, acknowledged_at = null, acknowledged_by = null,
        is_unproven = t.is_unproven or t.problem_code is not distinct from 'drift'
      from chosen c where t.system_id = c.system_id and t.entity_id = c.entity_id
      returning t.entity_id`,
  );
  return rows.length;
}

/** Marks targets that need a person as known to one; answers how many. */
export async function acknowledgeTargets(
  transaction: Transaction,
  systemId: number,
  which: Chosen,
  by: string,
): Promise<number> {
  const rows = await transaction.rows(
    sql<{ entity_id: number }>`with chosen as (
        select t.system_id, t.entity_id from target t
        where t.system_id = ${systemId} and t.generation_applied < t.generation_desired and t.needs_person
          and t.acknowledged_at is null and ${chosen(which)}
        order by t.entity_id for update
      )
      update target t set acknowledged_at = now(), acknowledged_by = ${by}
      from chosen c where t.system_id = c.system_id and t.entity_id = c.entity_id
      returning t.entity_id`,
  );
  return rows.length;
}
