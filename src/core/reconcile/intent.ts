/** What is to be done about a target that was claimed: call, wait, or nothing at all. */
import type { Json } from '#core/field.ts';
import type { SystemKind } from '#core/system-kind.ts';

/** What is known of a target as it is claimed. */
export interface Known {
  /** What the system confirmed last; null: nothing. */
  readonly applied: Json;
  /** What runs at the far side. */
  readonly task: Json;
  /** A request may have acted, and no reply came. */
  readonly isUnproven: boolean;
  /** Somebody changed it there. */
  readonly isDrifted: boolean;
  /**
   * `open`: a request that was given up may still arrive. `over`: the time for that has passed, and nothing was confirmed since.
   * `none`: no such request.
   */
  readonly doubt: Doubt;
}

export type Doubt = 'none' | 'open' | 'over';

/** `settle`: there is nothing to tell, but a former request may still arrive; look again when none can. */
export type Intent =
  | { readonly type: 'call'; readonly isForced: boolean }
  | { readonly type: 'settle' }
  | { readonly type: 'confirm' };

/**
 * Decides whether a target has to be told. What was superseded before it was delivered is not told: only the way from what was
 * confirmed last to what is desired now counts. Where that is nothing, a call is made all the same if what the system has is
 * not known for certain; it is forced then, since the system has to be written whatever it was before.
 */
export function intentOf(kind: Pick<SystemKind, 'verb'>, known: Known, desired: Json): Intent {
  if (known.isDrifted) return { type: 'call', isForced: true };
  if (kind.verb(known.applied, desired) !== null) return { type: 'call', isForced: false };
  if (known.task !== null) return { type: 'call', isForced: false };
  if (known.isUnproven || known.doubt === 'over') return { type: 'call', isForced: true };
  return { type: known.doubt === 'open' ? 'settle' : 'confirm' };
}
