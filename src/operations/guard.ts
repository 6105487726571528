/**
 * The guard against the mistyped million: what would change more entities than the limit, or the platform itself,
 * needs a plan.
 */
import { problem } from '#core/problem.ts';
import type { Work } from '#operations/perform.ts';
import { type EntityState, countBeneath } from '#store/entity.ts';

/** Throws `plan_required` when the node has more beneath it than the guard allows. */
export async function requirePlan(work: Work, entity: EntityState): Promise<void> {
  const { guardLimit } = work.context.settings;
  if (entity.id === 0) throw planRequired('the whole platform', guardLimit);
  const count = await countBeneath(work.transaction, entity.id, guardLimit + 1);
  if (count > guardLimit) throw planRequired(`more than ${guardLimit} entities`, guardLimit);
}

/** The refusal, which tells the way out. */
export function planRequired(what: string, guardLimit: number) {
  return problem('plan_required', `This would change ${what}; make a plan, look at it, and apply it.`, {
    facts: { guardLimit },
  });
}
