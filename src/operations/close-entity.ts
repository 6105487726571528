/** Closes an entity with everything beneath it, for ever. */
import { invalid } from '#core/problem.ts';
import { chargeClosing } from '#operations/charges.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type EntityView, readView } from '#operations/entity-view.ts';
import { requirePlan } from '#operations/guard.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getLocked, refuseStale } from '#operations/resolve.ts';
import type { UpdateOptions } from '#operations/update-entity.ts';
import { markClosed } from '#store/entity.ts';

/**
 * Closes an entity. One row is written; what lies beneath is closed with it because its parent is. Closing what is
 * closed by itself changes nothing. Throws `invalid` for the platform, `plan_required` above the guard limit.
 */
export function closeEntity(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  options: UpdateOptions = {},
): Promise<Performed<EntityView>> {
  return perform(context, actor, { lock: 'exclusive', idempotency: options.idempotency }, (work) =>
    closeWithin(work, id, 'guarded', options.version),
  );
}

/** The body of `closeEntity`, for use inside a larger transaction that holds the shape lock exclusively. */
export async function closeWithin(
  work: Work,
  id: string | number,
  guard: 'guarded' | 'planned',
  version?: number,
): Promise<EntityView> {
  const { transaction, actor } = work;
  const entity = await getLocked(transaction, actor, id, 'entity:close');
  if (entity.id === 0) throw invalid({ field: 'id', message: 'the platform cannot be closed' });
  if (entity.closed_at !== null) return readView(transaction, actor, entity.id);
  refuseStale(entity, version);
  if (guard === 'guarded') await requirePlan(work, entity);
  await chargeClosing(transaction, entity);
  await markClosed(transaction, entity.id);
  transaction.record({
    kind: 'entity.closed',
    entityId: entity.id,
    facts: {},
    touched: [entity.id],
  });
  return readView(transaction, actor, entity.id);
}
