/**
 * Runs what is due each second, in every process; the database shares the work out. Its lag is seen from outside.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { FastifyBaseLogger } from 'fastify';

import type { OperationContext } from '#operations/context.ts';
import { reader } from '#operations/context.ts';
import { endHeldSessions } from '#operations/end-held-sessions.ts';
import { runDueHolds } from '#operations/run-due-holds.ts';
import { schedulerLagMs } from '#store/hold.ts';

/** Half of the second within which a hold begins or ends. */
const INTERVAL_MS = 500;

export class Scheduler {
  readonly #context: OperationContext;
  readonly #log: FastifyBaseLogger;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  activated = 0;
  expired = 0;
  failures = 0;

  constructor(context: OperationContext, log: FastifyBaseLogger) {
    this.#context = context;
    this.#log = log;
  }

  start(): void {
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** How late the oldest due start or end is, in milliseconds. */
  lagMs(): Promise<number> {
    return schedulerLagMs(reader(this.#context));
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const { activated, expired } = await runDueHolds(this.#context, signal);
        this.activated += activated;
        this.expired += expired;
        await endHeldSessions(this.#context);
      } catch (error) {
        this.failures++;
        this.#log.warn({ err: error }, 'scheduled holds could not be run; they are tried again');
      }
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => {}); // Aborted: the loop ends.
    }
  }
}
