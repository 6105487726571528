/** A moment as a caller writes it: a time, or a revision of the log. */
import type { Reading } from '#core/reading.ts';

export type Moment =
  | { readonly by: 'time'; readonly atMs: number }
  | { readonly by: 'revision'; readonly revision: number };

/** RFC 3339: a day, or a time with its offset, so that no reader has to guess the zone. */
const TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** Reads a time, in milliseconds of the calendar. */
export function readTime(text: string): Reading<number> {
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms)
    ? { ok: false, message: 'must be a time such as 2026-01-31T22:00:00Z' }
    : { ok: true, value: ms };
}

/** Reads a time or a revision. */
export function readMoment(text: string): Reading<Moment> {
  if (/^\d{1,15}$/.test(text)) return { ok: true, value: { by: 'revision', revision: Number(text) } };
  const reading = readTime(text);
  return reading.ok
    ? { ok: true, value: { by: 'time', atMs: reading.value } }
    : { ok: false, message: 'must be a revision, or a time such as 2026-01-31T22:00:00Z' };
}
