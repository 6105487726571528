/**
 * Finds what somebody changed behind our back: a slow sweep that asks a system what it has, page by page, with slots that
 * nobody needs, and compares it with what is desired now.
 */
import type { Json } from '#core/field.ts';
import { SYSTEM_WIDE_CODES } from '#core/reconcile/circuit.ts';
import { systemAuthor } from '#store/change.ts';
import type { Session } from '#store/database.ts';
import { type SettledTarget, type Sight, moveDrift, recordSights, takeDriftPage } from '#store/drift.ts';
import type { RunningSystem } from '#store/system-state.ts';
import type { Transaction } from '#store/transaction.ts';
import type { Observation, Order } from '#systems/system.ts';

import { unlessDeaf } from './call.ts';
import type { DriverHold } from './driver-hold.ts';
import { asOrder, desiredOf, readFacts } from './prepare.ts';

export const RECONCILER = systemAuthor('system:reconciler');

/** Targets of one page. */
const PAGE = 50;
/** What a page's lease has beyond the time of its calls. */
const MARGIN_MS = 10_000;

export interface DriftOptions {
  readonly session: Session;
  readonly transact: <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>;
  /** Runs a call when a slot is idle; gives null when it never came to it. */
  readonly whenIdle: (call: (slot: number, signal: AbortSignal) => Promise<Observation>) => Promise<Observation | null>;
  readonly onTrouble: (what: string, error: unknown) => void;
  readonly onFound: (count: number) => void;
}

interface Seen {
  readonly target: SettledTarget;
  readonly wanted: Json;
  readonly observation: Observation | null;
}

export class DriftSweep {
  readonly #options: DriftOptions;
  readonly #hold: DriverHold;
  #running: Promise<void> | null = null;

  constructor(hold: DriverHold, options: DriftOptions) {
    this.#hold = hold;
    this.#options = options;
  }

  /** Looks whether a page is due, unless one is being worked on. */
  tick(system: RunningSystem, slots: number): void {
    const { kind } = this.#hold.prepared;
    if (system.drift === 'off' || !kind.observes || slots === 0 || this.#running !== null) return;
    if (system.drift_due_in_ms !== null && system.drift_due_in_ms > 0) return;
    this.#running = this.#pages(system, slots)
      .catch((error: unknown) => this.#options.onTrouble(`the search for drift in ${system.name}`, error))
      .finally(() => {
        this.#running = null;
      });
  }

  async stopped(): Promise<void> {
    await this.#running;
  }

  async #pages(system: RunningSystem, slots: number): Promise<void> {
    const { session } = this.#options;
    const leaseMs = Math.ceil(PAGE / slots) * (system.timeout_ms + 1_000) + MARGIN_MS;
    for (;;) {
      const page = await takeDriftPage(session, system.id, PAGE, leaseMs);
      if (page === null) return;
      const last = page.targets.at(-1)?.entity_id;
      if (last === undefined) return moveDrift(session, system.id, null, system.drift_every_ms);
      const seen = await this.#observe(page.targets);
      if (seen.some(({ observation }) => isLost(observation)))
        // The system is not to be asked now: the page is looked at again.
        return moveDrift(session, system.id, page.after, system.retry_max_ms);
      await this.#compare(system, seen);
      if (page.targets.length < PAGE) return moveDrift(session, system.id, null, system.drift_every_ms);
      await moveDrift(session, system.id, last, 0);
    }
  }

  async #observe(targets: readonly SettledTarget[]): Promise<Seen[]> {
    const { session, whenIdle } = this.#options;
    const { prepared } = this.#hold;
    const facts = await readFacts(
      session,
      prepared.kind,
      targets.map((target) => target.entity_id),
    );
    const asked = targets.flatMap((target) => {
      const known = facts.get(target.entity_id);
      if (known === undefined) return [];
      return this.#unlessBroken(target, () => {
        const wanted = desiredOf(prepared, known, target.reference);
        return { target, wanted, order: asOrder(prepared, { ...target, doubt: 'none' }, known, wanted, false) };
      });
    });
    return Promise.all(
      asked.map(async ({ target, wanted, order }) => ({
        target,
        wanted,
        observation: await whenIdle((slot, signal) => this.#ask(order, slot, signal)),
      })),
    );
  }

  /** One target that cannot be judged is left out; the others are looked at all the same. */
  #unlessBroken<T>(target: SettledTarget, judge: () => T): T[] {
    try {
      return [judge()];
    } catch (error) {
      this.#options.onTrouble(`whether entity ${target.entity_id} has drifted cannot be judged`, error);
      return [];
    }
  }

  async #ask(order: Order, slot: number, signal: AbortSignal): Promise<Observation> {
    try {
      return await this.#hold.use(async (driver, timeoutMs) => {
        if (driver.observe === undefined) return { type: 'unseen', code: 'unavailable', detail: 'it observes nothing' };
        const timed = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
        return unlessDeaf(driver.observe(order, { slot, timeoutMs, signal: timed }), timed);
      });
    } catch (error) {
      const isFailure = error instanceof Error && (error.name === 'SystemFailure' || error.name === 'TimeoutError');
      if (!isFailure && !signal.aborted) this.#options.onTrouble('a driver failed to observe', error);
      return { type: 'unseen', code: 'unreachable', detail: error instanceof Error ? error.message : String(error) };
    }
  }

  /** What is seen is compared by what would have to be told; the log hears of each drift once. */
  async #compare(system: RunningSystem, seen: readonly Seen[]): Promise<void> {
    const { kind, uuid } = this.#hold.prepared;
    const sights = seen.flatMap(({ target, wanted, observation }): (Sight & { wanted: Json })[] =>
      observation?.type === 'seen'
        ? this.#unlessBroken(target, () => ({
            entityId: target.entity_id,
            toldSeen: target.told_seen,
            state: storableState(observation.state),
            isDrifted: kind.verb(observation.state, wanted) !== null,
            wanted,
          }))
        : [],
    );
    if (sights.length === 0) return;
    const found = await this.#options.transact(async (transaction) => {
      const marked = await recordSights(transaction, system.id, sights, system.drift === 'repair');
      for (const [change, entities] of [
        ['drift.found', marked.found],
        ['drift.repaired', marked.gone],
      ] as const)
        for (const entityId of entities) {
          const sight = sights.find((one) => one.entityId === entityId);
          const facts = { system: uuid, name: system.name, found: sight?.state ?? null, wanted: sight?.wanted ?? null };
          transaction.record({ kind: change, entityId, facts, touched: [] });
        }
      return marked.found.length;
    });
    this.#options.onFound(found);
  }
}

function isLost(observation: Observation | null): boolean {
  return observation === null || (observation.type === 'unseen' && SYSTEM_WIDE_CODES.has(observation.code));
}

/** What the database takes as JSON: text of a foreign system may have NUL in it, or half a character. */
function storableState(state: Json): Json {
  if (!UNSTORABLE.test(JSON.stringify(state))) return state;
  throw new Error('what the system says that it has cannot be stored');
}

const UNSTORABLE = /\\u(?:0000|d[89a-f])/i;
