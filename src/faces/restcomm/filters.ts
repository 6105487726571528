/** The filters that lists of what was done have in common. */
import { problem } from '#core/problem.ts';
import type { Parameters } from '#faces/shared/parameters.ts';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;

/** A day of UTC, as `2018-04-07`; null when none is given. Throws `malformed` for anything else. */
export function readDay(query: Parameters, name: string): Date | null {
  const text = query.filled(name);
  if (text === undefined) return null;
  const day = DAY.test(text) ? new Date(`${text}T00:00:00Z`) : null;
  if (day !== null && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)) return day;
  throw problem('malformed', `${name} must be a day such as 2018-04-07.`);
}

/** The day after one, at which it is over. */
export function dayAfter(day: Date | null): Date | null {
  return day === null ? null : new Date(day.getTime() + DAY_MS);
}

/** From the day StartTime to the day EndTime, that included. */
export function readSpan(query: Parameters): readonly [Date | null, Date | null] {
  return [readDay(query, 'StartTime'), dayAfter(readDay(query, 'EndTime'))];
}

/** Whether what lies beneath the account is meant, too. */
export function withSubAccounts(query: Parameters): boolean {
  return query.text('SubAccounts')?.toLowerCase() === 'true';
}

/**
 * `SortBy=Field:asc` or `Field:desc`, ascending by default, and `Reverse=true`, which turns it round. The newest come
 * first without either. Throws `malformed` for another field or direction.
 */
export function readSort(
  query: Parameters,
  columns: Readonly<Record<string, string>>,
): { readonly column: string; readonly ascending: boolean } {
  const isReversed = query.text('Reverse')?.toLowerCase() === 'true';
  const text = query.filled('SortBy');
  if (text === undefined) return { column: 'created_at', ascending: isReversed };
  const [field = '', direction = 'asc', ...rest] = text.split(':');
  const column = Object.entries(columns).find(([name]) => name.toLowerCase() === field.toLowerCase())?.[1];
  const word = direction.toLowerCase() || 'asc';
  if (column === undefined || rest.length > 0 || (word !== 'asc' && word !== 'desc'))
    throw problem('malformed', `SortBy must be one of ${Object.keys(columns).join(', ')}, with :asc or :desc.`);
  return { column, ascending: (word === 'asc') !== isReversed };
}
