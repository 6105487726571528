/** Those who wait until a revision is in the picture. Each is answered once: reached, or not in time. */
interface Waiter {
  readonly revision: number;
  readonly settle: (reached: boolean) => void;
}

export class RevisionWaiters {
  readonly #waiters = new Set<Waiter>();

  /** Resolves to true when the revision is reached, to false after the time, and never rejects. */
  wait(revision: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        revision,
        settle: (reached) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(reached);
        },
      };
      const timer = setTimeout(() => waiter.settle(false), timeoutMs);
      this.#waiters.add(waiter);
    });
  }

  reached(revision: number): void {
    for (const waiter of this.#waiters) if (waiter.revision <= revision) waiter.settle(true);
  }

  giveUp(): void {
    for (const waiter of this.#waiters) waiter.settle(false);
  }
}
