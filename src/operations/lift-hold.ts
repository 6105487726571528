/** Lifts a hold. Whatever else holds the entity, there or above, still does. */
import { AUTHORITIES, reachesLevel } from '#core/authority.ts';
import { isUuid } from '#core/ids.ts';
import { invalid, problem } from '#core/problem.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type HoldView, holdView } from '#operations/hold-view.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getEntity, notFound, refuseClosed } from '#operations/resolve.ts';
import { endHold, lockHold } from '#store/hold.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';

/**
 * Ends a hold, in force or scheduled. A hold that has ended already is answered as it is. Throws `not_found`,
 * `forbidden` for a hold of a higher authority, `closed` beneath a closed node.
 */
export function liftHold(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  holdId: string,
  idempotency?: IdempotencyKey,
): Promise<Performed<HoldView>> {
  return perform(context, actor, { lock: 'none', idempotency }, (work) => liftWithin(work, id, holdId));
}

/** The body of `liftHold`, for use inside a larger transaction. */
export async function liftWithin(work: Work, id: string | number, holdId: string): Promise<HoldView> {
  const { transaction, actor } = work;
  const entity = await getEntity(transaction, id);
  const uuid = holdId.toLowerCase();
  if (!isUuid(uuid)) throw invalid({ field: 'hold', message: 'must be the UUID of a hold' });
  const hold = await lockHold(transaction, entity.id, uuid);
  if (hold === null) throw notFound(`hold ${uuid} on ${entity.label}`);
  if (!reachesLevel(actor.authority, hold.authority))
    throw problem(
      'forbidden',
      `This hold was placed by the authority ${hold.authority}; only ${AUTHORITIES.slice(AUTHORITIES.indexOf(hold.authority)).join(' or ')} can lift it.`,
      {
        facts: { hold: hold.uuid, authority: hold.authority },
      },
    );
  refuseClosed(entity, 'resumed');
  if (hold.ended_at !== null) return holdView(hold);
  const ended = await endHold(transaction, hold.id, 'lifted', actor.name);
  transaction.record({
    kind: 'hold.lifted',
    entityId: entity.id,
    facts: { hold: hold.uuid, profile: hold.profile, wasInForce: hold.activated_at !== null },
    touched: [entity.id],
  });
  return holdView(ended);
}
