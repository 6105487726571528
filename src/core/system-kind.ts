/**
 * A kind of downstream system, declared once: what its settings are, how it names its targets, and what it should be told.
 *
 * What is desired follows from the facts of a target alone, and is plain JSON: two equal texts are one state, and nothing is
 * told when the desired state is the one that was confirmed last.
 */
import type { ActionMask } from '#core/action.ts';
import type { Fields, Json, Values } from '#core/field.ts';
import type { Kind } from '#core/kind.ts';
import type { FieldError } from '#core/problem.ts';
import type { Reading } from '#core/reading.ts';

export const SYSTEM_KINDS = [
  'aps',
  'broadworks',
  'kamailio',
  'powerdns',
  'dovecot',
  'number_provider',
  'webhook',
  'call_platform',
] as const;
export type SystemKindName = (typeof SYSTEM_KINDS)[number];

/** What is desired of a target is computed from these. */
export interface TargetFacts {
  readonly kind: Kind;
  /** The fields of the entity, by their names; references are numbers. */
  readonly values: Values;
  readonly reference: Json;
  readonly denied: ActionMask;
  readonly intercepted: ActionMask;
  /** Closed by itself or by what contains it. */
  readonly closed: boolean;
  readonly ownerClosed: boolean;
  /** Since when it is closed, by itself or by what contains it (ISO 8601); absent while it is open. */
  readonly closedSince?: string;
  /** The profiles in force on its lines; the one that words the refusal first. */
  readonly profiles: readonly ProfileFacts[];
  /** The resources that contain it, the nearest first, where a kind of system asks for them. */
  readonly containers?: readonly ContainerFacts[];
}

/** What is known of a resource that contains a target. */
export type ContainerFacts = Pick<TargetFacts, 'kind' | 'values' | 'denied' | 'intercepted' | 'closed' | 'profiles'>;

/** What a profile says to systems. */
export interface ProfileFacts {
  readonly name: string;
  readonly denied: ActionMask;
  readonly intercepted: ActionMask;
  readonly sessions: 'finish' | 'end';
  readonly refusalText: string;
  /** When the youngest of the holds that name it came into force, in milliseconds since 1970; absent where it is not known. */
  readonly since?: number;
  /** Its settings for this kind of system, as they were judged when it was saved; null when it has none. */
  readonly settings: Json;
  /** A law was named that lets it close the emergency path, and that still holds. */
  readonly hasLegalOverride?: boolean;
}

/**
 * How a system comes by its targets. `bound`: a foreign resource or a number that names it, or a binding by hand. `node`: whatever
 * node a hold is placed on or lifted from, as one. `events`: it has none, and follows what happened. `none`: it has none, and is
 * told nothing: others ask something of it.
 */
export type Reach = 'bound' | 'node' | 'events' | 'none';

/** How a system is driven; each can be set. Milliseconds, but `rate`, which is in requests a second. */
export interface Pace {
  readonly concurrency: number;
  readonly rate: number | null;
  readonly timeoutMs: number;
  readonly flightMaxMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  readonly breakerFailures: number;
  readonly breakerOpenMs: number;
  readonly driftEveryMs: number;
}

export interface SystemKind {
  readonly name: SystemKindName;
  /** One sentence for documents and lists. */
  readonly note: string;
  readonly reach: Reach;
  /** Kinds of entities that it can be told of. */
  readonly serves: readonly Kind[];
  /** Settings that anybody who may read the system may see. */
  readonly settings: Fields;
  /** Credentials; sealed, and never shown. */
  readonly secrets: Fields;
  readonly pace: Pace;
  /** Whether it can say what it has, so that drift can be found. */
  readonly observes: boolean;
  /** Credentials that go to the address itself: they must be given again when it changes, lest another place learn them. */
  readonly sends?: readonly string[];
  /** Whether what is desired also follows from the resources that contain a target. */
  readonly asksContainers?: true;
  /** Judges settings and secrets together, after each was read by itself. Secrets that are kept from before are there, too. */
  judge?(settings: Values, secrets: Values, errors: FieldError[]): void;
  /**
   * Credentials that are made where none were given: by the caller's source of random bytes, and shown to who creates the
   * system, once.
   */
  generate?(settings: Values, secrets: Values, random: (bytes: number) => Uint8Array): Values;
  /** Reads how the system names a target: text as a foreign resource or a number has it, or JSON of a binding by hand. */
  readReference(given: unknown): Reading<Json>;
  /** Judges the part of a profile that is for this kind of system, `systems.<kind>`. */
  judgeProfile?(value: Json, errors: FieldError[]): void;
  /** What the system should have for the target now. */
  desired(facts: TargetFacts, settings: Values): Json;
  /**
   * What it would be told to come from one state to the other, in a word or two such as `disable`; `null` when nothing. `from` is
   * null where nothing was told yet.
   */
  verb(from: Json, to: Json): string | null;
}

/** Whether two states are the same: objects by their members in any order. */
export function sameState(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as { readonly [key: string]: Json }, b as { readonly [key: string]: Json }]; // Lists have their places as keys.
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => {
      const [x, y] = [left[name], right[name]];
      return x !== undefined && y !== undefined && sameState(x, y);
    })
  );
}

/** What most systems on the own network do well with. */
export const LOCAL_PACE: Pace = {
  concurrency: 8,
  rate: null,
  timeoutMs: 5_000,
  flightMaxMs: 15_000,
  retryMinMs: 500,
  retryMaxMs: 60_000,
  breakerFailures: 10,
  breakerOpenMs: 10_000,
  driftEveryMs: 3_600_000,
};

/** What systems of others do well with. */
export const REMOTE_PACE: Pace = {
  ...LOCAL_PACE,
  concurrency: 4,
  timeoutMs: 30_000,
  flightMaxMs: 60_000,
  retryMinMs: 5_000,
  retryMaxMs: 600_000,
  breakerOpenMs: 30_000,
};
