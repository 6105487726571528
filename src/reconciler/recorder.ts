/**
 * Writes what became of targets, many in one statement: whatever comes in while a statement runs, or shortly after the last
 * one, goes with the next. While the database is away results wait; when the lease is lost meanwhile they are dropped by it.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { type TargetRecord, recordTargets } from '#store/target.ts';
import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

/** Statements come no closer than this, so that a busy system shares them among many targets. */
const GAP_MS = 20;
/** Records of one statement. */
const RECORDS_MAX = 1_000;
const RETRY_MS = 500;

export interface RecorderOptions {
  readonly session: Session;
  readonly transact: <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>;
  readonly system: () => {
    readonly id: number;
    readonly uuid: string;
    readonly name: string;
    readonly flightMaxMs: number;
  };
  readonly signal: AbortSignal;
  readonly onTrouble: (what: string, error: unknown) => void;
  /** Hears of each that is written, or dropped since the lease was lost. */
  readonly onRecorded: (record: TargetRecord, isWritten: boolean) => void;
}

export class Recorder {
  readonly #options: RecorderOptions;
  #waiting: TargetRecord[] = [];
  #running: Promise<void> | null = null;
  #lastAtMs = -Infinity;
  statements = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.length;
  }

  add(records: readonly TargetRecord[]): void {
    if (records.length === 0) return;
    this.#waiting.push(...records);
    this.#running ??= this.#run();
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const waitMs = this.#lastAtMs + GAP_MS - performance.now();
      if (waitMs > 0 && this.#waiting.length < RECORDS_MAX && !this.#options.signal.aborted)
        await sleep(waitMs, undefined, { signal: this.#options.signal }).catch(() => {}); // Aborted: what is there is written at once.
      const batch = this.#waiting.splice(0, RECORDS_MAX);
      this.#lastAtMs = performance.now();
      if (await this.#write(batch)) continue;
      this.#waiting.unshift(...batch);
      // At the end nobody waits for a database that is away: the leases run out, and another worker asks again.
      if (this.#options.signal.aborted) break;
      await sleep(RETRY_MS, undefined, { signal: this.#options.signal }).catch(() => {});
    }
    this.#running = null;
  }

  /** False when it has to be tried again. */
  async #write(batch: readonly TargetRecord[]): Promise<boolean> {
    const { session, onTrouble, onRecorded } = this.#options;
    try {
      this.statements++;
      const written = batch.some(isRepair)
        ? await this.#options.transact((transaction) => this.#writeRepairs(transaction, batch))
        : await recordTargets(session, this.#options.system(), batch);
      for (const record of batch) onRecorded(record, written.has(record.target.entity_id));
      return true;
    } catch (error) {
      onTrouble('outcomes could not be written', error);
      if (!isUnstorable(error)) return false;
      const [only] = batch;
      if (batch.length > 1) {
        for (const record of batch) await this.#write([record]);
      } else if (only !== undefined && only.writing.problem?.code !== 'unstorable')
        await this.#write([withoutValues(only)]);
      return true;
    }
  }

  async #writeRepairs(transaction: Transaction, batch: readonly TargetRecord[]): Promise<ReadonlySet<number>> {
    const system = this.#options.system();
    const written = await recordTargets(transaction, system, batch);
    for (const { target, writing } of batch.filter(isRepair))
      if (written.has(target.entity_id))
        transaction.record({
          kind: 'drift.repaired',
          entityId: target.entity_id,
          facts: { system: system.uuid, name: system.name, wanted: writing.applied },
          touched: [],
        });
    return written;
  }
}

/** Whether a drift ends with it; the log tells that in the same transaction. */
function isRepair({ writing, target }: TargetRecord): boolean {
  return target.is_drifted && writing.isConfirmed && !writing.isDrifted;
}

/** Class 22: a value that the database does not take, such as text with NUL. Trying again does not help. */
function isUnstorable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('22');
}

function withoutValues(record: TargetRecord): TargetRecord {
  const { writing } = record;
  return {
    ...record,
    writing: {
      isTold: writing.isTold,
      isConfirmed: false,
      applied: null,
      task: null,
      isUnproven: true,
      isDrifted: writing.isDrifted,
      doubt: writing.doubt,
      attempts: writing.attempts,
      dueInMs: null,
      needsPerson: true,
      problem: { code: 'unstorable', detail: 'The system answered something that cannot be stored.' },
      note: null,
    },
  };
}
