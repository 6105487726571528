/** What people do to targets: bind, unbind, try again, acknowledge. All else is written by the reconciler. */
import { sql } from 'kysely';

import type { Json } from '#core/field.ts';
import { type TargetFilter, targetCondition } from '#store/target-list.ts';
import type { Transaction } from '#store/transaction.ts';

export interface Binding {
  readonly systemId: number;
  readonly entityId: number;
  readonly accountId: number;
  readonly ownerId: number | null;
  readonly reference: Json;
}

/**
 * Binds an entity to a system under a reference. Of one that was bound under another reference nothing is known any more: it
 * is told anew, and what a call under way brings back is dropped.
 */
export async function bindTarget(transaction: Transaction, binding: Binding): Promise<void> {
  // Its own revision is known with the commit alone; whoever reads the log raises it to that.
  await transaction.rows(
    sql`insert into target (system_id, entity_id, account_id, owner_id, reference, is_bound_by_hand, generation_desired, due_at)
      values (${binding.systemId}, ${binding.entityId}, ${binding.accountId}, ${binding.ownerId}, ${JSON.stringify(binding.reference)}::jsonb,
        true, (select revision + 1 from change_counter), now())
      on conflict (system_id, entity_id) do update set is_bound_by_hand = true, reference = excluded.reference,
        applied = case when target.reference = excluded.reference then target.applied end,
        kept = case when target.reference = excluded.reference then target.kept end,
        task = case when target.reference = excluded.reference then target.task end,
        is_unproven = target.is_unproven and target.reference = excluded.reference,
        lease_token = case when target.reference = excluded.reference then target.lease_token end,
        leased_until = case when target.reference = excluded.reference then target.leased_until end,
        generation_desired = greatest(target.generation_desired, excluded.generation_desired),
        attempts = 0, needs_person = false, problem_code = null, problem_detail = null, problem_since = null,
        acknowledged_at = null, acknowledged_by = null, is_node = false, due_at = now()`,
  );
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
        returning generation_desired, generation_applied >= generation_desired as is_confirmed
      )
      update sweep_count c set passed_confirmed = c.passed_confirmed + g.is_confirmed::integer,
        passed_open = c.passed_open + (not g.is_confirmed)::integer
      from gone g where c.revision = g.generation_desired and c.system_id = ${systemId}`,
  );
}

/** Only one target, or all that the filter means. */
export type Chosen = { readonly entityId: number } | TargetFilter;

const chosen = (which: Chosen) => ('entityId' in which ? sql`t.entity_id = ${which.entityId}` : targetCondition(which));

/** Has targets that are not as they should be told again at once; answers how many. */
export async function retryTargets(transaction: Transaction, systemId: number, which: Chosen): Promise<number> {
  const rows = await transaction.rows(
    sql<{
      entity_id: number;
    }>`update target t set due_at = now(), attempts = 0, needs_person = false, acknowledged_at = null,
        acknowledged_by = null
      where t.system_id = ${systemId} and (t.generation_applied < t.generation_desired or t.is_drifted) and ${chosen(which)}
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
    sql<{ entity_id: number }>`update target t set acknowledged_at = now(), acknowledged_by = ${by}
      where t.system_id = ${systemId} and t.generation_applied < t.generation_desired and t.needs_person
        and t.acknowledged_at is null and ${chosen(which)}
      returning t.entity_id`,
  );
  return rows.length;
}
