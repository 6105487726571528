/**
 * What has to be done now and then: the engine's checkpoint, the signed checkpoint of the change log outside the
 * database, the log's next partition, and the sweep of what callers may no longer come back to.
 */
import type { FastifyBaseLogger } from 'fastify';

import { tidyErasures } from '#operations/erase-entity.ts';
import { type OperationContext, reader } from '#operations/context.ts';
import { systemAuthor } from '#store/change.ts';
import { sweepKeys } from '#store/idempotency.ts';
import { ensurePartitions } from '#store/partition.ts';
import { sweepPlans } from '#store/plan.ts';
import { transact } from '#store/transaction.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ENGINE_CHECKPOINT_MS = 5 * 60_000;

export class Maintenance {
  readonly #context: OperationContext;
  readonly #dataFolder: string;
  readonly #log: FastifyBaseLogger;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(context: OperationContext, dataFolder: string, log: FastifyBaseLogger) {
    this.#context = context;
    this.#dataFolder = dataFolder;
    this.#log = log;
  }

  start(): void {
    this.#every(ENGINE_CHECKPOINT_MS, 'the checkpoint of the engine', () => this.saveEngine());
    this.#every(HOUR_MS, 'the hourly housekeeping', () => this.hourly());
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Writes the engine's picture, to start from when the database is away. */
  async saveEngine(): Promise<void> {
    await this.#context.outside?.saveEngine();
  }

  async hourly(): Promise<void> {
    const { pool, chainKey, clock } = this.#context;
    const session = reader(this.#context);
    await ensurePartitions(session);
    await this.#context.outside?.writeCheckpoint();
    await tidyErasures(this.#context);
    await transact(pool, chainKey, 'none', systemAuthor('system:maintenance'), async (transaction) => {
      await sweepKeys(transaction, new Date(clock().getTime() - DAY_MS));
      await sweepPlans(transaction, new Date(clock().getTime() - DAY_MS));
    });
  }

  #every(intervalMs: number, what: string, work: () => Promise<void>): void {
    const timer = setInterval(() => {
      work().catch((error: unknown) => this.#log.warn({ err: error }, `${what} failed; it is tried again`));
    }, intervalMs);
    timer.unref();
    this.#timers.push(timer);
  }
}
