/** How long to wait before a target is told again. */

/** What a system asks for is honoured up to this: whoever says more has made a mistake. */
export const ASKED_MAX_MS = 86_400_000;
/** Doubling more often than this overflows nothing, and is beyond every ceiling. */
const DOUBLINGS_MAX = 30;

export interface Retry {
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

/**
 * Milliseconds until the next try after the given number of failed ones (1: the first has failed): anything between the
 * shortest wait and a ceiling that doubles with each, so that many that failed together do not come back together. `random` is
 * in [0, 1). What the system asked for is the least, up to a day.
 */
export function retryAfterMs(retry: Retry, attempts: number, random: number, askedMs?: number): number {
  const ceiling = Math.min(retry.retryMaxMs, retry.retryMinMs * 2 ** Math.min(attempts, DOUBLINGS_MAX));
  const waitMs = retry.retryMinMs + random * Math.max(0, ceiling - retry.retryMinMs);
  return Math.max(waitMs, askedWithin(askedMs ?? 0));
}

/** What the system asked for, as far as it is honoured. */
export function askedWithin(askedMs: number): number {
  return Number.isFinite(askedMs) ? Math.min(Math.max(askedMs, 0), ASKED_MAX_MS) : ASKED_MAX_MS;
}
