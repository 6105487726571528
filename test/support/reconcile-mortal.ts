/**
 * A reconciler that dies: at any of its waits for the database or for a system, as a process does that is killed. Nothing that
 * would have come back reaches it any more, and what it had begun is cut.
 */
import { Reconciler } from '#reconciler/reconciler.ts';
import type { MakeDriver } from '#systems/system.ts';

import { makeHookedPool } from './hooked-pool.ts';
import type { Installation } from './installation.ts';
import { type Switchboard, makeSwitchboardDriver } from './reconcile-switchboard.ts';

export interface Mortal {
  readonly reconciler: Reconciler;
  readonly died: Promise<void>;
  readonly isDead: boolean;
  /** Waits that it came through. */
  readonly waits: number;
  kill(): void;
  /** Ends it in peace. */
  stop(): Promise<void>;
}

export interface MortalOptions {
  readonly name: string;
  /** At which of its waits it dies; absent: never by itself. */
  readonly diesAt?: number;
  readonly boardOf: (origin: string) => Switchboard | undefined;
  readonly onTrouble: (what: string, error: unknown) => void;
  readonly pollMs?: number;
  readonly traffic?: Traffic;
}

/** The way to all systems: it can be closed for a while, and knows how many are on it. */
export class Traffic {
  #gate: PromiseWithResolvers<void> | null = null;
  active = 0;

  close(): void {
    this.#gate ??= Promise.withResolvers<void>();
  }

  open(): void {
    this.#gate?.resolve();
    this.#gate = null;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    while (this.#gate !== null) await this.#gate.promise;
    this.active += 1;
    try {
      return await work();
    } finally {
      this.active -= 1;
    }
  }
}

const NEVER = new Promise<never>(() => {});

export function startMortal(here: Pick<Installation, 'connectionString' | 'context'>, options: MortalOptions): Mortal {
  const { chainKey, sealingKey } = here.context;
  const death = Promise.withResolvers<void>();
  const ended = new AbortController();
  let [isDead, waits] = [false, 0];
  const kill = () => {
    if (isDead) return;
    isDead = true;
    cut();
    ended.abort(new Error('the worker was killed'));
    // What still ticks in it is stopped; none of its words arrives.
    void reconciler.stop().catch(() => {});
    death.resolve();
  };
  const live = (): Promise<never> | void => {
    if (!isDead && (waits += 1) === options.diesAt) kill();
    return isDead ? NEVER : undefined;
  };
  const { pool, cut } = makeHookedPool(here.connectionString, async (_, send) => {
    await live();
    try {
      return await send();
    } finally {
      await live(); // What was answered may have been done, and the worker never hears of it.
    }
  });
  const makeDriver: MakeDriver = (system) => {
    const driver = makeSwitchboardDriver({ boardOf: options.boardOf, signal: ended.signal })(system);
    return {
      async converge(order, call) {
        await live();
        const { traffic } = options;
        const tell = () => driver.converge(order, call);
        const outcome = await (traffic === undefined ? tell() : traffic.pass(tell));
        await live();
        return outcome;
      },
    };
  };
  const reconciler = new Reconciler({
    pool,
    sealingKey: () => sealingKey,
    chainKey: () => chainKey,
    makeDriver: { aps: makeDriver },
    workerName: options.name,
    onTrouble: (what, error) => {
      if (!isDead) options.onTrouble(what, error);
    },
    ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
  });
  reconciler.start();
  return {
    reconciler,
    died: death.promise,
    get isDead() {
      return isDead;
    },
    get waits() {
      return waits;
    },
    kill,
    async stop() {
      if (isDead) return;
      await reconciler.stop();
      await pool.end();
    },
  };
}
