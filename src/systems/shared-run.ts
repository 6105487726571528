/** Work whose result serves everybody who waits for it. */

/**
 * Whoever asks while the work runs waits for the next run, which serves all who wait: what a caller gets was always begun after it
 * asked. A run that fails fails for all of them, and the next one starts afresh.
 */
export class SharedRun<Result> {
  readonly #work: (timeoutMs: number) => Promise<Result>;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<Result> | null = null;

  constructor(work: (timeoutMs: number) => Promise<Result>) {
    this.#work = work;
  }

  /** Throws what the work throws, or the reason of the signal; the work goes on for the others. */
  run(timeoutMs: number, signal: AbortSignal): Promise<Result> {
    this.#next ??= this.#after(this.#running, timeoutMs);
    return orAborted(this.#next, signal);
  }

  async #after(running: Promise<unknown>, timeoutMs: number): Promise<Result> {
    await running.catch(() => {}); // Those who waited for it were told.
    if (this.#next !== null) this.#running = this.#next;
    this.#next = null;
    return this.#work(timeoutMs);
  }
}

function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error); // Whatever the reason is: it is thrown on.
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
