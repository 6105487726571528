/**
 * The question of a gateway that lets requests through or not: about a subject that it names, or about the account whose
 * credential it passes on.
 */
import { ACTION_BIT, EMERGENCY } from '#core/action.ts';
import { problem } from '#core/problem.ts';
import type { Decision } from '#decisions/answer.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, platformActor } from '#operations/context.ts';
import { type Question, decideAtOnce } from '#operations/decide.ts';
import { accountRefusedBy } from '#operations/identity/judge-actor.ts';

export type { Decision };

/** Judges by number alone, where the account is known and its own standing is all that is asked. */
const ITSELF = platformActor('system:gateway');

/**
 * Decides at once, from memory. Without a subject it is about the account that the credential belongs to. Throws
 * `malformed` when the platform asks without one, `forbidden`, `invalid`, `not_found` for a subject that is not there or
 * may not be seen, `unavailable` when too little is known now.
 */
export function decideForGateway(context: OperationContext, actor: Actor, question: Question): Decision {
  requirePermission(actor, 'decision:ask');
  // The platform's own account is never held: a gateway that forgets the subject would let everybody through.
  if (question.subject === undefined && actor.ownAccountId === 0)
    throw problem('malformed', 'X-Abeyance-Subject: is missing; without it only a key of an account beneath counts.');
  return known(context, decideAtOnce(context.engine, actor, question, actor.ownAccountId));
}

/**
 * What a credential means whose account was refused for its standing: the decision about that account, with its reasons.
 * Null when it was refused for anything else, or the decision is no "no" (the action is none that is held): it stays
 * refused then, but for an emergency call.
 */
export function decideForRefused(context: OperationContext, refusal: unknown, question: Question): Decision | null {
  const account = accountRefusedBy(refusal);
  if (account === undefined || question.subject !== undefined) return null;
  const decision = decideAtOnce(context.engine, ITSELF, question, account);
  const isEmergency = (ACTION_BIT[decision.action] & EMERGENCY) !== 0;
  return decision.effect === 'deny' || decision.effect === 'intercept' || (decision.effect === 'allow' && isEmergency)
    ? decision
    : null;
}

function known(context: OperationContext, decision: Decision): Decision {
  if (decision.effect !== 'unknown') return decision;
  if (context.engine.ready) throw problem('not_found', 'X-Abeyance-Subject: there is no such subject.');
  throw problem('unavailable', 'Too little is known now to decide: the database cannot be reached.');
}
