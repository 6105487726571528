/**
 * Turns changes into events, in the order of the log, for as long as the process runs; one process of all does it at a time.
 *
 * Promise: each transition of each account is one event, written once, also when a change is long superseded by the time
 * that it is read. It never writes a change, and never looks at anything but the log and its own shadows.
 */
import type pg from 'pg';

import { type ChainKey, systemAuthor } from '#store/change.ts';
import { type Followed, eventLag, followEvents, restartEvents } from '#store/event.ts';
import { Session } from '#store/database.ts';
import { transact } from '#store/transaction.ts';

import { Rounds } from './rounds.ts';

export interface EventContext {
  readonly pool: pg.Pool;
  readonly chainKey: ChainKey;
}

export interface EventPipelineOptions {
  readonly context: EventContext;
  readonly onTrouble: (error: unknown) => void;
  /** Hears that there are new events. */
  readonly onEvents?: () => void;
  /** How long it rests when nothing pokes it, in milliseconds. */
  readonly pollMs?: number;
}

/** The guarantee; pokes only make it sooner. */
const POLL_MS = 1_000;
const AUTHOR = 'system:events';

export class EventPipeline {
  readonly #options: EventPipelineOptions;
  readonly #rounds: Rounds;

  constructor(options: EventPipelineOptions) {
    this.#options = options;
    const { onTrouble, pollMs = POLL_MS } = options;
    this.#rounds = new Rounds({ work: () => this.step(), intervalMs: pollMs, onTrouble });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Something was committed: look now. */
  poke(): void {
    this.#rounds.poke();
  }

  get failures(): number {
    return this.#rounds.failures;
  }

  /** How many changes the events are behind; null before the first start. */
  lag(): Promise<number | null> {
    return eventLag(new Session(this.#options.context.pool));
  }

  /** Reads one page; answers whether the log goes on behind it. */
  async step(): Promise<boolean> {
    const followed = await this.#transact<Followed>(followEvents);
    if (followed.type === 'locked') return false;
    if (followed.type !== 'read') {
      await this.#transact(restartEvents);
      return true;
    }
    if (followed.events > 0) this.#options.onEvents?.();
    return followed.revision < followed.head;
  }

  async #transact<T>(work: Parameters<typeof transact<T>>[4]): Promise<T> {
    const { pool, chainKey } = this.#options.context;
    return (await transact(pool, chainKey, 'none', systemAuthor(AUTHOR), work)).value;
  }
}
