/** The slots of one system that this process holds: each carries one call at a time, and keeps the pace by itself. */

/** A call begins only under a lease that outlasts it by this. */
const MARGIN_MS = 500;

export interface Slot {
  readonly number: number;
  isBusy: boolean;
  /** No call begins before; by the clock that never jumps, in milliseconds. */
  freeAtMs: number;
  leasedUntilMs: number;
}

/** Somebody who takes a slot that nobody else needs. */
export interface IdleWaiter {
  readonly begin: (slot: number) => Promise<void>;
  readonly giveUp: () => void;
}

export interface SlotPace {
  readonly concurrency: number;
  /** Requests a second in all slots of all processes together; null: no limit. */
  readonly rate: number | null;
  readonly timeoutMs: number;
}

export class Slots {
  readonly #slots = new Map<number, Slot>();

  get size(): number {
    return this.#slots.size;
  }

  get busy(): number {
    let count = 0;
    for (const slot of this.#slots.values()) if (slot.isBusy) count++;
    return count;
  }

  /** What was leased, and until when. A slot that is not among them takes no new call. */
  lease(numbers: readonly number[], untilMs: number, nowMs: number, pace: SlotPace): void {
    const held = new Set(numbers);
    for (const slot of this.#slots.values())
      if (!held.has(slot.number) && !slot.isBusy) this.#slots.delete(slot.number);
    for (const number of held) {
      const known = this.#slots.get(number);
      if (known !== undefined) known.leasedUntilMs = untilMs;
      // Its former holder may have used it a moment ago.
      else
        this.#slots.set(number, {
          number,
          isBusy: false,
          freeAtMs: firstTurn(number, nowMs, pace),
          leasedUntilMs: untilMs,
        });
    }
  }

  /** A slot for a call that may begin now, or the time at which there is one; null when only the end of a call frees one. */
  take(nowMs: number, { timeoutMs, concurrency, rate }: SlotPace): Slot | number | null {
    let soonest: number | null = null;
    for (const slot of this.#slots.values()) {
      if (slot.isBusy || slot.leasedUntilMs - nowMs < timeoutMs + MARGIN_MS) continue;
      if (slot.freeAtMs > nowMs) soonest = Math.min(soonest ?? Infinity, slot.freeAtMs);
      else {
        slot.isBusy = true;
        // What was not used is lost: a pause must not end in a burst.
        if (rate !== null) slot.freeAtMs = nowMs + (concurrency / rate) * 1_000;
        return slot;
      }
    }
    return soonest;
  }

  /** Lets go of idle slots beyond a share; they may be given to others now. */
  shed(share: number): number[] {
    const idle = [...this.#slots.values()].filter((slot) => !slot.isBusy).map((slot) => slot.number);
    const shed = idle.slice(0, Math.max(0, this.#slots.size - share));
    for (const number of shed) this.#slots.delete(number);
    return shed;
  }
}

/** Slots begin one after the other, so that together they keep an even pace from the start. */
function firstTurn(number: number, nowMs: number, { concurrency, rate }: SlotPace): number {
  if (rate === null) return nowMs;
  return nowMs + ((concurrency + (number % concurrency)) / rate) * 1_000;
}
