/**
 * The merge of all that reaches one entity: which actions are denied and intercepted, and which hold words the refusal.
 *
 * Laws: the order of holds never matters; adding one never allows more; deny beats intercept beats allow.
 */
import { type ActionMask, ALL_ACTIONS, ALL_BUT_EMERGENCY } from '#core/action.ts';

/** What a hold contributes to the merge: its profile's masks and the rank of its wording. */
export interface HoldEffect {
  readonly id: number;
  readonly denied: ActionMask;
  readonly intercepted: ActionMask;
  readonly severity: number;
  readonly authority: number;
  readonly placedAtMs: number;
}

export interface Restrictions {
  readonly denied: ActionMask;
  readonly intercepted: ActionMask;
  /** Closed by itself or by a parent: nothing operates, for ever. */
  readonly closed: boolean;
  /** The owner's chain is closed: held until the record is transferred. */
  readonly ownerClosed: boolean;
}

export type Standing = 'active' | 'limited' | 'suspended' | 'closed';

/** The reach of a chain, before merging. */
export interface Reach<H extends HoldEffect> {
  readonly holds: Iterable<H>;
  readonly closed: boolean;
  readonly ownerClosed: boolean;
}

/**
 * Merges the holds of every chain that reaches an entity. A closed parent denies every action, emergency calls
 * included, because there is no subscriber any more; a closed owner denies all but emergency calls.
 */
export function mergeHolds(reach: Reach<HoldEffect>): Restrictions {
  let denied = 0;
  let intercepted = 0;
  for (const hold of reach.holds) {
    denied |= hold.denied;
    intercepted |= hold.intercepted;
  }
  if (reach.ownerClosed) denied |= ALL_BUT_EMERGENCY;
  if (reach.closed) denied |= ALL_ACTIONS;
  return {
    denied,
    intercepted: intercepted & ~denied,
    closed: reach.closed,
    ownerClosed: reach.ownerClosed,
  };
}

/**
 * The hold that words the refusal of the actions in `mask`: the highest of severity, authority, then the earliest
 * placed, then the lowest id. Null when none of the holds touches them.
 */
export function governingHold<H extends HoldEffect>(holds: Iterable<H>, mask: ActionMask): H | null {
  let best: H | null = null;
  for (const hold of holds) {
    if (((hold.denied | hold.intercepted) & mask) === 0) continue;
    if (best === null || outranks(hold, best)) best = hold;
  }
  return best;
}

/** Total order of holds by who words the refusal; `true` when `a` comes before `b`. */
export function outranks(a: HoldEffect, b: HoldEffect): boolean {
  if (a.severity !== b.severity) return a.severity > b.severity;
  if (a.authority !== b.authority) return a.authority > b.authority;
  if (a.placedAtMs !== b.placedAtMs) return a.placedAtMs < b.placedAtMs;
  return a.id < b.id;
}

/** The word for a set of restrictions. Held means denied or intercepted. */
export function standingOf(restrictions: Restrictions): Standing {
  if (restrictions.closed) return 'closed';
  const held = restrictions.denied | restrictions.intercepted;
  if (held === 0) return 'active';
  return (restrictions.denied & ALL_BUT_EMERGENCY) === ALL_BUT_EMERGENCY ? 'suspended' : 'limited';
}
