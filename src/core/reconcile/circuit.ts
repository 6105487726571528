/**
 * The circuit of a system: closed while it works, open for a while after too many failures in a row, then half open for one
 * probe.
 *
 * Only what speaks of the system as a whole counts. A refusal of one target is an answer: it shows that the system works.
 */
import type { Outcome } from '#core/reconcile/verdict.ts';

/** What an outcome says about the system: `works`, `fails`, or nothing. */
export type Sign = 'works' | 'fails' | 'none';

/**
 * Codes of failures that speak of the system as a whole. `credentials` is among them though a person has to put it right: the
 * next target would be refused as well.
 */
export const SYSTEM_WIDE_CODES: ReadonlySet<string> = new Set([
  'unreachable',
  'timeout',
  'unavailable',
  'overloaded',
  'busy',
  'credentials',
  'session',
  'tls',
  'bug',
]);

/** What the outcome of a call says about the system. An HTTP code such as `503` or `http_503` counts as one of its own. */
export function signOf(verdict: Outcome): Sign {
  if (verdict.type === 'done' || verdict.type === 'waiting') return 'works';
  // Who stops in the middle of a call learns nothing.
  if (verdict.type === 'unknown') return verdict.code === 'stopped' ? 'none' : 'fails';
  return SYSTEM_WIDE_CODES.has(verdict.code) || /^(?:http_)?(?:5\d\d|429)$/.test(verdict.code) ? 'fails' : 'works';
}

export type Circuit = 'closed' | 'open' | 'half_open';

/** `openForMs`: how long it stays open yet; null when it is closed, 0 or less when a probe is due. */
export function circuitOf(openForMs: number | null): Circuit {
  if (openForMs === null) return 'closed';
  return openForMs > 0 ? 'open' : 'half_open';
}
