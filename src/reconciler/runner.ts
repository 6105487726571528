/**
 * Drives one system in this process: claims what is due, has the driver tell it, and hands the outcomes to the recorder.
 *
 * It claims ahead what it can begin within about a second, so that statements are shared by many targets and no slot waits for
 * the database. What could not begin while its lease is long enough is given back unseen.
 */
import { randomUUID } from 'node:crypto';

import type { Json } from '#core/field.ts';
import type { Circuit } from '#core/reconcile/circuit.ts';
import { type Writing, writeVerdict } from '#core/reconcile/verdict.ts';
import type { Session } from '#store/database.ts';
import type { RunningSystem } from '#store/system-state.ts';
import { type TargetRecord, claimTargets, giveBackTargets, keepOfTarget } from '#store/target.ts';
import type { Transaction } from '#store/transaction.ts';
import type { Outcome } from '#systems/system.ts';

import { BATCH_MAX, BatchSize } from './batch-size.ts';
import { callDriver } from './call.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { DriftSweep } from './drift.ts';
import type { DriverHold } from './driver-hold.ts';
import { type Job, prepareJobs } from './prepare.ts';
import { Recorder } from './recorder.ts';
import { type IdleWaiter, Slots } from './slots.ts';

/** How long a claimed target may wait for its turn. */
const QUEUE_MS = 5_000;
/** What a lease has left when a call that takes its whole time is over: to write the outcome, and for clocks that differ. */
const LEASE_MARGIN_MS = 5_000;

export interface RunnerOptions {
  readonly session: Session;
  readonly onTrouble: (what: string, error: unknown) => void;
  readonly transact: <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>;
  readonly onCall: (system: RunningSystem, outcome: Outcome) => void;
  readonly onDrift: (system: RunningSystem, count: number) => void;
}

export class Runner {
  readonly slots = new Slots();
  readonly hold: DriverHold;
  #system: RunningSystem;
  readonly #options: RunnerOptions;
  readonly #recorder: Recorder;
  readonly #drift: DriftSweep;
  readonly #breaker: CircuitBreaker;
  #idle: IdleWaiter[] = [];
  readonly #stopping = new AbortController();
  readonly #cut = new AbortController();
  readonly #calls = new Set<Promise<void>>();
  #queue: { readonly job: Job; readonly beginByMs: number }[] = [];
  #claiming: Promise<void> | null = null;
  #isDue = false;
  readonly #batch = new BatchSize();
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;

  constructor(system: RunningSystem, hold: DriverHold, options: RunnerOptions) {
    this.#system = system;
    this.hold = hold;
    this.#options = options;
    this.#breaker = new CircuitBreaker(options.session);
    this.#recorder = new Recorder({
      session: options.session,
      transact: options.transact,
      system: () => {
        const { id, uuid, name, flight_max_ms: flightMaxMs } = this.#system;
        return { id, uuid, name, flightMaxMs };
      },
      signal: this.#stopping.signal,
      onTrouble: options.onTrouble,
      onRecorded: (record) => this.#afterwards(record),
    });
    this.#drift = new DriftSweep(hold, {
      ...options,
      whenIdle: (call) => this.#whenIdle(call),
      onFound: (count) => {
        options.onDrift(this.#system, count);
        if (count > 0) this.due();
      },
    });
    this.update(system);
  }

  get system(): RunningSystem {
    return this.#system;
  }

  get circuit(): Circuit {
    return this.#breaker.state;
  }

  /** The system as it is now: pause, pace, circuit, and whether anything is due. */
  update(system: RunningSystem): void {
    this.#system = system;
    this.hold.renew(system);
    this.#breaker.update(system);
    void this.#giveBack(this.#dropped(system.paused_at !== null));
    this.#drift.tick(system, this.slots.size);
    if (system.due_in_ms === null) return this.#pump();
    if (system.due_in_ms <= 0) this.due();
    else this.#wakeIn(system.due_in_ms);
  }

  /** What is not begun any more: all of it, or what waited too long behind slow calls. */
  #dropped(isAll: boolean): Job[] {
    const nowMs = performance.now();
    const { dropped = [], stays = [] } = Object.groupBy(this.#queue, ({ beginByMs }) =>
      isAll || beginByMs < nowMs ? 'dropped' : 'stays',
    );
    this.#queue = stays;
    return dropped.map(({ job }) => job);
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
    await this.#giveBack(this.#dropped(true));
    for (const { giveUp } of this.#idle.splice(0)) giveUp();
    while (this.#calls.size > 0) await Promise.all(this.#calls);
    clearTimeout(cut);
    await this.#drift.stopped();
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
    const first = this.#queue[0];
    if (first !== undefined && first.beginByMs < performance.now()) void this.#giveBack(this.#dropped(false));
    while (this.#mayCall && this.#queue.length > 0 && this.#breaker.isPassable) {
      const nowMs = performance.now();
      const slot = this.slots.take(nowMs, this.#pace);
      if (typeof slot === 'number') this.#wakeIn(slot - nowMs);
      if (slot === null || typeof slot === 'number') break;
      const next = this.#queue.shift();
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
    this.#claimMore();
    this.#lendIdle();
  }

  /** Slots that nobody needs go to those who wait for one. */
  #lendIdle(): void {
    while (this.#mayCall && this.circuit === 'closed' && this.#queue.length === 0 && this.#idle.length > 0) {
      const nowMs = performance.now();
      const slot = this.slots.take(nowMs, this.#pace);
      if (typeof slot === 'number') this.#wakeIn(slot - nowMs);
      if (slot === null || typeof slot === 'number') return;
      const call = (this.#idle.shift()?.begin(slot.number) ?? Promise.resolve()).finally(() => {
        slot.isBusy = false;
        this.#calls.delete(call);
        this.#pump();
      });
      this.#calls.add(call);
    }
  }

  #whenIdle<T>(work: (slot: number, signal: AbortSignal) => Promise<T>): Promise<T | null> {
    if (this.#stopping.signal.aborted) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#idle.push({
        begin: (slot) => work(slot, this.#cut.signal).then(resolve, reject),
        giveUp: () => resolve(null),
      });
      this.#pump();
    });
  }

  #claimMore(): void {
    if (!this.#isDue || !this.#mayCall || this.#claiming !== null || this.slots.size === 0) return;
    // The next batch is claimed while one is worked on.
    if (this.#queue.length > this.#batch.size || this.#recorder.size > BATCH_MAX * 2) return;
    if (this.circuit === 'open' || this.#breaker.isProbing) return;
    this.#claiming = this.#claim()
      .catch((error: unknown) => this.#options.onTrouble('targets could not be claimed', error))
      .finally(() => {
        this.#claiming = null;
        this.#pump();
      });
  }

  async #claim(): Promise<void> {
    const { session, onTrouble } = this.#options;
    const system = this.#system;
    const sentAtMs = performance.now();
    const isProbe = this.circuit === 'half_open';
    const limit = isProbe ? 1 : this.#batch.next(sentAtMs, Math.max(2, this.slots.size * 2));
    const token = randomUUID();
    const leaseMs = QUEUE_MS + system.timeout_ms + LEASE_MARGIN_MS;
    this.#isDue = false;
    const claim = { systemId: system.id, token, limit, leaseMs, flightMaxMs: system.flight_max_ms };
    const targets = await claimTargets(session, claim);
    if (targets.length === 0) return;
    // A full batch: there may be more. Otherwise the next ones are few again, until they turn out to be many.
    this.#isDue = targets.length === limit;
    if (!this.#isDue) this.#batch.size = 0;
    const jobs = await prepareJobs(session, this.hold.prepared, token, targets, onTrouble).catch(async (error) => {
      // Nobody was told: they need not wait until the lease runs out. The next beat looks for them again.
      await this.#giveBack(targets.map((target) => ({ target, token })));
      this.#isDue = false;
      throw error;
    });
    const calls = jobs.filter((job) => job.untold === null);
    this.#recorder.add(
      jobs.flatMap(({ target, untold }) => (untold === null ? [] : [{ target, token, writing: untold }])),
    );
    if (isProbe && calls.length > 0 && !(await this.#breaker.probe(system.id, leaseMs))) return this.#giveBack(calls);
    const beginByMs = sentAtMs + QUEUE_MS;
    this.#queue.push(...calls.map((job) => ({ job, beginByMs })));
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
    const openForMs = await this.#breaker.judge(system.id, outcome).catch((error: unknown) => {
      onTrouble(`the circuit of ${system.name} could not be written`, error);
      return null;
    });
    if (openForMs === null) return;
    await this.#giveBack(this.#dropped(true));
    this.#wakeIn(openForMs);
  }

  async #giveBack(jobs: readonly Pick<Job, 'target' | 'token'>[]): Promise<void> {
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
