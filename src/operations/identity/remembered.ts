/** Verified credentials in memory, by what was shown. Those verified longest ago are forgotten first. */
import type { Actor, Credential } from '#operations/context.ts';

export interface Entry {
  readonly credential: Credential;
  /** The accounts whose change may change what it allows. */
  readonly line: readonly number[];
  /** How many touches had been heard of before it was read. */
  readonly sinceTouch: number;
  actor: Actor;
  isStale: boolean;
  recheckAtMs: number;
  usedAtMs: number;
}

/** As many as a process can look through in a moment. */
const REMEMBERED_MAX = 10_000;
/** So many accounts of which the last touch is known; those beyond are taken for touched just now. */
const TOUCHED_MAX = 50_000;

export class Remembered {
  readonly #entries = new Map<string, Entry>();
  readonly #byAccount = new Map<number, Set<Entry>>();
  readonly #touchedAt = new Map<number, number>();
  #allTouchedAt = 0;
  /** How many touches it has heard of. */
  touchCount = 0;

  find(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** The credentials that were used since a time. */
  usedSince(ms: number): Credential[] {
    return [...this.#entries.values()].filter((entry) => entry.usedAtMs >= ms).map((entry) => entry.credential);
  }

  keep(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) return;
    this.drop(key);
    this.#entries.set(key, entry);
    // What was read before a change and comes in after the news of it would else be believed.
    entry.isStale ||= this.#isTouchedSince(entry);
    for (const account of entry.line) {
      const there = this.#byAccount.get(account);
      if (there === undefined) this.#byAccount.set(account, new Set([entry]));
      else there.add(entry);
    }
    if (this.#entries.size <= REMEMBERED_MAX) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.drop(oldest);
  }

  drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    for (const account of entry.line) {
      const there = this.#byAccount.get(account);
      there?.delete(entry);
      if (there?.size === 0) this.#byAccount.delete(account);
    }
  }

  /** Something changed: whose line it lies on is looked at again; null: it may be anything. */
  touched(ids: Iterable<number> | null): void {
    this.touchCount++;
    if (ids === null) {
      this.#allTouchedAt = this.touchCount;
      for (const entry of this.#entries.values()) entry.isStale = true;
      return;
    }
    for (const id of ids) {
      this.#touchedAt.set(id, this.touchCount);
      for (const entry of this.#byAccount.get(id) ?? []) entry.isStale = true;
    }
    if (this.#touchedAt.size <= TOUCHED_MAX) return;
    this.#touchedAt.clear();
    this.#allTouchedAt = this.touchCount;
  }

  #isTouchedSince({ line, sinceTouch }: Entry): boolean {
    if (this.#allTouchedAt > sinceTouch) return true;
    return line.some((account) => (this.#touchedAt.get(account) ?? 0) > sinceTouch);
  }
}
