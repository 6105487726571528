/** What people do to targets: bind by hand, unbind, have them told again, acknowledge. */
import type { Json } from '#core/field.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getEntity, getLinked, refuseClosed, refuseUnknown } from '#operations/resolve.ts';
import { accountsOf } from '#store/entity.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import { readKindRows } from '#store/kind-row.ts';
import type { SystemRow } from '#store/system.ts';
import {
  acknowledgeTargets,
  bindTarget as bindRow,
  lockTarget,
  removeTarget,
  retryTargets,
} from '#store/target-by-hand.ts';
import { type TargetRow, findTarget } from '#store/target-list.ts';

import { getWritableSystem } from './find-system.ts';
import { getTarget, readTargetFilter } from './read-targets.ts';
import { type TargetDetails, targetDetails } from './target-view.ts';

type Input = Readonly<Record<string, unknown>>;

/**
 * Binds an entity to a system by the name that it has there. Throws `not_found`, `forbidden`, `invalid` for a kind that the
 * system does not serve or a reference that is none, `closed` unless it is bound already.
 */
export function bindTarget(
  context: OperationContext,
  actor: Actor,
  name: string,
  id: string,
  input: Input,
  idempotency?: IdempotencyKey,
): Promise<Performed<TargetDetails>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { transaction, actor: asking } = work;
    const system = await getWritableSystem(transaction, asking, name);
    const entity = await getEntity(transaction, asking, id, 'entity');
    refuseUnknown(input, ['reference'], 'a binding');
    const kind = SYSTEM_KIND[system.kind];
    if (kind.reach !== 'bound')
      throw invalid({
        field: 'system',
        message:
          kind.reach === 'node'
            ? `is told of whatever is held: nothing is bound to a ${kind.name} by hand`
            : `has no targets: a ${kind.name} ${kind.reach === 'events' ? 'follows events' : 'is told of no holds'}`,
      });
    if (!kind.serves.includes(entity.kind))
      throw invalid({
        field: 'entity',
        message: `must be ${kind.serves.join(' or ')}, and ${entity.label} is ${entity.kind}`,
      });
    if (input['reference'] === undefined) throw invalid({ field: 'reference', message: 'is missing' });
    const reading = kind.readReference(input['reference']);
    if (!reading.ok) throw invalid({ field: 'reference', message: reading.message });
    const former = await findTarget(transaction, system.id, entity.id);
    if (former === null) refuseClosed(entity, 'bound');
    const binding = { systemId: system.id, entityId: entity.id, ownerId: entity.owner_id, reference: reading.value };
    await bindRow(transaction, { ...binding, accountId: await accountOf(work, entity.id) }, true);
    recordOf(work, 'target.bound', system, entity.id);
    return detailsOf(work, system, entity.id, id);
  });
}

/**
 * Forgets a binding by hand: the system keeps what it has, and is told nothing more of the entity, unless that names the system by
 * itself. Throws `not_found`, `forbidden`, and `conflict` for what was not bound by hand.
 */
export function unbindTarget(
  context: OperationContext,
  actor: Actor,
  name: string,
  id: string,
  idempotency?: IdempotencyKey,
): Promise<Performed<TargetDetails>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { transaction, actor: asking } = work;
    const { system, target } = await lockOne(work, asking, name, id);
    if (!target.is_bound_by_hand)
      throw problem(
        'conflict',
        target.is_node
          ? `${target.entity_label} is told to ${system.name} because it is or was held; it is not bound by hand.`
          : `${target.entity_label} names ${system.name} by itself; change that there.`,
        { facts: { system: system.name, entity: target.entity_uuid } },
      );
    const entityId = target.entity_id;
    const own = await ownReference(work, system, target);
    if (own === undefined) await removeTarget(transaction, system.id, entityId);
    else {
      const { owner_id: ownerId } = await getLinked(transaction, entityId);
      const accountId = await accountOf(work, entityId);
      await bindRow(transaction, { systemId: system.id, entityId, accountId, ownerId, reference: own }, false);
    }
    recordOf(work, 'target.unbound', system, entityId);
    return targetDetails(target, context.clock());
  });
}

async function accountOf({ transaction }: Work, entityId: number): Promise<number> {
  return (await accountsOf(transaction, [entityId])).get(entityId) ?? 0;
}

/** How an entity that names the system is called there; undefined for one that does not. */
async function ownReference({ transaction }: Work, system: SystemRow, target: TargetRow): Promise<Json | undefined> {
  const { entity_kind: kind, entity_id: id } = target;
  if (kind !== 'foreign' && kind !== 'phone_number') return undefined;
  const values = (await readKindRows(transaction, kind, [id])).get(id) ?? {};
  if (values[kind === 'foreign' ? 'system' : 'provider'] !== system.name) return undefined;
  const given = kind === 'foreign' ? values['externalReference'] : (values['providerReference'] ?? values['e164']);
  const reading = SYSTEM_KIND[system.kind].readReference(given ?? null);
  return reading.ok ? reading.value : null;
}

/** Has one target told again at once, where it is not as it should be. Throws `not_found`, `forbidden`. */
export function retryTarget(
  context: OperationContext,
  actor: Actor,
  name: string,
  id: string,
  idempotency?: IdempotencyKey,
): Promise<Performed<TargetDetails>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { system, target } = await lockOne(work, work.actor, name, id);
    const count = await retryTargets(work.transaction, system.id, { entityId: target.entity_id });
    if (count > 0) recordOf(work, 'target.retried', system, target.entity_id);
    return detailsOf(work, system, target.entity_id, id);
  });
}

/** Marks one target that needs a person as known to one. Throws `not_found`, `forbidden`, `conflict` for any other. */
export function acknowledgeTarget(
  context: OperationContext,
  actor: Actor,
  name: string,
  id: string,
  idempotency?: IdempotencyKey,
): Promise<Performed<TargetDetails>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { system, target } = await lockOne(work, work.actor, name, id);
    if (target.outcome === 'acknowledged') return targetDetails(target, context.clock());
    const count = await acknowledgeTargets(
      work.transaction,
      system.id,
      { entityId: target.entity_id },
      work.actor.name,
    );
    if (count === 0)
      throw problem(
        'conflict',
        `${target.entity_label} is ${target.outcome} in ${system.name}; only what failed is acknowledged.`,
        {
          facts: { outcome: target.outcome },
        },
      );
    recordOf(work, 'target.acknowledged', system, target.entity_id);
    return detailsOf(work, system, target.entity_id, id);
  });
}

export interface TargetCount {
  readonly system: string;
  /** How many targets it was done to. */
  readonly count: number;
}

/**
 * Has all targets of a system told again that need a person, or those that the filter means. One change is recorded for all.
 * Throws `not_found`, `forbidden`, `invalid`.
 */
export function retryMany(
  context: OperationContext,
  actor: Actor,
  name: string,
  input: Input,
  idempotency?: IdempotencyKey,
): Promise<Performed<TargetCount>> {
  return forMany(context, actor, name, input, 'target.retried', idempotency);
}

/** Marks all targets of a system that need a person as known to one, or those of them that the filter means. */
export function acknowledgeMany(
  context: OperationContext,
  actor: Actor,
  name: string,
  input: Input,
  idempotency?: IdempotencyKey,
): Promise<Performed<TargetCount>> {
  return forMany(context, actor, name, input, 'target.acknowledged', idempotency);
}

function forMany(
  context: OperationContext,
  actor: Actor,
  name: string,
  input: Input,
  kind: 'target.retried' | 'target.acknowledged',
  idempotency: IdempotencyKey | undefined,
): Promise<Performed<TargetCount>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { transaction, actor: asking } = work;
    const system = await getWritableSystem(transaction, asking, name);
    refuseUnknown(input, ['outcome', 'problem', 'beneath'], 'a choice of targets');
    const errors: FieldError[] = [];
    const text = (field: 'outcome' | 'problem' | 'beneath') => {
      const value = input[field];
      if (value === undefined || value === null) return undefined;
      if (typeof value === 'string' || (field === 'beneath' && typeof value === 'number')) return String(value);
      errors.push({ field, message: 'must be text' });
      return undefined;
    };
    const query = { outcome: text('outcome') ?? 'failed', problem: text('problem'), beneath: text('beneath') };
    const filter = await readTargetFilter(transaction, asking, query, errors);
    const count =
      kind === 'target.retried'
        ? await retryTargets(transaction, system.id, filter)
        : await acknowledgeTargets(transaction, system.id, filter, asking.name);
    if (count > 0) recordOf(work, kind, system, filter.beneath?.id ?? system.account_id, { count });
    return { system: system.name, count };
  });
}

async function lockOne(work: Work, actor: Actor, name: string, id: string) {
  const { transaction } = work;
  const system = await getWritableSystem(transaction, actor, name);
  const entity = await getEntity(transaction, actor, id, 'entity');
  await lockTarget(transaction, system.id, entity.id);
  return { system, target: await getTarget(transaction, system, entity.id, id) };
}

async function detailsOf(work: Work, system: SystemRow, entityId: number, given: string): Promise<TargetDetails> {
  const row: TargetRow = await getTarget(work.transaction, system, entityId, given);
  return targetDetails(row, work.context.clock());
}

function recordOf({ transaction }: Work, kind: string, system: SystemRow, entityId: number, more: Input = {}): void {
  transaction.record({ kind, entityId, facts: { system: system.uuid, name: system.name, ...more }, touched: [] });
}
