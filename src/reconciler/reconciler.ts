/**
 * Tells systems what they should be until they agree. Any number of processes may run one on the same database.
 *
 * Two loops: one reads the log of changes and lets it reach targets, the other keeps this process' share of the slots and
 * knows how it stands with the systems. Each system has a runner that tells its targets. Notices of the database and pokes
 * make it sooner; asking again and again is the guarantee.
 */
import { randomUUID } from 'node:crypto';

import type pg from 'pg';

import type { Listener } from '#core/decision-source.ts';
import type { SystemKindName } from '#core/system-kind.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';
import type { ChainKey } from '#store/change.ts';
import { Session } from '#store/database.ts';
import { listen } from '#store/listen.ts';
import type { SealingKey } from '#store/sealing.ts';
import { type HeldSlot, forgetWorker, holdSlots, releaseSlots, seeWorker } from '#store/slot.ts';
import { DUE_CHANNEL } from '#store/sweep-reach.ts';
import { type RunningSystem, listRunningSystems } from '#store/system-state.ts';
import { type Transaction, transact } from '#store/transaction.ts';
import type { MakeDriver, Outcome } from '#systems/system.ts';

import { RECONCILER } from './drift.ts';
import { DriverHold } from './driver-hold.ts';
import { Expander } from './expander.ts';
import { Loop } from './loop.ts';
import { Runner } from './runner.ts';
import { ingestPage } from './sweeper.ts';

export interface ReconcilerOptions {
  readonly pool: pg.Pool;
  /** To hear notices; absent: it only asks again and again. */
  readonly connectionString?: string;
  readonly sealingKey: () => SealingKey;
  readonly chainKey: () => ChainKey;
  readonly makeDriver: Readonly<Partial<Record<SystemKindName, MakeDriver>>>;
  /** What this process is called in the list of workers. */
  readonly workerName: string;
  readonly onTrouble: (what: string, error: unknown) => void;
  /** How often it asks, in milliseconds. */
  readonly pollMs?: number;
}

const POLL_MS = 1_000;
/** Changes that are committed within this are read together. */
const SWEEP_GAP_MS = 5;
/** A pause or a change of a system is heard of within this. */
const BEAT_GAP_MS = 200;
/** How much longer a slot is leased than a call may last: several renewals may fail before no call can begin. */
const SLOT_MARGIN_MS = 6_000;
/** How long calls may go on when the process stops. */
const STOP_GRACE_MS = 2_000;

export class Reconciler {
  readonly id = randomUUID();
  readonly #options: ReconcilerOptions;
  readonly #session: Session;
  readonly #expander = new Expander();
  readonly #runners = new Map<number, Runner>();
  readonly #sweeping: Loop;
  readonly #beating: Loop;
  readonly #stopping = new AbortController();
  #listener: Listener | null = null;
  #isListening = false;
  /** Targets that sweeps reached by this process. */
  reached = 0;
  /** Drifts that this process found. */
  drifted = 0;
  /** Calls by system and outcome. */
  readonly calls = new Map<string, { readonly system: string; readonly outcome: Outcome['type']; count: number }>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#session = new Session(options.pool);
    const pollMs = options.pollMs ?? POLL_MS;
    const { onTrouble } = options;
    this.#sweeping = new Loop(
      { pollMs, gapMs: SWEEP_GAP_MS },
      () => this.#sweep(),
      (error) => onTrouble('the log of changes could not be read', error),
    );
    this.#beating = new Loop(
      { pollMs, gapMs: BEAT_GAP_MS },
      () => this.#beat(),
      (error) => onTrouble('the systems could not be looked after', error),
    );
  }

  start(): void {
    this.#beating.start();
    this.#sweeping.start();
  }

  /** Something was committed: look now. */
  poke(): void {
    this.#sweeping.poke();
    this.#beating.poke();
  }

  /** Ends what it does, and leaves all that it holds to others. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#sweeping.stop(), this.#beating.stop()]);
    await this.#listener?.close().catch(() => {});
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop(STOP_GRACE_MS)));
    await forgetWorker(this.#session, this.id).catch((error: unknown) =>
      this.#options.onTrouble('the slots could not be given back', error),
    );
  }

  /** How it stands with the systems that this process drives. */
  get runners(): readonly Runner[] {
    return [...this.#runners.values()];
  }

  /** Reads what was committed, and lets it reach targets, until there is nothing more to do. */
  async #sweep(): Promise<void> {
    for (let isBusy = true; isBusy && !this.#stopping.signal.aborted;) {
      const read = await this.#transact((transaction) => ingestPage(transaction));
      this.#wake(read.systems);
      const small = await this.#transact((transaction) => this.#expander.small(transaction));
      this.#wake(small.systems);
      // A page of a large one at a time, so that small ones never wait behind it.
      const large = small.isBusy ? null : await this.#transact((transaction) => this.#expander.large(transaction));
      this.#wake(large?.systems ?? new Set());
      this.reached += small.targets + (large?.targets ?? 0);
      isBusy = read.isBehind || small.isBusy || large?.isBusy === true;
    }
  }

  #wake(systems: ReadonlySet<number>): void {
    for (const id of systems) this.#runners.get(id)?.due();
  }

  async #transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const { pool, chainKey } = this.#options;
    return (await transact(pool, chainKey(), 'none', RECONCILER, work)).value;
  }

  /** Says that it is alive, renews its slots, and takes the systems as they are now. */
  async #beat(): Promise<void> {
    const workers = await seeWorker(this.#session, this.id, this.#options.workerName);
    const sentAtMs = performance.now();
    const held = await holdSlots(this.#session, this.id, workers, SLOT_MARGIN_MS);
    const systems = await listRunningSystems(this.#session);
    const excess: HeldSlot[] = [];
    for (const system of systems) {
      const runner = this.#runners.get(system.id) ?? this.#begin(system);
      if (runner === null) continue;
      const numbers = held.filter((slot) => slot.system_id === system.id).map(({ slot }) => slot);
      const { timeout_ms: timeoutMs, concurrency, rate } = system;
      const untilMs = sentAtMs + timeoutMs + SLOT_MARGIN_MS;
      runner.slots.lease(numbers, untilMs, performance.now(), { timeoutMs, concurrency, rate });
      for (const slot of runner.slots.shed(Math.ceil(concurrency / workers)))
        excess.push({ system_id: system.id, slot });
      runner.update(system);
    }
    await releaseSlots(this.#session, this.id, excess);
    const alive = new Set(systems.map(({ id }) => id));
    for (const [id, runner] of this.#runners)
      if (!alive.has(id)) {
        this.#runners.delete(id);
        void runner.stop(0).catch((error: unknown) => this.#options.onTrouble('a system that is gone', error));
      }
    this.#listen();
  }

  /** Null where this program has no driver for the kind. */
  #begin(system: RunningSystem): Runner | null {
    const make = this.#options.makeDriver[system.kind];
    if (make === undefined || SYSTEM_KIND[system.kind].reach === 'events') return null;
    const { sealingKey, onTrouble } = this.#options;
    const runner = new Runner(system, new DriverHold(system, make, sealingKey, onTrouble), {
      session: this.#session,
      onTrouble,
      transact: (work) => this.#transact(work),
      onDrift: (_of, count) => {
        this.drifted += count;
      },
      onCall: (of, outcome) => this.#count(of.name, outcome.type),
    });
    this.#runners.set(system.id, runner);
    return runner;
  }

  #count(system: string, outcome: Outcome['type']): void {
    const key = `${system} ${outcome}`;
    const found = this.calls.get(key) ?? { system, outcome, count: 0 };
    found.count++;
    this.calls.set(key, found);
  }

  /** Hints are taken up again after each beat that went well. */
  #listen(): void {
    const { connectionString, onTrouble } = this.#options;
    if (connectionString === undefined || this.#isListening || this.#stopping.signal.aborted) return;
    this.#isListening = true;
    const lost = () => {
      this.#isListening = false;
      this.#listener = null;
    };
    const heard = (channel: string, payload: string) => {
      if (channel !== DUE_CHANNEL) return this.poke();
      if (payload === '') for (const runner of this.#runners.values()) runner.due();
      else this.#wake(new Set(payload.split(',').map(Number)));
    };
    listen({
      connectionString,
      name: 'abeyance-reconcile',
      channels: ['abeyance_change', DUE_CHANNEL],
      onNotice: heard,
      onLost: lost,
      signal: this.#stopping.signal,
    }).then(
      (listener) => {
        if (this.#stopping.signal.aborted) void listener.close();
        else this.#listener = listener;
        this.poke();
      },
      (error: unknown) => {
        lost();
        if (!this.#stopping.signal.aborted) onTrouble('notices cannot be heard', error);
      },
    );
  }
}
