/** Closes an entity with everything beneath it, for ever. */
import { invalid, problem } from '#core/problem.ts';
import { chargeClosing } from '#operations/charges.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type EntityView, readView } from '#operations/entity-view.ts';
import { requirePlan } from '#operations/guard.ts';
import { withRests } from '#operations/number-rest.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getLocked, refuseStale } from '#operations/resolve.ts';
import type { UpdateOptions } from '#operations/update-entity.ts';
import { type EntityState, markClosed } from '#store/entity.ts';
import { readKindRows } from '#store/kind-row.ts';

/**
 * Closes an entity. One row is written; what lies beneath is closed with it because its parent is. Closing what is
 * closed by itself changes nothing. Throws `invalid` for the platform, `conflict` for a number that another operator has
 * asked for, `plan_required` above the guard limit.
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
  if (entity.closed_at !== null) return readRestingView(work, entity.id);
  await refusePorting(work, entity);
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
  return readRestingView(work, entity.id);
}

async function readRestingView({ transaction, actor, context }: Work, id: number): Promise<EntityView> {
  const view = await readView(transaction, actor, id);
  const [resting = view] = await withRests(context, transaction, [view]);
  return resting;
}

/** A working number is ported whatever is owed, and must not be cut once the port is asked for (Florida rule 25-4.082). */
async function refusePorting({ transaction }: Work, entity: EntityState): Promise<void> {
  if (entity.kind !== 'phone_number') return;
  const since = (await readKindRows(transaction, 'phone_number', [entity.id])).get(entity.id)?.['portOutPendingSince'];
  if (typeof since !== 'string') return;
  throw problem(
    'conflict',
    `Another operator has asked for ${entity.label} (portOutPendingSince ${since}); it is closed when that is done, or withdrawn.`,
    {
      errors: [{ field: 'portOutPendingSince', message: 'must be cleared first' }],
      facts: { entity: entity.uuid, portOutPendingSince: since },
    },
  );
}
