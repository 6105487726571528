/**
 * How long a telephone number rests after it was closed, before it can be assigned again.
 *
 * The rest begins when the number is closed: that is when it is permanently disconnected from its subscriber (47 CFR
 * 52.15(f)(1)(ii)). A hold never begins it.
 */
import { type Reading, accepted, refused } from '#core/reading.ts';

const DAY_MS = 86_400_000;
/** Ten years: longer is a mistake. */
export const REST_DAYS_MAX = 3_650;

export interface RestSettings {
  /** Days for numbers of countries that are not named, and of no known country. */
  readonly days: number;
  /** Days by ISO 3166-1 code. */
  readonly byCountry: Readonly<Record<string, number>>;
}

/** What laws allow: 45 to 90 days after a residential customer, to 365 after a business (47 CFR 52.15(f)(1)(ii)). */
const LAWFUL_DAYS: Readonly<Record<string, { readonly min: number; readonly max: number }>> = {
  US: { min: 45, max: 365 },
};

/** When the rest is over of a number that was closed then. */
export function restUntil(closedSince: Date, country: string | null, settings: RestSettings): Date {
  return new Date(closedSince.getTime() + restDaysOf(country, settings) * DAY_MS);
}

export function restDaysOf(country: string | null, { days, byCountry }: RestSettings): number {
  const code = country?.toUpperCase() ?? '';
  return Object.hasOwn(byCountry, code) ? (byCountry[code] ?? days) : days;
}

/** Reads a table such as `US:90,DE:30`. */
export function readRestByCountry(text: string): Reading<Readonly<Record<string, number>>> {
  const days: Record<string, number> = {};
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === '') continue;
    const match = /^([A-Za-z]{2}):(\d{1,4})$/.exec(part);
    if (match === null) return refused('must be countries with days, such as US:90,DE:30', part);
    const [, country = '', count = ''] = match;
    const code = country.toUpperCase();
    const { min, max } = LAWFUL_DAYS[code] ?? { min: 0, max: REST_DAYS_MAX };
    if (Object.hasOwn(days, code)) return refused('must name each country once', part);
    if (Number(count) < min || Number(count) > max) return refused(`must be ${min} to ${max} days for ${code}`, part);
    days[code] = Number(count);
  }
  return accepted(days);
}
