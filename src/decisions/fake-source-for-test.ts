/** A database in memory for the tests of following: a random tree, a log of what touched it, and knobs for trouble. */
import type { DecisionSource, Head, Listener, LoadSink, Page } from '#core/decision-source.ts';
import { RandomTree, type Step } from './random-tree-for-test.ts';

export class FakeSource implements DecisionSource {
  random = new RandomTree();
  epoch = 'epoch-1';
  /** What each revision touched; the first is revision `logStart + 1`. */
  log: number[][] = [];
  logStart = 0;
  /** Every call fails while it is set. */
  isAway = false;
  /** Every call hangs while it is set, until its signal ends it. */
  isHanging = false;
  tellsListeners = true;
  /** Happens once in the middle of the next load. */
  duringLoad: (() => void) | null = null;
  loads = 0;
  readonly listeners = new Map<(revision: number) => void, () => void>();

  get revision(): number {
    return this.logStart + this.log.length;
  }

  /** Commits the steps, each as one change. */
  commit(steps: readonly Step[]): void {
    for (const step of steps) this.log.push(this.random.make(step));
    if (this.tellsListeners) for (const tell of this.listeners.keys()) tell(this.revision);
  }

  /** Archives all of the log but its end. */
  cutLog(kept: number): void {
    const cut = Math.max(0, this.log.length - kept);
    this.log.splice(0, cut);
    this.logStart += cut;
  }

  /** A restart: every connection is lost. */
  dropListeners(): void {
    const lost = [...this.listeners.values()];
    this.listeners.clear();
    for (const onLost of lost) onLost();
  }

  async load(sink: LoadSink, signal: AbortSignal): Promise<Head> {
    await this.#reach(signal);
    this.loads++;
    const head = { epoch: this.epoch, revision: this.revision };
    const ids = [...this.random.tree.states.keys()];
    for (const [index, id] of ids.entries()) {
      if (index === ids.length >> 1) {
        this.duringLoad?.();
        this.duringLoad = null;
        await this.#reach(signal);
      }
      const [state] = this.random.statesOf([id]);
      if (!state?.row) continue;
      sink.entity(id, state.row);
      for (const name of state.names) sink.name(name, id);
      for (const hold of state.holds) sink.hold(hold);
    }
    sink.profiles([...this.random.tree.profiles.values()]);
    return head;
  }

  async follow(revision: number, limit: number, signal: AbortSignal): Promise<Page> {
    await this.#reach(signal);
    const from = Math.max(0, revision - this.logStart);
    const page = this.log.slice(from, from + limit);
    const isEmpty = page.length === 0;
    return {
      epoch: this.epoch,
      head: this.revision,
      first: isEmpty ? null : this.logStart + from + 1,
      last: isEmpty ? null : this.logStart + from + page.length,
      states: this.random.statesOf(new Set(page.flat())),
      profiles: isEmpty ? null : [...this.random.tree.profiles.values()],
    };
  }

  async listen(onRevision: (revision: number) => void, onLost: () => void, signal: AbortSignal): Promise<Listener> {
    await this.#reach(signal);
    this.listeners.set(onRevision, onLost);
    return {
      close: () => {
        this.listeners.delete(onRevision);
        return Promise.resolve();
      },
    };
  }

  #reach(signal: AbortSignal): Promise<void> {
    if (this.isAway) return Promise.reject(new Error('the database is away'));
    if (!this.isHanging) return Promise.resolve();
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('given up')));
    });
  }
}
