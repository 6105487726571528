/**
 * What the reconciler asks of a system, whatever its kind: make one target match, and say what is there.
 *
 * A driver is made for each system in each process, and lives until the system is changed or removed. It keeps nothing that it
 * could not lose: what must outlast it goes into the target, by `Outcome` or by `Call.keep`.
 */
import type { Json, Values } from '#core/field.ts';
import type { Kind } from '#core/kind.ts';
import type { Outcome } from '#core/reconcile/verdict.ts';
import type { ProfileFacts } from '#core/system-kind.ts';

/** A system as its driver sees it. */
export interface SystemSettings {
  readonly id: number;
  readonly name: string;
  readonly settings: Values;
  /** Opened credentials: never in a log, an error or an outcome. */
  readonly secrets: Values;
}

/** One target that is to be made to match. */
export interface Order {
  readonly entityId: number;
  /** UUID of the entity. */
  readonly uuid: string;
  readonly kind: Kind;
  /** The account that contains it, by number. */
  readonly accountId: number;
  readonly reference: Json;
  /** The fields of the entity. */
  readonly values: Values;
  readonly profiles: readonly ProfileFacts[];
  readonly desired: Json;
  /** What was confirmed last; null when nothing was. */
  readonly applied: Json;
  /** What was configured before the first hold, as `Call.keep` or an outcome stored it; null when nothing is kept. */
  readonly kept: Json;
  /** What runs at the far side since an earlier call, as `waiting` stored it. */
  readonly task: Json;
  /** An earlier request may have acted though no reply came: "already so" then means done. */
  readonly mayHaveActed: boolean;
  /** An earlier request that was given up may still arrive and undo this one, which is told once more after that. */
  readonly mayStillArrive?: boolean;
  /** Somebody changed it there, or the state there is to be written in any case. */
  readonly isForced: boolean;
  /** A UUID that is the same for each try of one generation. */
  readonly requestId: string;
  readonly attempts: number;
}

/** What goes with each call of a driver. */
export interface Call {
  /** Aborted well before the lease of the target ends, and when the process stops. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Which of the concurrent calls this is, from 0: a driver may keep a session for each. */
  readonly slot: number;
  /** Stores what was configured before anything is written there; the lease must still be held, else it throws. */
  keep(value: Json): Promise<void>;
}

export type { Outcome };

/** What a system says it has for a target, in the form of a desired state. */
export type Observation =
  | { readonly type: 'seen'; readonly state: Json; readonly detail?: Json }
  | { readonly type: 'unseen'; readonly code: string; readonly detail: string };

export interface SystemDriver {
  /** Makes one target match. What it throws counts as `later` when it is a `SystemFailure`, else as a bug, which is logged. */
  converge(order: Order, call: Call): Promise<Outcome>;
  /** Says what is there, without changing it. */
  observe?(order: Order, call: Omit<Call, 'keep'>): Promise<Observation>;
  /** Ends sessions; no call is running. */
  close?(): Promise<void>;
}

export type MakeDriver = (system: SystemSettings) => SystemDriver;
