/**
 * The decision engine: answers from memory, about a microsecond each, stating what it knows and since when.
 *
 * It follows the database by itself from `start` to `stop`. While the database is away it goes on answering from what
 * it has and says how old that is; beyond `staleMaxMs` it says `unknown`, which is never an allow.
 */
import type { Action } from '#core/action.ts';
import type { DecisionSource, Page } from '#core/decision-source.ts';
import { EMERGENCY_NUMBERS, isEmergencyDestination } from '#core/emergency.ts';
import { type Problem, problem } from '#core/problem.ts';
import type { Restrictions } from '#core/restrictions.ts';
import type { Decision, Explanation, StandingAnswer } from './answer.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { Judge } from './decide.ts';
import { explain, restrictionsOf, standingAnswer } from './explain.ts';
import { type Clock, Follower, SYSTEM_CLOCK } from './follower.ts';
import { Picture } from './picture.ts';
import { type FactsChange, type PlanFacts, nodesHeldBy, planFacts } from './plan-facts.ts';
import { type PlanScan, type PlannedChange, planScan } from './plan-scan.ts';
import { Walk } from './walk.ts';
import { isWithin } from './within.ts';

export interface EngineOptions {
  readonly source: DecisionSource;
  /** The normal form of what a caller names a subject by, or null when it can name nothing. */
  readonly normaliseSubject: (text: string) => string | null;
  readonly emergencyNumbers?: ReadonlySet<string>;
  /** Age of knowledge beyond which the engine answers `unknown`. */
  readonly staleMaxMs?: number;
  readonly pollMs?: number;
  readonly quietMs?: number;
  readonly clock?: Clock;
  readonly onTrouble?: (what: string, error: unknown) => void;
}

export interface DecideOptions {
  /** What is called, for `call.out`: a number, or a `tel:`, `sip:` or `urn:service:` URI. */
  readonly destination?: string | undefined;
}

export interface EngineMetrics {
  readonly entities: number;
  readonly identifiers: number;
  readonly revision: number;
  readonly staleForMs: number;
  readonly loadMs: number;
  readonly lastFollowMs: number;
  readonly reloads: number;
  readonly followErrors: number;
}

const STALE_MAX_MS = 60_000;
/** Polling is the guarantee behind lost notifications: a change is seen after this long at the latest. */
const POLL_MS = 1_000;
/** The slowest answer of a healthy database; after it the connection is taken for dead. */
const QUIET_MS = 10_000;
/** How long a caller who needs a revision waits for it. */
const AT_REVISION_MS = 1_000;
/** What answers before anything was ever loaded: knows nobody. */
const NOTHING = new Picture();

export class DecisionEngine {
  readonly #follower: Follower;
  readonly #judge = new Judge();
  readonly #walk = new Walk();
  readonly #normaliseSubject: (text: string) => string | null;
  readonly #emergencyNumbers: ReadonlySet<string>;
  readonly #staleMaxMs: number;
  readonly #touchListeners = new Set<(ids: Iterable<number> | null) => void>();
  #profileVersions = '';
  #saving: Promise<void> = Promise.resolve();

  constructor(options: EngineOptions) {
    this.#normaliseSubject = options.normaliseSubject;
    this.#emergencyNumbers = options.emergencyNumbers ?? EMERGENCY_NUMBERS;
    this.#staleMaxMs = options.staleMaxMs ?? STALE_MAX_MS;
    this.#follower = new Follower({
      source: options.source,
      clock: options.clock ?? SYSTEM_CLOCK,
      pollMs: options.pollMs ?? POLL_MS,
      quietMs: options.quietMs ?? QUIET_MS,
      onTrouble: options.onTrouble ?? (() => {}),
      onPage: (page) => this.#tell(page),
    });
  }

  /** Resolves when the first picture is loaded or, with the database away, taken from the checkpoint. Never rejects. */
  start(checkpointFile?: string): Promise<void> {
    return this.#follower.start(checkpointFile);
  }

  /** Ends all work; no timer, connection or promise is left. */
  async stop(): Promise<void> {
    await this.#follower.stop();
    await this.#saving.catch(() => {});
  }

  /** Whether it has a picture that is not too old to answer from. */
  get ready(): boolean {
    return this.#follower.picture !== null && this.#follower.staleForMs <= this.#staleMaxMs;
  }

  get revision(): number {
    return this.#follower.picture?.revision ?? 0;
  }

  get epoch(): string {
    return this.#follower.picture?.epoch ?? '';
  }

  get staleForMs(): number {
    return this.#follower.staleForMs;
  }

  /** Tells that this process has committed something. */
  poke(): void {
    this.#follower.poke();
  }

  /** Whether the revision, or a later one, is known within the time. */
  waitFor(revision: number, timeoutMs: number): Promise<boolean> {
    return this.#follower.waitFor(revision, timeoutMs);
  }

  /**
   * Calls back with the entities of which something changed, once the engine holds it; with null when it may be any.
   * Answers how to end it.
   */
  onTouched(listener: (ids: Iterable<number> | null) => void): () => void {
    this.#touchListeners.add(listener);
    return () => this.#touchListeners.delete(listener);
  }

  /** Whether the entity lies beneath the account, or is owned there. */
  isWithin(entity: number, account: number): boolean {
    return isWithin(this.#follower.picture ?? NOTHING, entity, account);
  }

  /** The entity that a subject names, or null. */
  find(subject: string): number | null {
    const entity = this.#find(this.#follower.picture ?? NOTHING, subject);
    return entity < 0 ? null : entity;
  }

  /** May the subject do the action now? */
  decide(subject: string, action: Action, options?: DecideOptions): Decision {
    const picture = this.#follower.picture ?? NOTHING;
    return this.#decide(picture, this.#find(picture, subject), action, options);
  }

  /** The same for an entity by its number. */
  decideFor(entity: number, action: Action, options?: DecideOptions): Decision {
    const picture = this.#follower.picture ?? NOTHING;
    return this.#decide(picture, picture.entities.has(entity) ? entity : -1, action, options);
  }

  /** The same with knowledge of at least the revision; throws `unavailable` when it does not come within a second. */
  async decideAt(
    subject: string,
    action: Action,
    options: DecideOptions & { readonly atRevision?: number | undefined },
  ): Promise<Decision> {
    const { atRevision } = options;
    if (atRevision !== undefined && !(await this.waitFor(atRevision, AT_REVISION_MS))) throw this.#behind(atRevision);
    return this.decide(subject, action, options);
  }

  /** How an entity stands; null when it is not known. Throws `unavailable` when the engine is not ready. */
  standing(entity: number): StandingAnswer | null {
    return standingAnswer(this.#readyPicture(), this.#walk, entity, this.staleForMs);
  }

  /** How an entity stands, with all that reaches it node by node. Throws `unavailable` when the engine is not ready. */
  explain(entity: number): Explanation | null {
    return explain(this.#readyPicture(), this.#walk, entity, this.staleForMs);
  }

  /** The merged restrictions of an entity; null when it is not known. Throws `unavailable` when the engine is not ready. */
  restrictionsOf(entity: number): Restrictions | null {
    return restrictionsOf(this.#readyPicture(), this.#walk, entity);
  }

  /** Counts what a change would do to all beneath a node. Throws `unavailable` when the engine is not ready. */
  async planScan(node: number, change: PlannedChange): Promise<PlanScan | null> {
    return planScan(this.#readyPicture(), node, change);
  }

  /** What systems compute of entities, now and after a change. Throws `unavailable` when the engine is not ready. */
  planFacts(node: number, change: FactsChange, ids: readonly number[], withSince = false): PlanFacts {
    return planFacts(this.#readyPicture(), node, change, ids, withSince);
  }

  /** The nodes where a profile is in force. Throws `unavailable` when the engine is not ready. */
  nodesHeldBy(profile: string): number[] {
    return nodesHeldBy(this.#readyPicture(), profile);
  }

  /** Writes the picture to a file, atomically; one at a time. Without a picture it does nothing. */
  saveCheckpoint(file: string): Promise<void> {
    this.#saving = this.#saving
      .catch(() => {})
      .then(async () => {
        const { picture } = this.#follower;
        if (picture !== null) await writeCheckpoint(picture, () => this.#follower.confirmedAtWallMs, file);
      });
    // The caller hears of a failure; nobody else has to.
    this.#saving.catch(() => {});
    return this.#saving;
  }

  /** Takes the picture of a file unless there is one already; its age counts from when it was confirmed. */
  loadCheckpoint(file: string): Promise<void> {
    return this.#follower.loadCheckpoint(file);
  }

  metrics(): EngineMetrics {
    const { picture, staleForMs, loadMs, lastFollowMs, reloads, followErrors } = this.#follower;
    const entities = picture?.entities.count ?? 0;
    const identifiers = picture?.names.byKey.size ?? 0;
    return { entities, identifiers, revision: this.revision, staleForMs, loadMs, lastFollowMs, reloads, followErrors };
  }

  #tell(page: Page | null): void {
    if (this.#touchListeners.size === 0) return;
    const versions = page?.profiles?.map(({ name, version }) => `${name} ${version}`).join() ?? this.#profileVersions;
    // An edited profile changes the standing of whatever it holds.
    const ids = page === null || versions !== this.#profileVersions ? null : page.states.map((state) => state.id);
    this.#profileVersions = versions;
    for (const listener of this.#touchListeners) listener(ids);
  }

  #decide(picture: Picture, entity: number, action: Action, options: DecideOptions | undefined): Decision {
    const { staleForMs } = this.#follower;
    const destination = options?.destination;
    const judged =
      action === 'call.out' && destination !== undefined && isEmergencyDestination(destination, this.#emergencyNumbers)
        ? 'call.emergency'
        : action;
    return this.#judge.decide(picture, staleForMs > this.#staleMaxMs ? -1 : entity, judged, staleForMs);
  }

  /** What is already in its normal form is found without normalising it. */
  #find(picture: Picture, subject: string): number {
    const known = picture.names.byKey.get(subject);
    if (known !== undefined) return known;
    const found = picture.find(subject);
    if (found >= 0) return found;
    const key = this.#normaliseSubject(subject);
    return key === null || key === subject ? -1 : picture.find(key);
  }

  #readyPicture(): Picture {
    const { picture } = this.#follower;
    if (picture === null || !this.ready) throw this.#behind(null);
    return picture;
  }

  #behind(revision: number | null): Problem {
    const has = this.revision;
    const wanted =
      revision === null ? 'The tree is not known well enough now' : `Revision ${revision} is not known yet`;
    return problem('unavailable', `${wanted}: the engine has revision ${has}, confirmed ${this.staleForMs} ms ago.`, {
      facts: { revision: has, staleForMs: this.staleForMs },
    });
  }
}
