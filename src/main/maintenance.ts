/**
 * What has to be done now and then: the engine's checkpoint, the signed checkpoint of the change log outside the
 * database, the log's next partition, the sweep of what callers may no longer come back to, and of what is kept for a
 * time only.
 */
import type { FastifyBaseLogger } from 'fastify';

import { type OperationContext, reader } from '#operations/context.ts';
import { tidyErasures } from '#operations/erase-entity.ts';
import { systemAuthor } from '#store/change.ts';
import { sweepDeliveries } from '#store/delivery.ts';
import { sweepEvents } from '#store/event.ts';
import { sweepKeys } from '#store/idempotency.ts';
import { sweepObservations } from '#store/observation.ts';
import { ensurePartitions } from '#store/partition.ts';
import { sweepPlans } from '#store/plan.ts';
import { sweepRecords } from '#store/record.ts';
import { forgetSweeps, forgetTargets } from '#store/reconcile-state.ts';
import { sweepHolds } from '#store/retention.ts';
import { sweepSessions } from '#store/session.ts';
import { type Transaction, transact } from '#store/transaction.ts';

import { archiveChanges } from './archive-changes.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ENGINE_CHECKPOINT_MS = 5 * 60_000;

/** How long things are kept; 0 is for ever. */
export interface Retention {
  readonly changesDays: number;
  /** Holds that have ended. */
  readonly holdsDays: number;
  /** What servers report that they refused. */
  readonly observationsDays: number;
  /** What connected systems tell that they did: calls, messages and the like. */
  readonly recordsDays: number;
  /** What became of changes in systems, once nothing of it is open. */
  readonly receiptsDays: number;
  /** What happened to the standing of accounts. */
  readonly eventsDays: number;
  /** What was sent to webhooks, from when it was settled. */
  readonly deliveriesDays: number;
  /** Answers of writes, by idempotency key. */
  readonly answersHours: number;
  /** Revisions in one partition of the change log; absent: ten million. */
  readonly partitionSpan?: number;
}

export class Maintenance {
  readonly #context: OperationContext;
  readonly #dataFolder: string;
  readonly #retention: Retention;
  readonly #log: FastifyBaseLogger;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(context: OperationContext, dataFolder: string, retention: Retention, log: FastifyBaseLogger) {
    this.#context = context;
    this.#dataFolder = dataFolder;
    this.#retention = retention;
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
    const {
      changesDays,
      holdsDays,
      observationsDays,
      recordsDays,
      receiptsDays,
      eventsDays,
      deliveriesDays,
      answersHours,
      partitionSpan,
    } = this.#retention;
    await ensurePartitions(reader(this.#context), partitionSpan);
    await this.#context.outside?.writeCheckpoint();
    await this.#transact(async (transaction) => {
      await sweepKeys(transaction, this.#ago(answersHours * HOUR_MS));
      await sweepPlans(transaction, this.#ago(DAY_MS));
      await sweepSessions(transaction);
    });
    await tidyErasures(this.#context);
    if (holdsDays > 0)
      while ((await this.#transact((transaction) => sweepHolds(transaction, this.#ago(holdsDays * DAY_MS)))) > 0);
    if (observationsDays > 0)
      while (
        (await this.#transact((transaction) => sweepObservations(transaction, this.#ago(observationsDays * DAY_MS)))) >
        0
      );
    if (recordsDays > 0)
      while ((await this.#transact((transaction) => sweepRecords(transaction, this.#ago(recordsDays * DAY_MS)))) > 0);
    while ((await this.#transact((transaction) => forgetSweeps(transaction, this.#ago(receiptsDays * DAY_MS)))) > 0);
    while ((await this.#transact((transaction) => forgetTargets(transaction, this.#ago(receiptsDays * DAY_MS)))) > 0);
    const session = reader(this.#context);
    if (deliveriesDays > 0) while ((await sweepDeliveries(session, this.#ago(deliveriesDays * DAY_MS))) > 0);
    if (eventsDays > 0) while ((await sweepEvents(session, this.#ago(eventsDays * DAY_MS))) > 0);
    if (changesDays > 0)
      for (const file of await archiveChanges(this.#context, this.#dataFolder, this.#ago(changesDays * DAY_MS)))
        this.#log.info({ file }, 'a span of the change log was archived');
  }

  #ago(ms: number): Date {
    return new Date(this.#context.clock().getTime() - ms);
  }

  async #transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const { pool, chainKey } = this.#context;
    return (await transact(pool, chainKey, 'none', systemAuthor('system:maintenance'), work)).value;
  }

  #every(intervalMs: number, what: string, work: () => Promise<void>): void {
    const timer = setInterval(() => {
      work().catch((error: unknown) => this.#log.warn({ err: error }, `${what} failed; it is tried again`));
    }, intervalMs);
    timer.unref();
    this.#timers.push(timer);
  }
}
