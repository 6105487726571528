/**
 * Times as people type them: a date, a date with time, or a distance from now such as +30d.
 *
 * Without an offset a time is one of this machine's time zone; the server gets and keeps UTC.
 */
import { UsageError } from './exit-code.ts';

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const DISTANCE = /^\+(\d{1,6})([mhdw])$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?$/;

/** The time as ISO 8601 in UTC. A date alone begins at midnight. Throws `UsageError` for anything else. */
export function readTime(text: string, option: string, nowMs: number = Date.now()): string {
  if (text === 'now') return new Date(nowMs).toISOString();
  const distance = DISTANCE.exec(text);
  if (distance) return new Date(nowMs + Number(distance[1]) * (UNIT_MS[distance[2] ?? ''] ?? 0)).toISOString();
  const atMs = DATE.test(text) ? dateMs(text) : DATE_TIME.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new UsageError(
      `${option} must be a time such as 2026-12-01, "2026-12-01 18:00", 2026-12-01T18:00:00Z or +30d, not "${text}"`,
    );
  return new Date(atMs).toISOString();
}

/** Midnight of a day here; 31 February is refused, where `Date` would slide to March. */
function dateMs(text: string): number {
  const at = new Date(`${text}T00:00:00`);
  return at.getDate() === Number(text.slice(8)) ? at.getTime() : Number.NaN;
}
