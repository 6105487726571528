/** The answers of the engine, as its callers see them. Plain data; times are ISO 8601 in UTC. */
import type { Action } from '#core/action.ts';
import type { Kind } from '#core/kind.ts';
import type { Standing } from '#core/restrictions.ts';

export type Effect = 'allow' | 'deny' | 'intercept' | 'unknown';

/** On which way a reason reaches the subject. */
export type Via = 'self' | 'parent' | 'owner' | 'target';

export type Cause = 'hold' | 'closed' | 'owner_closed' | 'target_closed';

/** One reason why an action is not allowed. What only a hold has is null for a closed node. */
export interface Reason {
  readonly cause: Cause;
  readonly via: Via;
  /** Whether it sits on another entity than the subject. */
  readonly inherited: boolean;
  /** Where it sits; null for a reader who may not know. */
  readonly entity: string | null;
  readonly entityNumber: number | null;
  readonly hold: string | null;
  readonly profile: string | null;
  readonly authority: string | null;
  readonly since: string | null;
  readonly until: string | null;
  readonly placedBy: string | null;
  readonly note: string | null;
}

/** How a "no" is worded to whoever asked. */
export interface RefusalWords {
  readonly sip: number;
  readonly http: number;
  readonly text: string;
  readonly announcement?: string;
  /** Null when no hold but a closed node refuses. */
  readonly profile: string | null;
}

/** The state of knowledge from which an answer was given. */
export interface AsOf {
  readonly revision: number;
  readonly epoch: string;
  /** Zero while the engine follows; otherwise how long ago it last knew that it had everything. */
  readonly staleForMs: number;
}

export interface Decision extends AsOf {
  readonly effect: Effect;
  /** The action that was judged: a call to an emergency number is `call.emergency`. */
  readonly action: Action;
  readonly standing: Standing | null;
  /** Those that touch the action, the one that words the refusal first. */
  readonly reasons: readonly Reason[];
  readonly refusal: RefusalWords | null;
}

export interface StandingAnswer extends AsOf {
  readonly entity: string;
  readonly entityNumber: number;
  readonly kind: Kind;
  readonly standing: Standing;
  readonly lifecycle: 'open' | 'closed';
  readonly denied: readonly Action[];
  readonly intercepted: readonly Action[];
  readonly reasons: readonly Reason[];
}

/** One node of all that reaches an entity, with what sits on the node itself. */
export interface ExplainedNode {
  readonly entity: string;
  readonly entityNumber: number;
  readonly kind: Kind;
  readonly via: Via;
  readonly closedAt: string | null;
  readonly reasons: readonly Reason[];
}

export interface Explanation extends StandingAnswer {
  /** From the entity up to the platform, then its owner's line, then what its target adds. */
  readonly chain: readonly ExplainedNode[];
}
