/**
 * What the decision engine is fed with: the whole state of single entities, never differences.
 *
 * Whoever applies such a state twice, or a later one before an earlier one was seen, ends with the same picture; a
 * source therefore need not remember who has received what.
 */
import type { ActionMask } from '#core/action.ts';
import type { Kind } from '#core/kind.ts';

/** What a decision needs of an entity. Names, texts and settings stay in the database. */
export interface EntityRow {
  readonly uuid: string;
  readonly kind: Kind;
  /** Null for the platform alone. */
  readonly parentId: number | null;
  /** The account a leaf is assigned to, where it is another than its container's. */
  readonly ownerId: number | null;
  /** What a number or an alias leads to. */
  readonly targetId: number | null;
  readonly closedAtMs: number | null;
}

/** A hold in force. */
export interface HoldRow {
  readonly id: number;
  readonly uuid: string;
  readonly entityId: number;
  readonly profile: string;
  readonly authority: string;
  readonly authorityRank: number;
  readonly source: string;
  readonly note: string | null;
  readonly placedBy: string;
  readonly placedAtMs: number;
  /** When it came into force. */
  readonly sinceMs: number;
  readonly endsAtMs: number | null;
}

export interface ProfileRow {
  readonly name: string;
  readonly version: number;
  readonly severity: number;
  readonly denied: ActionMask;
  readonly intercepted: ActionMask;
  readonly sipCode: number;
  readonly httpCode: number;
  readonly refusalText: string;
  readonly announcement: string | null;
  /** What becomes of running sessions. */
  readonly sessions: 'finish' | 'end';
}

/** All there is about one entity: its row (null when there is none), its identifiers such as `sip:alice@example.com`, its holds in force. */
export interface EntityState {
  readonly id: number;
  readonly row: EntityRow | null;
  readonly names: readonly string[];
  readonly holds: readonly HoldRow[];
}

/** Takes a whole tree, in any order. */
export interface LoadSink {
  /** How many entities to make room for. */
  reserve(entities: number): void;
  entity(id: number, row: EntityRow): void;
  name(key: string, entityId: number): void;
  hold(row: HoldRow): void;
  profiles(rows: readonly ProfileRow[]): void;
}

export interface Head {
  readonly epoch: string;
  readonly revision: number;
}

/** What was committed after a revision, with the states of all that it touched, read in one snapshot. */
export interface Page {
  readonly epoch: string;
  /** The last revision that is committed. */
  readonly head: number;
  /** The first and the last revision of the page; null when nothing was found after the revision asked for. */
  readonly first: number | null;
  readonly last: number | null;
  /** As of `head`; when the page ends before it, later changes to these entities are already inside. */
  readonly states: readonly EntityState[];
  /** All profiles, or null when the page is empty. */
  readonly profiles: readonly ProfileRow[] | null;
}

export interface Listener {
  close(): Promise<void>;
}

/** Where the engine learns the truth. Every call ends soon after its signal is aborted. */
export interface DecisionSource {
  /**
   * Streams every entity. What it gives may be newer than the head it returns, and unevenly so: it is exact once
   * everything touched after that head has been read again.
   */
  load(sink: LoadSink, signal: AbortSignal): Promise<Head>;
  /** Gives at most `limit` changes after the revision. */
  follow(revision: number, limit: number, signal: AbortSignal): Promise<Page>;
  /** Calls back with each committed revision that it hears of, as a hint, until it is closed or lost. */
  listen(onRevision: (revision: number) => void, onLost: () => void, signal: AbortSignal): Promise<Listener>;
}
