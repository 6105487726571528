/** Does a piece of work again and again: at once when it is poked or there is more, else after a while. */

export interface RoundsOptions {
  /** Does a piece; answers whether there is more to do right away. */
  readonly work: (signal: AbortSignal) => Promise<boolean>;
  /** How long it rests when there is nothing to do, in milliseconds. */
  readonly intervalMs: number;
  /** Hears what went wrong; it is tried again. */
  readonly onTrouble: (error: unknown) => void;
}

/** The longest rest after failures, in milliseconds. */
const BACKOFF_MAX_MS = 10_000;

export class Rounds {
  readonly #options: RoundsOptions;
  readonly #stop = new AbortController();
  #isPoked = false;
  #wake: () => void = () => {};
  #running: Promise<void> = Promise.resolve();
  failures = 0;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Something may be to be done: look now. */
  poke(): void {
    this.#isPoked = true;
    this.#wake();
  }

  /** Resolves when the piece that runs has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { work, intervalMs, onTrouble } = this.#options;
    for (let failed = 0; !signal.aborted;) {
      this.#isPoked = false;
      try {
        const isMore = await work(signal);
        failed = 0;
        if (isMore || this.#isPoked) continue;
      } catch (error) {
        if (signal.aborted) return;
        failed++;
        this.failures++;
        onTrouble(error);
      }
      await this.#rest(failed === 0 ? intervalMs : Math.min(intervalMs * 2 ** failed, BACKOFF_MAX_MS));
    }
  }

  #rest(ms: number): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    return promise.finally(() => clearTimeout(timer));
  }
}
