/**
 * Keeps a picture equal to the database: loads it, then follows what is committed, for as long as it runs.
 *
 * Asking again each second is the guarantee; notifications and pokes are hints that only make it sooner. When the
 * database is away, the picture stays and its age grows; when it cannot be continued (a new epoch, a gap in the log),
 * another is loaded beside it and takes its place once it is complete. Nothing here throws at a caller.
 */
import type { DecisionSource, Listener, Page } from '#core/decision-source.ts';
import { type Checkpoint, readCheckpoint } from './checkpoint.ts';
import { withDeadline } from './deadline.ts';
import type { Picture } from './picture.ts';
import { catchUp, loadPicture } from './catch-up.ts';
import { RevisionWaiters } from './revision-waiters.ts';

/** Two clocks: of the calendar for what is written to files, and one that never jumps for ages. In milliseconds. */
export interface Clock {
  wallMs(): number;
  steadyMs(): number;
}

export const SYSTEM_CLOCK: Clock = { wallMs: () => Date.now(), steadyMs: () => performance.now() };

export interface FollowerOptions {
  readonly source: DecisionSource;
  readonly clock: Clock;
  readonly pollMs: number;
  /** How long the source may give no sign before it is asked anew. */
  readonly quietMs: number;
  /** Hears what went wrong, for the log. */
  readonly onTrouble: (what: string, error: unknown) => void;
  /** Hears of each page that is in the picture; null when the whole picture is another. */
  readonly onPage: (page: Page | null) => void;
}

/** Missed polls before the picture counts as stale: one may be late by chance. */
const MISSED_POLLS_MAX = 2.5;
const BACKOFF_FIRST_MS = 100;
/** Bounds the time to notice that the database is back. */
const BACKOFF_MAX_MS = 2_000;

export class Follower {
  picture: Picture | null = null;
  loadMs = 0;
  lastFollowMs = 0;
  reloads = 0;
  followErrors = 0;
  readonly #options: FollowerOptions;
  readonly #waiters = new RevisionWaiters();
  readonly #stop = new AbortController();
  #confirmedAtMs: number;
  #isFresh = false;
  #isPoked = false;
  #wake: () => void = () => {};
  #ageing: NodeJS.Timeout | undefined;
  #loop: Promise<void> = Promise.resolve();
  #listener: Listener | null = null;
  #isListening = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#confirmedAtMs = options.clock.steadyMs();
  }

  /**
   * Resolves when the first picture is there, or cannot be had: then from the checkpoint if one is given and whole,
   * else without any; it goes on trying in either case.
   */
  async start(checkpointFile?: string): Promise<void> {
    this.#ageing = setInterval(() => this.#age(), this.#options.pollMs);
    const failures = (await this.#try()) ? 0 : 1;
    if (this.picture === null && checkpointFile !== undefined && !this.#stop.signal.aborted) {
      try {
        await this.loadCheckpoint(checkpointFile);
      } catch (error) {
        this.#options.onTrouble('checkpoint', error);
      }
    }
    this.#loop = this.#run(failures);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    clearInterval(this.#ageing);
    this.#wake();
    this.#waiters.giveUp();
    await this.#loop;
    await this.#listener?.close().catch(() => {});
    this.#listener = null;
  }

  /** Something was committed: look now. */
  poke(): void {
    this.#isPoked = true;
    this.#wake();
  }

  /** Whether the revision, or a later one, is in the picture within the time. */
  waitFor(revision: number, timeoutMs: number): Promise<boolean> {
    if (this.picture !== null && this.picture.revision >= revision) return Promise.resolve(true);
    if (this.#stop.signal.aborted) return Promise.resolve(false);
    this.poke();
    return this.#waiters.wait(revision, timeoutMs);
  }

  get staleForMs(): number {
    if (this.#isFresh) return 0;
    return Math.max(0, Math.round(this.#options.clock.steadyMs() - this.#confirmedAtMs));
  }

  /** When the picture was last known to be complete, on the calendar. */
  get confirmedAtWallMs(): number {
    const { clock } = this.#options;
    return clock.wallMs() - (clock.steadyMs() - this.#confirmedAtMs);
  }

  /** Takes the picture of a file unless there is one already. Throws when the file is no whole checkpoint. */
  async loadCheckpoint(file: string): Promise<void> {
    const { picture, confirmedAtMs }: Checkpoint = await readCheckpoint(file);
    if (this.picture !== null) return;
    const { clock } = this.#options;
    this.#confirmedAtMs = clock.steadyMs() - Math.max(0, clock.wallMs() - confirmedAtMs);
    this.picture = picture;
    this.#waiters.reached(picture.revision);
  }

  async #run(failuresBefore: number): Promise<void> {
    for (let failures = failuresBefore; !this.#stop.signal.aborted;) {
      await this.#pause(failures);
      if (this.#stop.signal.aborted) return;
      failures = (await this.#try()) ? 0 : failures + 1;
    }
  }

  /** One turn of following; false when it failed. */
  async #try(): Promise<boolean> {
    this.#isPoked = false;
    try {
      await this.#turn();
      this.#listen();
      return true;
    } catch (error) {
      if (this.#stop.signal.aborted) return false;
      this.followErrors++;
      this.#options.onTrouble('follow', error);
      return false;
    }
  }

  async #turn(): Promise<void> {
    const { clock } = this.#options;
    const askedAtMs = clock.steadyMs();
    const confirmedAtMs = this.picture === null ? null : await this.#catchUp(this.picture);
    if (confirmedAtMs !== null) {
      this.lastFollowMs = clock.steadyMs() - askedAtMs;
      this.#confirm(confirmedAtMs);
      return;
    }
    if (this.picture !== null) this.reloads++;
    const picture = await loadPicture(this.#options.source, this.#stop.signal, this.#options.quietMs);
    const loadedAtMs = await this.#catchUp(picture);
    if (loadedAtMs === null) throw new Error('what was loaded cannot be followed: the log has a gap after it');
    this.loadMs = clock.steadyMs() - askedAtMs;
    this.picture = picture;
    this.#options.onPage(null);
    this.#waiters.reached(picture.revision);
    this.#confirm(loadedAtMs);
  }

  /** Gives the time at which nothing was missing, or null when the picture cannot be continued. */
  #catchUp(picture: Picture): Promise<number | null> {
    const { source, clock, quietMs } = this.#options;
    const ask = <T>(work: (signal: AbortSignal) => Promise<T>) =>
      withDeadline('following', this.#stop.signal, quietMs, ({ signal }) => work(signal));
    return catchUp(picture, source, ask, clock, (page) => {
      if (picture !== this.picture) return;
      this.#options.onPage(page);
      this.#waiters.reached(picture.revision);
    });
  }

  #confirm(atMs: number): void {
    this.#confirmedAtMs = atMs;
    this.#age();
  }

  /** The only place where time makes a picture stale, so that no decision needs to read a clock. */
  #age(): void {
    const { clock, pollMs } = this.#options;
    const ageMs = clock.steadyMs() - this.#confirmedAtMs;
    this.#isFresh = this.picture !== null && ageMs <= pollMs * MISSED_POLLS_MAX;
  }

  #pause(failures: number): Promise<void> {
    const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
    const pauseMs = failures === 0 ? this.#options.pollMs : backoffMs;
    if (failures === 0 && this.#isPoked) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(), pauseMs);
      const end = () => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
      // After a failure a poke waits like everybody else; only the end of the engine does not.
      this.#wake = () => {
        if (failures === 0 || this.#stop.signal.aborted) end();
      };
    });
  }

  /** Hints are taken up again after each turn that went well. */
  #listen(): void {
    if (this.#isListening || this.#stop.signal.aborted) return;
    this.#isListening = true;
    let isLost = false;
    const lost = () => {
      isLost = true;
      this.#isListening = false;
      this.#listener = null;
    };
    const hint = (revision: number) => {
      if (!(revision <= (this.picture?.revision ?? -1))) this.poke();
    };
    withDeadline('listening', this.#stop.signal, this.#options.quietMs, async ({ signal }) => {
      const listener = await this.#options.source.listen(hint, lost, signal);
      if (isLost || signal.aborted) return listener.close();
      this.#listener = listener;
      // What was committed before it listened was told to nobody.
      this.poke();
    }).catch((error: unknown) => {
      lost();
      if (!this.#stop.signal.aborted) this.#options.onTrouble('listen', error);
    });
  }
}
