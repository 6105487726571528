/**
 * The guard against the mistyped million: what would change more entities than the limit, or the platform itself,
 * needs a plan.
 */
import { type FieldError, problem } from '#core/problem.ts';
import { isTelephonyFace } from '#operations/identity/judge-actor.ts';
import type { Work } from '#operations/perform.ts';
import { type EntityState, countBeneath } from '#store/entity.ts';
import { guardLimitOf } from '#store/login.ts';

/** Throws `plan_required` when the node has more beneath it than the guard allows. */
export async function requirePlan(work: Work, entity: EntityState): Promise<void> {
  const guardLimit = await limitOf(work);
  if (entity.id === 0) throw planRequired('the whole platform', guardLimit);
  const count = await countBeneath(work.transaction, entity.id, guardLimit + 1);
  if (count > guardLimit) throw planRequired(`more than ${guardLimit} entities`, guardLimit);
}

/** The account APIs cannot make plans: what is beyond their limit is for another face. */
async function limitOf({ transaction, context, actor }: Work): Promise<number> {
  const { guardLimit, faceGuardLimit } = context.settings;
  if (!isTelephonyFace(actor.request)) return guardLimit;
  const own = actor.credential === null ? null : await guardLimitOf(transaction, actor.credential.login);
  return own ?? faceGuardLimit;
}

/** The refusal, which tells the way out. */
export function planRequired(what: string, guardLimit: number) {
  return problem('plan_required', `This would change ${what}; make a plan, look at it, and apply it.`, {
    facts: { guardLimit },
  });
}

const GUARD_MAX = 1_000_000_000;

/** Reads the limit of a login. */
export function readGuardLimit(given: unknown, errors: FieldError[]): number | null | undefined {
  if (given === undefined || given === null) return given;
  if (typeof given === 'number' && Number.isInteger(given) && given >= 1 && given <= GUARD_MAX) return given;
  errors.push({ field: 'guardLimit', message: `must be a whole number from 1 to ${GUARD_MAX}, or null` });
  return undefined;
}
