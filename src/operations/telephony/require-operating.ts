/**
 * Whether an account operates, as the account APIs ask before anything else: of who asks, and of whom it is asked for.
 *
 * These APIs know one answer to any hold: nothing is done for an account that is not active. They are stricter than the
 * native API, where who is limited may look and who stopped itself may start again.
 */
import { Problem, problem } from '#core/problem.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { accountRefusedBy } from '#operations/identity/judge-actor.ts';
import type { EntityState } from '#store/entity.ts';

/** Why an account does not operate. */
export interface NotOperating {
  readonly standing: 'suspended' | 'closed';
  /** Whether by itself, or by an account above alone. */
  readonly isInherited: boolean;
  /** Nothing but that it has no password of its own yet. */
  readonly isUninitialized: boolean;
}

/** How an account fails to operate, by what this process decides from; null when it is active. */
export function whyNotOperating({ engine }: OperationContext, accountId: number): NotOperating | null {
  const explained = engine.explain(accountId);
  if (explained === null || explained.standing === 'active') return null;
  const own = explained.chain.find((node) => node.entityNumber === accountId);
  const isOwn = own !== undefined && (own.closedAt !== null || own.reasons.length > 0);
  return {
    standing: explained.standing === 'closed' ? 'closed' : 'suspended',
    isInherited: !isOwn,
    isUninitialized: explained.reasons.every((reason) => reason.cause === 'hold' && reason.profile === 'uninitialized'),
  };
}

/** The refusal of an account that does not operate: `forbidden`, with `standing` and `inherited` as facts. */
export function notActive(why: NotOperating): Problem {
  const { standing, isInherited } = why;
  return problem('forbidden', `${isInherited ? 'Parent' : 'Provided'} Account is not active`, {
    facts: { standing, inherited: isInherited },
  });
}

/** Whether it is such a refusal. */
export function isNotActive(refusal: unknown): boolean {
  return refusal instanceof Problem && refusal.code === 'forbidden' && refusal.facts['inherited'] !== undefined;
}

/** Throws `forbidden` unless the actor's own account is active, or waits for its first password and may act so. */
export function requireOperating(context: OperationContext, actor: Actor, isForUninitialized: boolean): void {
  const why = whyNotOperating(context, actor.ownAccountId);
  if (why !== null && !(isForUninitialized && why.isUninitialized)) throw notActive(why);
}

/** Words the refusal of an actor by its account's standing as these APIs do; leaves every other error as it is. */
export function asNotActive(context: OperationContext, error: unknown): unknown {
  const account = accountRefusedBy(error);
  if (account === undefined || !(error instanceof Problem)) return error;
  // The database may know of it before this process does, and tells less.
  const standing = error.facts['standing'] === 'closed' ? 'closed' : 'suspended';
  return notActive(whyNotOperating(context, account) ?? { standing, isInherited: false, isUninitialized: false });
}

/**
 * Throws `held` when the account may not be made to consume: no calls, messages or purchases for whoever is stopped or
 * closed, not even at the wish of an account above.
 */
export function requireConsuming(account: EntityState): void {
  const facts = { entity: account.uuid };
  if (account.closed) throw problem('held', `${account.label} is closed; nothing is done for it any more.`, { facts });
  if ((account.denied | account.intercepted) !== 0)
    throw problem('held', `${account.label} is not active; nothing can be used or bought for it.`, { facts });
}
