/** Numbers that could be bought, over all providers that sell to the actor, and the countries in which there are any. */
import { CAPABILITIES, type Capability, type NumberClass, type OfferedNumber } from '#core/number-market.ts';
import { Problem } from '#core/problem.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { countriesOf, listProviders, requireOpen } from '#operations/number-provider.ts';
import { offersOf, readCriteria } from '#operations/search-numbers.ts';

import type { NamedAccount } from './find-account.ts';

export interface Wanted {
  /** ISO 3166-1. */
  readonly country: string;
  readonly numberClass: NumberClass;
  readonly areaCode?: string | undefined;
  /** Digits, letters as on a telephone, and `*` for any digit. */
  readonly contains?: string | undefined;
  readonly region?: string | undefined;
  readonly postalCode?: string | undefined;
  /** What each number must be able to do. */
  readonly capabilities?: readonly Capability[] | undefined;
  readonly limit?: number | undefined;
  /** How many of them are passed over. */
  readonly offset?: number | undefined;
}

/** As many as one page of most providers has. */
const LIMIT_DEFAULT = 20;
/** As many as a provider is asked for. */
const LIMIT_MAX = 100;

/**
 * What fits, each number once, in the order of the names of the providers. A provider that does not answer has nothing, and
 * for a closed account there is nothing.
 * Throws `invalid` for a country or area code that is none.
 */
export async function searchAvailableNumbers(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  wanted: Wanted,
): Promise<readonly OfferedNumber[]> {
  const { country, numberClass, areaCode, contains, limit = LIMIT_DEFAULT, offset = 0 } = wanted;
  const pattern = contains === undefined ? '' : patternOf(contains);
  const digits = longestRun(pattern);
  const criteria = readCriteria({
    country,
    class: numberClass,
    areaCode,
    contains: digits === '' ? undefined : digits.slice(0, 15),
    limit: LIMIT_MAX,
  });
  if (account.closed) return [];
  const fits = judgeOf(wanted, pattern);
  const found = new Map<string, OfferedNumber>();
  for (const { row, isSelling } of await listProviders(reader(context), actor)) {
    if (!isSelling) continue;
    if (found.size >= offset + limit) break;
    try {
      for (const offer of await offersOf(requireOpen(context, row), criteria))
        if (fits(offer) && !found.has(offer.number)) found.set(offer.number, offer);
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'unavailable')) throw error;
    }
  }
  return [...found.values()].slice(offset, offset + limit);
}

/** The countries in which providers that sell to the actor have numbers, in their order; US where none says. */
export async function listAvailableCountries(context: OperationContext, actor: Actor): Promise<readonly string[]> {
  const providers = await listProviders(reader(context), actor);
  const countries = new Set(providers.filter(({ isSelling }) => isSelling).flatMap(({ row }) => countriesOf(row)));
  return countries.size === 0 ? ['US'] : [...countries].sort();
}

/** What no provider is asked for is judged here: those say of their numbers what they know. */
function judgeOf(
  { region, postalCode, capabilities = [] }: Wanted,
  pattern: string,
): (offer: OfferedNumber) => boolean {
  const wanted = new RegExp(pattern.replaceAll('*', '\\d'));
  const same = (text: string | undefined, other: string | undefined) =>
    text === undefined || other?.toLowerCase() === text.toLowerCase();
  return (offer) =>
    wanted.test(offer.number) &&
    same(region, offer.region) &&
    same(postalCode, offer.postalCode) &&
    CAPABILITIES.every((one) => !capabilities.includes(one) || offer.capabilities.includes(one));
}

/** The keys of a telephone (ITU-T E.161). */
const KEYS = ['abc', 'def', 'ghi', 'jkl', 'mno', 'pqrs', 'tuv', 'wxyz'] as const;

/** Digits and stars alone; whatever is neither digit, letter nor star says nothing. */
function patternOf(text: string): string {
  const pressed = [...text.toLowerCase()].map((character) => {
    const key = KEYS.findIndex((letters) => letters.includes(character));
    return key < 0 ? character : String(key + 2);
  });
  return pressed
    .join('')
    .replace(/[^\d*]/g, '')
    .slice(0, PATTERN_MAX);
}

/** Longer than any number. */
const PATTERN_MAX = 20;

function longestRun(pattern: string): string {
  return pattern.split('*').reduce((longest, run) => (run.length > longest.length ? run : longest), '');
}
