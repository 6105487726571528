/** Sweeps reach targets: new ones are made, generations are raised, and the counts of the receipts follow. */
import { sql } from 'kysely';

import type { Json } from '#core/field.ts';
import { type CountDelta, type Reached, sumReach } from '#core/reconcile/sum-reach.ts';
import type { Transaction } from '#store/transaction.ts';

export interface Hit {
  readonly revision: number;
  readonly systemId: number;
  readonly entityId: number;
}

/** The channel on which workers hear that targets of systems are due: their numbers, with commas between them. */
export const DUE_CHANNEL = 'abeyance_due';

/** More numbers than fit into a notice: then everybody looks everywhere. */
const NOTICE_SYSTEMS_MAX = 500;

const keyOf = (hit: { readonly systemId: number; readonly entityId: number }) => `${hit.systemId} ${hit.entityId}`;

/**
 * Raises the generations of targets to the revisions of the sweeps that reach them, and counts. `made` are targets that were inserted in this transaction at that very revision. Answers the systems that have
 * something to tell now.
 */
export async function reachTargets(
  transaction: Transaction,
  hits: readonly Hit[],
  made: readonly Hit[] = [],
): Promise<ReadonlySet<number>> {
  const targets = await lockTargets(transaction, hits);
  const distinct = new Map(hits.map((hit) => [`${hit.revision} ${keyOf(hit)}`, hit]));
  const ascending = [...distinct.values()].sort((a, b) => a.revision - b.revision);
  const sums = sumReach(
    ascending.flatMap(({ revision, ...of }) => {
      const target = targets.get(keyOf(of));
      return target === undefined ? [] : [{ revision, target }];
    }),
  );
  if (sums.raised.length > 0)
    await transaction.rows(
      sql`update target t set generation_desired = r.generation, due_at = now(), attempts = 0, needs_person = false,
          problem_code = null, problem_detail = null, problem_since = null, acknowledged_at = null, acknowledged_by = null
        from unnest(${sums.raised.map((one) => one.systemId)}::bigint[], ${sums.raised.map((one) => one.entityId)}::bigint[],
          ${sums.raised.map((one) => one.generation)}::bigint[]) r (system_id, entity_id, generation)
        where t.system_id = r.system_id and t.entity_id = r.entity_id and t.generation_desired < r.generation`,
    );
  await addCounts(transaction, [...sums.counts, ...countMade(made)]);
  const systems = new Set([...sums.raised, ...made].map((one) => one.systemId));
  if (systems.size > 0) {
    const notice = systems.size > NOTICE_SYSTEMS_MAX ? '' : [...systems].join(',');
    await transaction.rows(sql`select pg_notify(${DUE_CHANNEL}, ${notice})`);
  }
  return systems;
}

/** In one order, as whoever records outcomes locks them. */
async function lockTargets(transaction: Transaction, hits: readonly Hit[]): Promise<Map<string, Reached>> {
  if (hits.length === 0) return new Map();
  // First the systems: who removes one has it, and then waits for its targets.
  await transaction.rows(
    sql`select id from system where id = any (${[...new Set(hits.map((hit) => hit.systemId))]}::bigint[]) order by id for key share`,
  );
  const rows = await transaction.rows(
    sql<{ system_id: number; entity_id: number; first: number; desired: number; applied: number }>`
      select t.system_id, t.entity_id, t.generation_first as first, t.generation_desired as desired, t.generation_applied as applied
      from (select distinct system_id, entity_id
        from unnest(${hits.map((hit) => hit.systemId)}::bigint[], ${hits.map((hit) => hit.entityId)}::bigint[]) u (system_id, entity_id)) h
        join target t on t.system_id = h.system_id and t.entity_id = h.entity_id
      order by t.system_id, t.entity_id for update of t`,
  );
  return new Map(
    rows.map(({ system_id: systemId, entity_id: entityId, first, desired, applied }) => [
      keyOf({ systemId, entityId }),
      { systemId, entityId, first, desired, applied },
    ]),
  );
}

function countMade(made: readonly Hit[]): CountDelta[] {
  return made.map(({ revision, systemId }) => ({ revision, systemId, targets: 1, passedConfirmed: 0, passedOpen: 0 }));
}

/** Sweeps that are kept no more count no more. */
async function addCounts(transaction: Transaction, counts: readonly CountDelta[]): Promise<void> {
  if (counts.length === 0) return;
  await transaction.rows(
    sql`insert into sweep_count as c (revision, system_id, targets, passed_confirmed, passed_open)
      select r.revision, r.system_id, sum(r.targets), sum(r.confirmed), sum(r.open)
      from unnest(${counts.map((one) => one.revision)}::bigint[], ${counts.map((one) => one.systemId)}::bigint[],
        ${counts.map((one) => one.targets)}::bigint[], ${counts.map((one) => one.passedConfirmed)}::bigint[],
        ${counts.map((one) => one.passedOpen)}::bigint[]) r (revision, system_id, targets, confirmed, open)
        join sweep s on s.revision = r.revision
      group by r.revision, r.system_id order by r.revision, r.system_id
      on conflict (revision, system_id) do update set targets = c.targets + excluded.targets,
        passed_confirmed = c.passed_confirmed + excluded.passed_confirmed, passed_open = c.passed_open + excluded.passed_open`,
  );
}

export interface NewTarget extends Hit {
  readonly reference: Json;
  readonly isNode: boolean;
}

/**
 * Makes targets, each due at once. One that is there already is left as it is, but for its reference: a thing that is called
 * otherwise there is another thing, of which nothing is known. Answers those that were made.
 */
export async function makeTargets(transaction: Transaction, targets: readonly NewTarget[]): Promise<Hit[]> {
  if (targets.length === 0) return [];
  const first = new Map<string, NewTarget>();
  for (const target of targets) {
    const known = first.get(keyOf(target));
    if (known === undefined || target.revision < known.revision) first.set(keyOf(target), target);
  }
  const json = JSON.stringify(
    [...first.values()].map(({ revision, systemId, entityId, reference, isNode }) => ({
      revision,
      system_id: systemId,
      entity_id: entityId,
      reference,
      is_node: isNode,
    })),
  );
  const rows = await transaction.rows(
    sql<{ system_id: number; entity_id: number; generation_desired: number; is_made: boolean }>`
      insert into target as t (system_id, entity_id, account_id, owner_id, reference, is_node, generation_first, generation_desired, due_at)
      select r.system_id, r.entity_id, account_of(r.entity_id), e.owner_id, coalesce(r.reference, 'null'), r.is_node, r.revision,
        r.revision, now()
      from jsonb_to_recordset(${json}::jsonb) as r (revision bigint, system_id bigint, entity_id bigint, reference jsonb, is_node boolean)
        join entity e on e.id = r.entity_id join system s on s.id = r.system_id
      order by r.system_id, r.entity_id
      on conflict (system_id, entity_id) do update set reference = excluded.reference, applied = null, kept = null, task = null,
          is_unproven = false, unsure_until = null, lease_token = null, leased_until = null
        where not t.is_bound_by_hand and not t.is_node and t.reference is distinct from excluded.reference
      returning t.system_id, t.entity_id, t.generation_desired, xmax = 0 as is_made`,
  );
  return rows
    .filter((row) => row.is_made)
    .map((row) => ({ revision: row.generation_desired, systemId: row.system_id, entityId: row.entity_id }));
}
