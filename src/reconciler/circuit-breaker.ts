/** The circuit of one system, shared by all processes through its row: this one's view of it, and what calls do to it. */
import { type Circuit, circuitOf, signOf } from '#core/reconcile/circuit.ts';
import type { Session } from '#store/database.ts';
import { type RunningSystem, closeCircuit, countFailures, takeProbe } from '#store/system-state.ts';
import type { Outcome } from '#systems/system.ts';

export class CircuitBreaker {
  readonly #session: Session;
  #openUntilMs: number | null = null;
  #hasFailed = false;
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
    return this.isProbing;
  }

  /** What an outcome says of the system as a whole. Answers for how long the circuit is open now; null when it is not. */
  async judge(systemId: number, outcome: Outcome): Promise<number | null> {
    const wasProbing = this.isProbing;
    const sign = signOf(outcome);
    try {
      if (sign === 'works' && (this.#hasFailed || wasProbing)) {
        this.#hasFailed = false;
        this.#open(null);
        await closeCircuit(this.#session, systemId);
      } else if (sign === 'fails') {
        this.#hasFailed = true;
        this.#open(await countFailures(this.#session, systemId, 1, 'detail' in outcome ? outcome.detail : ''));
      }
    } finally {
      if (wasProbing) this.isProbing = false;
    }
    return this.state === 'open' && this.#openUntilMs !== null ? this.#openUntilMs - performance.now() : null;
  }

  #open(forMs: number | null): void {
    this.#openUntilMs = forMs === null ? null : performance.now() + forMs;
  }
}
