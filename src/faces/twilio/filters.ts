/** What lists of records are asked for: exact words, and times before and after. */
import { invalid } from '#core/problem.ts';
import { uuidOfSid } from '#core/sid.ts';
import type { Parameters } from '#faces/shared/parameters.ts';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;

/** From the first, without the second; null where there is no such bound. */
export type Span = readonly [Date | null, Date | null];

/** Filters by what a SID stands for. Throws `invalid` for what is none. */
export function sidsOf(query: Parameters, columns: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(query.by(columns)).map(([column, sid]) => {
      const uuid = uuidOfSid(sid);
      if (uuid === null) throw invalid({ field: column, message: `must be a SID, and ${sid} is none` });
      return [column, uuid];
    }),
  );
}

/**
 * The times that `Name`, `Name<` and `Name>` ask for together: all of a day; until a moment, or the end of a day; from a
 * moment, or the beginning of a day. Throws `invalid` for what is no time.
 */
export function timesOf(query: Parameters, name: string): Span {
  const on = momentOf(query, name);
  const day = on === null ? null : new Date(Math.floor(on.at.getTime() / DAY_MS) * DAY_MS);
  const before = momentOf(query, `${name}<`);
  const after = momentOf(query, `${name}>`);
  const end = before === null ? null : before.isDay ? dayAfter(before.at) : before.at;
  return [latest(day, after?.at ?? null), earliest(day === null ? null : dayAfter(day), end)];
}

/** The days from `from` to `until`, that included. */
export function daysOf(query: Parameters, from: string, until: string): { since: Date | null; until: Date | null } {
  const [first, last] = [momentOf(query, from), momentOf(query, until)];
  return { since: first?.at ?? null, until: last === null ? null : dayAfter(last.at) };
}

function momentOf(query: Parameters, name: string): { readonly at: Date; readonly isDay: boolean } | null {
  const text = query.filled(name);
  if (text === undefined) return null;
  const at = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(at.getTime()))
    throw invalid({ field: name, message: 'must be a time such as 2018-04-07T11:00:51Z, or a day such as 2018-04-07' });
  return { at, isDay: DAY.test(text) };
}

function dayAfter(day: Date): Date {
  return new Date(day.getTime() + DAY_MS);
}

function latest(one: Date | null, other: Date | null): Date | null {
  return one === null || (other !== null && other > one) ? other : one;
}

function earliest(one: Date | null, other: Date | null): Date | null {
  return one === null || (other !== null && other < one) ? other : one;
}
