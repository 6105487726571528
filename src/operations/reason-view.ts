/** Reasons as an actor may know them: what sits above its account has no name, and its author neither. */
import type { Reason } from '#decisions/answer.ts';
import type { DecisionEngine } from '#decisions/engine.ts';
import type { Actor } from '#operations/context.ts';

/**
 * A reason from memory alone. Who placed a hold is told to the platform only, since memory does not know for whom a hold
 * was placed; the standing of an entity tells it to all who may know.
 */
export function outsideReason(engine: DecisionEngine, actor: Actor, reason: Reason): Reason {
  if (actor.accountId === 0) return reason;
  const isSeen = reason.entityNumber !== null && engine.isWithin(reason.entityNumber, actor.accountId);
  return redactedReason(reason, isSeen, false);
}

/** A reason without what the reader may not know: the node on which it sits, or who placed it and why. */
export function redactedReason(reason: Reason, isNodeSeen: boolean, isAuthorSeen: boolean): Reason {
  return {
    ...reason,
    ...(isNodeSeen ? {} : { entity: null, entityNumber: null, hold: null }),
    ...(isAuthorSeen && isNodeSeen ? {} : { placedBy: reason.authority, note: null }),
  };
}
