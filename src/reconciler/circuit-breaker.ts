/** The circuit of one system, shared by all processes through its row: this one's view of it, and what calls do to it. */
import { type Circuit, circuitOf, signOf } from '#core/reconcile/circuit.ts';
import type { Session } from '#store/database.ts';
import { type RunningSystem, closeCircuit, countFailures, takeProbe } from '#store/system-state.ts';
import type { Outcome } from '#systems/system.ts';

/** Another process probes: the row is looked at again before this one tries to. */
const PROBED_ELSEWHERE_MS = 1_000;

/** What calls said of the system since the last statement. */
interface Heard {
  /** It answered, before the failures. */
  readonly hasWorked: boolean;
  readonly failures: number;
  readonly problem: string;
}

export class CircuitBreaker {
  readonly #session: Session;
  #openUntilMs: number | null = null;
  #hasFailed = false;
  #heard: Heard | null = null;
  #writing: Promise<void> | null = null;
  /** This process sends the one call that tries whether the system is well again. */
  isProbing = false;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The circuit as it is now in the database. */
  update({ open_for_ms: openForMs, failures }: RunningSystem): void {
    this.#open(openForMs);
    if (failures > 0) this.#hasFailed = true;
  }

  get state(): Circuit {
    return circuitOf(this.#openUntilMs === null ? null : this.#openUntilMs - performance.now());
  }

  /** Whether calls of what is claimed already may begin. */
  get isPassable(): boolean {
    return this.isProbing || this.state === 'closed';
  }

  /** Whether this process may send the probe. */
  async probe(systemId: number, forMs: number): Promise<boolean> {
    this.isProbing = await takeProbe(this.#session, systemId, forMs);
    if (!this.isProbing) this.#open(PROBED_ELSEWHERE_MS);
    return this.isProbing;
  }

  /**
   * What an outcome says of the system as a whole. Answers for how long the circuit is open now; null when it is not. What
   * comes in while a statement runs goes with the next one: a system with many slots fails in all of them at once.
   */
  async judge(systemId: number, outcome: Outcome): Promise<number | null> {
    const wasProbing = this.isProbing;
    const sign = signOf(outcome);
    if (sign === 'works' && (this.#hasFailed || wasProbing))
      this.#heard = { hasWorked: true, failures: 0, problem: '' };
    else if (sign === 'fails') {
      this.#hasFailed = true;
      const { hasWorked = false, failures = 0 } = this.#heard ?? {};
      this.#heard = { hasWorked, failures: failures + 1, problem: 'detail' in outcome ? outcome.detail : '' };
    }
    try {
      if (this.#heard !== null) this.#writing ??= this.#write(systemId);
      await this.#writing;
    } finally {
      if (wasProbing) this.isProbing = false;
    }
    return this.state === 'open' && this.#openUntilMs !== null ? this.#openUntilMs - performance.now() : null;
  }

  async #write(systemId: number): Promise<void> {
    try {
      for (let heard = this.#heard; heard !== null; heard = this.#heard) {
        this.#heard = null;
        const { hasWorked, failures, problem } = heard;
        if (hasWorked) {
          this.#hasFailed = failures > 0;
          this.#open(null);
          await closeCircuit(this.#session, systemId);
        }
        if (failures > 0) this.#open(await countFailures(this.#session, systemId, failures, problem));
      }
    } finally {
      this.#writing = null;
    }
  }

  #open(forMs: number | null): void {
    this.#openUntilMs = forMs === null ? null : performance.now() + forMs;
  }
}
