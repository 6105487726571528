/** Does something again and again: at once when it is poked, else after a while; after a failure later and later. */

const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 5_000;

export class Loop {
  readonly #pollMs: number;
  /** Pokes that come closer than this are one: a busy log must not make it spin. */
  readonly #gapMs: number;
  readonly #turn: () => Promise<void>;
  readonly #onTrouble: (error: unknown) => void;
  #isStopped = false;
  #isPoked = false;
  #wake: () => void = () => {};
  #running: Promise<void> = Promise.resolve();

  constructor(
    times: { readonly pollMs: number; readonly gapMs: number },
    turn: () => Promise<void>,
    onTrouble: (error: unknown) => void,
  ) {
    this.#pollMs = times.pollMs;
    this.#gapMs = times.gapMs;
    this.#turn = turn;
    this.#onTrouble = onTrouble;
  }

  start(): void {
    this.#running = this.#run();
  }

  poke(): void {
    this.#isPoked = true;
    this.#wake();
  }

  /** Resolves when the turn that runs is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#isStopped;) {
      this.#isPoked = false;
      try {
        await this.#turn();
        failures = 0;
      } catch (error) {
        failures++;
        if (!this.#isStopped) this.#onTrouble(error);
      }
      if (!this.#isStopped) await this.#pause(failures);
    }
  }

  #pause(failures: number): Promise<void> {
    const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
    const pauseMs = failures > 0 ? backoffMs : this.#isPoked ? this.#gapMs : this.#pollMs;
    return new Promise((resolve) => {
      let timer = setTimeout(() => end(), pauseMs);
      const end = () => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
      // After a failure a poke waits like everybody else; only the end does not.
      this.#wake = () => {
        if (this.#isStopped) return end();
        if (failures > 0 || !this.#isPoked) return;
        clearTimeout(timer);
        timer = setTimeout(end, this.#gapMs);
        this.#wake = () => {
          if (this.#isStopped) end();
        };
      };
    });
  }
}
