/** Finishes purchases of numbers that a request left unsettled, in every process; the database shares them out. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { FastifyBaseLogger } from 'fastify';

import type { OperationContext } from '#operations/context.ts';
import { settlePurchases } from '#operations/settle-purchases.ts';

/** What is left over waits for longer than this anyway. */
const INTERVAL_MS = 5_000;

export class PurchaseSettler {
  readonly #context: OperationContext;
  readonly #log: FastifyBaseLogger;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

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

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => {}); // Aborted: the loop ends.
      if (signal.aborted) return;
      await settlePurchases(this.#context, signal).catch((error: unknown) =>
        this.#log.warn({ err: error }, 'purchases of numbers could not be settled; they are tried again'),
      );
    }
  }
}
