/** Does what a plan said, if its part of the tree is still as it was. */
import { isUuid } from '#core/ids.ts';
import { problem } from '#core/problem.ts';
import type { Permission } from '#core/permission.ts';
import { requireRight, sees } from '#operations/access.ts';
import { closeWithin } from '#operations/close-entity.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import type { EntityView } from '#operations/entity-view.ts';
import type { HoldView } from '#operations/hold-view.ts';
import { liftWithin } from '#operations/lift-hold.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { type PlanIntent, asObject } from '#operations/plan-change.ts';
import { placeWithin } from '#operations/place-hold.ts';
import { putProfileWithin } from '#operations/put-profile.ts';
import { getLinked, notFound } from '#operations/resolve.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import { type PlanRow, changesAround, lockPlan, markApplied } from '#store/plan.ts';
import type { Profile } from '#store/profile.ts';

export interface AppliedPlan {
  readonly token: string;
  readonly result: HoldView | EntityView | Profile;
  /** How many entities were created beneath the node since the plan: they are reached, too. */
  readonly createdSince: number;
}

/**
 * Applies a plan once. Throws `not_found`, and `conflict` when it was applied, has run out, or when a change of shape,
 * hold, profile or lifecycle has touched the node, its ancestors or its subtree since.
 */
export function applyPlan(
  context: OperationContext,
  actor: Actor,
  token: string,
  idempotency?: IdempotencyKey,
): Promise<Performed<AppliedPlan>> {
  // Exclusive, so that nothing is shaped between the look at what changed and the commit.
  return perform(context, actor, { lock: 'exclusive', idempotency }, async (work) => {
    const { transaction, actor: asking } = work;
    const plan = isUuid(token.toLowerCase()) ? await lockPlan(transaction, token.toLowerCase()) : null;
    const entity = plan === null ? null : await getLinked(transaction, plan.entity_id);
    if (plan === null || entity === null || !sees(asking, entity)) throw notFound(`plan ${token}`);
    requireRight(asking, entity, NEEDS[plan.intent['action'] as PlanIntent['action']]); // Written by planChange alone.
    if (plan.applied_at !== null) throw problem('conflict', 'This plan has been applied already.');
    if (plan.expires_at <= context.clock())
      throw problem('conflict', `This plan ran out at ${plan.expires_at.toISOString()}; make it again.`);
    const { shaping, created } = await changesAround(transaction, plan.entity_id, plan.revision);
    if (shaping !== null)
      throw problem(
        'conflict',
        `The tree changed since this plan was made (${shaping.kind} at revision ${shaping.revision}); make it again.`,
        {
          facts: { ...shaping },
        },
      );
    const result = await carryOut(work, plan);
    await markApplied(transaction, plan.token);
    return { token: plan.token, result, createdSince: created };
  });
}

/** What each action of a plan needs, said before anything is told of the plan. */
const NEEDS: Readonly<Record<PlanIntent['action'], Permission>> = {
  hold: 'hold:place',
  lift: 'hold:lift',
  close: 'entity:close',
  profile: 'profile:write',
};

async function carryOut(work: Work, plan: PlanRow): Promise<HoldView | EntityView | Profile> {
  const { intent, entity_id: id } = plan;
  switch (intent['action']) {
    case 'hold':
      return (await placeWithin(work, id, intent, 'planned')).hold;
    case 'lift':
      return liftWithin(work, id, String(intent['hold']));
    case 'close':
      return closeWithin(work, id, 'planned');
    case 'profile':
      return putProfileWithin(work, String(intent['name']), asObject(intent['body']), 'planned');
    default:
      throw new Error(`plan ${plan.token} has no known action`);
  }
}
