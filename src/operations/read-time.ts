/** Reads times as callers write them. */
import type { FieldError } from '#core/problem.ts';

/** RFC 3339: a day, or a time with its offset, so that no reader has to guess the zone. */
const TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** A time, or null when none was given or it is none. */
export function readTime(given: unknown, field: string, errors: FieldError[]): Date | null {
  if (given === undefined || given === null) return null;
  const at = typeof given === 'string' && TIME.test(given) ? new Date(given) : new Date(Number.NaN);
  if (!Number.isNaN(at.getTime())) return at;
  errors.push({ field, message: 'must be a time such as 2026-01-31T22:00:00Z' });
  return null;
}
