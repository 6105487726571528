/**
 * Drives one system in this process: claims what is due, has the driver tell it, and hands the outcomes to the recorder.
 *
 * It claims ahead what it can begin within about a second, so that statements are shared by many targets and no slot waits for
 * the database. What could not begin while its lease is long enough is given back unseen.
 */
import { randomUUID } from 'node:crypto';

import type { Json } from '#core/field.ts';
import { circuitOf, signOf } from '#core/reconcile/circuit.ts';
import { type Writing, writeUntold, writeVerdict } from '#core/reconcile/verdict.ts';
import type { Session } from '#store/database.ts';
import { closeCircuit, countFailures, takeProbe } from '#store/system-state.ts';
import type { RunningSystem } from '#store/system-state.ts';
import { type TargetRecord, claimTargets, giveBackTargets, keepOfTarget } from '#store/target.ts';
import type { Outcome } from '#systems/system.ts';

import { callDriver } from './call.ts';
import type { DriverHold } from './driver-hold.ts';
import { type Job, prepareJobs } from './prepare.ts';
import { Recorder } from './recorder.ts';
import { Slots } from './slots.ts';

/** How long a claimed target may wait for its turn. */
const QUEUE_MS = 5_000;
/** What a lease has left when a call that takes its whole time is over: to write the outcome, and for clocks that differ. */
const LEASE_MARGIN_MS = 5_000;
const BATCH_MAX = 500;
/** A batch that lasted less is doubled, one that lasted more than four times as long is halved. */
const BATCH_LASTS_MS = 300;

export interface RunnerOptions {
  readonly session: Session;
  readonly onTrouble: (what: string, error: unknown) => void;
  readonly onCall: (system: RunningSystem, outcome: Outcome) => void;
}

export class Runner {
  readonly slots = new Slots();
  readonly hold: DriverHold;
  #system: RunningSystem;
  readonly #options: RunnerOptions;
  readonly #recorder: Recorder;
  readonly #stopping = new AbortController();
  readonly #cut = new AbortController();
  readonly #calls = new Set<Promise<void>>();
  #queue: { readonly job: Job; readonly beginByMs: number }[] = [];
  #claiming: Promise<void> | null = null;
  #isDue = false;
  #batch = 0;
  #claimedAtMs = -Infinity;
  #openUntilMs: number | null = null;
  #isProbing = false;
  #hasFailed = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;
  /** Statements that it sent, for whoever measures. */
  statements = 0;

  constructor(system: RunningSystem, hold: DriverHold, options: RunnerOptions) {
    this.#system = system;
    this.hold = hold;
    this.#options = options;
    this.#recorder = new Recorder({
      session: options.session,
      system: () => ({ id: this.#system.id, flightMaxMs: this.#system.flight_max_ms }),
      signal: this.#stopping.signal,
      onTrouble: options.onTrouble,
      onRecorded: (record) => this.#afterwards(record),
    });
    this.update(system);
  }

  get system(): RunningSystem {
    return this.#system;
  }

  get circuit(): 'closed' | 'open' | 'half_open' {
    return circuitOf(this.#openUntilMs === null ? null : this.#openUntilMs - performance.now());
  }

  get recorded(): number {
    return this.#recorder.statements;
  }

  /** The system as it is now: pause, pace, circuit, and whether anything is due. */
  update(system: RunningSystem): void {
    this.#system = system;
    this.hold.renew(system);
    this.#openUntilMs = system.open_for_ms === null ? null : performance.now() + system.open_for_ms;
    this.#hasFailed ||= system.failures > 0;
    if (system.paused_at !== null) void this.#giveBack(this.#queue.splice(0).map(({ job }) => job));
    if (system.due_in_ms === null) return;
    if (system.due_in_ms <= 0) this.due();
    else this.#wakeIn(system.due_in_ms);
  }

  /** Something is due: look now. */
  due(): void {
    this.#isDue = true;
    this.#pump();
  }

  /** Begins nothing more, waits for what runs, and writes what became of it. Calls that take longer are cut. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    const cut = setTimeout(() => this.#cut.abort(), graceMs);
    await this.#claiming;
    await this.#giveBack(this.#queue.splice(0).map(({ job }) => job));
    while (this.#calls.size > 0) await Promise.all(this.#calls);
    clearTimeout(cut);
    await this.#recorder.drained();
    await this.hold.close();
  }

  get #pace() {
    const { concurrency, rate, timeout_ms: timeoutMs } = this.#system;
    return { concurrency, rate, timeoutMs };
  }

  get #mayCall(): boolean {
    return !this.#stopping.signal.aborted && this.#system.paused_at === null;
  }

  /** Begins what can begin, and claims more in time. */
  #pump(): void {
    const overdue: Job[] = [];
    while (this.#mayCall && this.#queue.length > 0 && (this.circuit === 'closed' || this.#isProbing)) {
      const nowMs = performance.now();
      const slot = this.slots.take(nowMs, this.#pace);
      if (typeof slot === 'number') this.#wakeIn(slot - nowMs);
      if (slot === null || typeof slot === 'number') break;
      let next = this.#queue.shift();
      for (; next !== undefined && next.beginByMs < nowMs; next = this.#queue.shift()) overdue.push(next.job);
      if (next === undefined) {
        slot.isBusy = false;
        break;
      }
      const call = this.#tell(next.job, slot.number).finally(() => {
        slot.isBusy = false;
        this.#calls.delete(call);
        this.#pump();
      });
      this.#calls.add(call);
    }
    if (overdue.length > 0) void this.#giveBack(overdue);
    this.#claimMore();
  }

  #claimMore(): void {
    if (!this.#isDue || !this.#mayCall || this.#claiming !== null || this.slots.size === 0) return;
    if (this.#queue.length > this.#batch / 2 || this.#recorder.size > BATCH_MAX * 2) return;
    if (this.circuit === 'open' || this.#isProbing) return;
    this.#claiming = this.#claim()
      .catch((error: unknown) => this.#options.onTrouble('targets could not be claimed', error))
      .finally(() => {
        this.#claiming = null;
        this.#pump();
      });
  }

  async #claim(): Promise<void> {
    const { session } = this.#options;
    const system = this.#system;
    const sentAtMs = performance.now();
    const isProbe = this.circuit === 'half_open';
    const limit = isProbe ? 1 : this.#nextBatch(sentAtMs);
    const token = randomUUID();
    const leaseMs = QUEUE_MS + system.timeout_ms + LEASE_MARGIN_MS;
    this.#isDue = false;
    this.statements++;
    const claim = { systemId: system.id, token, limit, leaseMs, flightMaxMs: system.flight_max_ms };
    const targets = await claimTargets(session, claim);
    if (targets.length === 0) return;
    // A full batch: there may be more.
    this.#isDue = targets.length === limit;
    this.statements += 3;
    const jobs = await prepareJobs(session, this.hold.prepared, token, targets);
    const calls = jobs.filter(({ intent }) => intent.type === 'call');
    this.#recorder.add(
      jobs
        .filter(({ intent }) => intent.type !== 'call')
        .map((job) => ({ target: job.target, token, writing: writeUntold(job.tried) })),
    );
    if (isProbe && calls.length > 0) {
      this.#isProbing = await takeProbe(session, system.id, leaseMs);
      if (!this.#isProbing) return this.#giveBack(calls);
    }
    const beginByMs = sentAtMs + QUEUE_MS;
    this.#queue.push(...calls.map((job) => ({ job, beginByMs })));
  }

  /** As much as can begin within a moment: learnt from how long the last batch lasted. */
  #nextBatch(nowMs: number): number {
    const least = Math.max(2, this.slots.size * 2);
    const lastedMs = nowMs - this.#claimedAtMs;
    this.#claimedAtMs = nowMs;
    if (lastedMs < BATCH_LASTS_MS) this.#batch *= 2;
    else if (lastedMs > 4 * BATCH_LASTS_MS) this.#batch /= 2;
    this.#batch = Math.min(BATCH_MAX, Math.max(least, Math.round(this.#batch)));
    return this.#batch;
  }

  async #tell({ target, token, order, tried }: Job, slot: number): Promise<void> {
    const system = this.#system;
    const { session, onTrouble } = this.#options;
    const call = this.hold.use((driver) =>
      callDriver({
        driver,
        order,
        timeoutMs: system.timeout_ms,
        slot,
        stopping: this.#cut.signal,
        keep: async (value: Json) => {
          if (!(await keepOfTarget(session, system.id, target.entity_id, token, value)))
            throw new Error('the lease of the target is in other hands by now');
        },
        onBug: (error) => onTrouble(`the driver of ${system.name} failed`, error),
      }),
    );
    const outcome = await call.catch((error: unknown): Outcome => {
      onTrouble(`there is no driver for ${system.name}`, error);
      return { type: 'later', code: 'unavailable', detail: 'The system cannot be driven now; why is logged.' };
    });
    const writing: Writing = writeVerdict(tried, outcome, retryOf(system), Math.random());
    this.#recorder.add([{ target, token, writing }]);
    this.#options.onCall(system, outcome);
    await this.#judgeSystem(system, outcome).catch((error: unknown) =>
      onTrouble(`the circuit of ${system.name} could not be written`, error),
    );
  }

  /** What the outcome says of the system as a whole. */
  async #judgeSystem(system: RunningSystem, outcome: Outcome): Promise<void> {
    const { session } = this.#options;
    const sign = signOf(outcome);
    if (sign === 'works' && (this.#hasFailed || this.#isProbing)) {
      this.#hasFailed = false;
      await closeCircuit(session, system.id);
      this.#openUntilMs = null;
    } else if (sign === 'fails') {
      this.#hasFailed = true;
      const detail = 'detail' in outcome ? outcome.detail : '';
      const openForMs = await countFailures(session, system.id, 1, detail);
      this.#openUntilMs = openForMs === null ? null : performance.now() + openForMs;
      if (this.circuit === 'open') {
        await this.#giveBack(this.#queue.splice(0).map(({ job }) => job));
        this.#isDue = true;
        this.#wakeIn(openForMs ?? 0);
      }
    }
    this.#isProbing = false;
  }

  async #giveBack(jobs: readonly Job[]): Promise<void> {
    if (jobs.length === 0) return;
    this.#isDue = true;
    const { session, onTrouble } = this.#options;
    const given = jobs.map(({ target, token }) => ({ entityId: target.entity_id, token }));
    await giveBackTargets(session, this.#system.id, given).catch((error: unknown) =>
      onTrouble('targets could not be given back', error),
    );
  }

  #afterwards({ writing }: TargetRecord): void {
    if (typeof writing.dueInMs === 'number') this.#wakeIn(writing.dueInMs, true);
  }

  /** Looks again after a while; the soonest of such times counts. */
  #wakeIn(delayMs: number, isDue = false): void {
    if (this.#stopping.signal.aborted) return;
    const atMs = performance.now() + Math.max(1, delayMs);
    if (atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(
      () => {
        this.#timerAtMs = Infinity;
        if (isDue || this.#system.due_in_ms !== null) this.#isDue = true;
        this.#pump();
      },
      Math.min(Math.ceil(delayMs), 60_000),
    );
  }
}

function retryOf({ retry_min_ms: retryMinMs, retry_max_ms: retryMaxMs }: RunningSystem) {
  return { retryMinMs, retryMaxMs };
}
