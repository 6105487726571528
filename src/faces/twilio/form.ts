/** Values of forms and queries as Twilio's libraries write them. */
import { invalid } from '#core/problem.ts';
import type { Parameters } from '#faces/shared/parameters.ts';

/** A truth value. Throws `invalid` for what is none. */
export function flag(given: Parameters, name: string): boolean | undefined {
  const value = given.filled(name)?.toLowerCase();
  if (value === undefined) return undefined;
  if (value !== 'true' && value !== 'false') throw invalid({ field: name, message: 'must be true or false' });
  return value === 'true';
}

/** Throws `invalid` unless it was given. */
export function required(given: Parameters, name: string): string {
  const value = given.filled(name);
  if (value === undefined) throw invalid({ field: name, message: 'is missing' });
  return value;
}

/** The name of what is made without one, as Twilio makes it: `App Created at 2018-04-07 11:00 am`. */
export function nameAt(what: string, now: Date): string {
  const [day = '', time = ''] = now.toISOString().split('T');
  const hour = now.getUTCHours();
  const twelve = String(((hour + 11) % 12) + 1).padStart(2, '0');
  return `${what} Created at ${day} ${twelve}:${time.slice(3, 5)} ${hour < 12 ? 'am' : 'pm'}`;
}
