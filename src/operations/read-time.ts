/** Reads a field that is a time. */
import { readTime as readText } from '#core/moment.ts';
import type { FieldError } from '#core/problem.ts';

/** A time, or null when none was given or it is none. */
export function readTime(given: unknown, field: string, errors: FieldError[]): Date | null {
  if (given === undefined || given === null) return null;
  const reading = readText(typeof given === 'string' ? given : '');
  if (reading.ok) return new Date(reading.value);
  errors.push({ field, message: reading.message });
  return null;
}
