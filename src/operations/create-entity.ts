/** Creates one account or resource. */
import { Problem } from '#core/problem.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type EntityView, readView } from '#operations/entity-view.ts';
import { type Performed, perform } from '#operations/perform.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';

import { createBatch } from './create/create-batch.ts';
import type { CreateInput } from './create/read-item.ts';

/**
 * Creates an entity of the kind that the input names. Throws `invalid` for each wrong field, `not_found` for a parent,
 * owner or target that is not there, `exists` for a name that is taken, `closed` and `held` for a parent that is.
 */
export function createEntity(
  context: OperationContext,
  actor: Actor,
  input: CreateInput,
  idempotency?: IdempotencyKey,
): Promise<Performed<EntityView>> {
  return perform(context, actor, { lock: 'shared', idempotency }, async (work) => {
    const [outcome] = await createBatch(work, [input]);
    if (outcome instanceof Problem || outcome === undefined) throw outcome ?? new Error('no outcome');
    return readView(work.transaction, work.actor, outcome.id);
  });
}
