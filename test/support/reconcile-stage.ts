/**
 * A stage for workers of the reconciler: each statement that one sends waits until the stage lets it go on, and each call of a
 * system acts and is answered when the stage says so. Who is next is drawn, so that a seed gives one interleaving after another.
 */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import { Reconciler } from '#reconciler/reconciler.ts';
import type { Outcome, SystemDriver } from '#systems/system.ts';

import { makeHookedPool } from './hooked-pool.ts';
import type { Installation } from './installation.ts';
import { type Switch, switchOf } from './reconcile-switchboard.ts';

/** A statement that waits. */
interface Gate {
  readonly worker: number;
  open(): Promise<void>;
}

export interface PendingCall {
  readonly worker: number;
  readonly entityId: number;
  readonly to: Switch;
  /** When it was sent, by the counting of leaps in time. */
  readonly leap: number;
  state: 'sent' | 'acted' | 'given up';
  resolve(outcome: Outcome): void;
}

/** How long a statement may take before others go on: it may wait for a lock that one of them holds. */
const STATEMENT_MS = 20;

/** How long somebody may be busy in the database before it is taken for waiting. */
const ALONE_MS = 500;

const UNKNOWN: Outcome = { type: 'unknown', code: 'no_reply', detail: 'No reply came.' };
const LATER: Outcome = { type: 'later', code: 'busy', detail: 'It is busy.' };

export class Stage {
  readonly switches = new Map<number, Switch>();
  /** Calls that may still act or be answered. */
  readonly calls = new Set<PendingCall>();
  readonly troubles: string[] = [];
  /** Told of whatever happens with a thing. */
  onEvent: (entityId: number, event: string) => void = () => {};
  steps = 0;
  leaps = 0;
  #gates: Gate[] = [];
  #isFree = false;
  #reconcilers: Reconciler[] = [];
  #endings: (() => Promise<void>)[] = [];

  start(here: Pick<Installation, 'connectionString' | 'context'>, workers: number): void {
    const { chainKey, sealingKey } = here.context;
    for (let worker = 0; worker < workers; worker++) {
      const { pool } = makeHookedPool(here.connectionString, (_, send) => this.#gate(worker, send));
      const driver: SystemDriver = {
        converge: ({ entityId, desired }) => this.#call(worker, entityId, switchOf(desired)),
      };
      const reconciler = new Reconciler({
        pool,
        sealingKey: () => sealingKey,
        chainKey: () => chainKey,
        makeDriver: { aps: () => driver },
        workerName: `worker ${worker}`,
        onTrouble: (what, error) => this.troubles.push(`${what}: ${String(error)}`),
        pollMs: 5,
      });
      this.#reconcilers.push(reconciler);
      reconciler.start();
      this.#endings.push(async () => {
        await reconciler.stop();
        await pool.end();
      });
    }
  }

  async stop(): Promise<void> {
    this.free();
    await Promise.all(this.#endings.map((end) => end()));
  }

  /** From now on nobody waits: statements go on, and systems act and answer at once. */
  free(): void {
    this.#isFree = true;
    for (const gate of this.#gates.splice(0)) void gate.open();
    for (const call of this.calls) this.answer(call, 'done');
    for (const reconciler of this.#reconcilers) reconciler.poke();
  }

  /** From now on everybody waits again. */
  hold(): void {
    this.#isFree = false;
  }

  /** Lets one statement go on, by two numbers from 0 up to 1: of a worker first, so that none is passed over. */
  async step(random: () => number): Promise<void> {
    this.steps += 1;
    const workers = [...new Set(this.#gates.map(({ worker }) => worker))];
    if (workers.length === 0) await sleep(1); // The next poll brings one.
    const worker = workers[Math.floor(random() * workers.length)];
    const mine = this.#gates.filter((gate) => gate.worker === worker);
    const gate = mine[Math.floor(random() * mine.length)];
    if (gate === undefined) return;
    this.#gates = this.#gates.filter((other) => other !== gate);
    await Promise.race([gate.open(), sleep(STATEMENT_MS)]);
    await turn();
    await turn();
  }

  /** Does something in the database while workers go on: it may wait for what one of them has locked. */
  async during<T>(work: Promise<T>, random: () => number, aloneMs = ALONE_MS): Promise<T> {
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    over.catch(() => {}); // It is awaited below.
    await Promise.race([over, sleep(aloneMs)]).catch(() => {});
    while (!isOver) {
      await this.step(random);
      await Promise.race([over, sleep(1)]).catch(() => {}); // A moment for the database.
    }
    return over;
  }

  act(call: PendingCall): void {
    if (call.state === 'acted') return;
    this.switches.set(call.entityId, call.to);
    this.onEvent(call.entityId, call.state === 'given up' ? 'acts late' : 'acts');
    if (call.state === 'given up') this.calls.delete(call);
    call.state = 'acted';
  }

  /** What becomes of a call. `late`: its caller hears nothing, and it acts only later. */
  answer(call: PendingCall, how: 'done' | 'lost reply' | 'lost request' | 'refused' | 'late'): void {
    this.onEvent(call.entityId, how);
    if (how === 'done' || how === 'lost reply') this.act(call);
    if (call.state === 'given up') return;
    call.resolve(how === 'done' ? { type: 'done' } : how === 'refused' ? LATER : UNKNOWN);
    if (how === 'late' && call.state === 'sent') call.state = 'given up';
    else this.calls.delete(call);
  }

  async #gate(worker: number, send: () => Promise<unknown>): Promise<unknown> {
    if (this.#isFree) return send();
    const opened = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    this.#gates.push({
      worker,
      open: () => {
        opened.resolve();
        return answered.promise;
      },
    });
    await opened.promise;
    return send().finally(answered.resolve);
  }

  #call(worker: number, entityId: number, to: Switch): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const call: PendingCall = { worker, entityId, to, leap: this.leaps, state: 'sent', resolve };
    this.calls.add(call);
    this.onEvent(entityId, `worker ${worker} tells ${to}`);
    if (this.#isFree) this.answer(call, 'done');
    return promise;
  }
}
