/** Searches the numbers that a provider offers. */
import { NUMBER_CLASSES, type NumberClass, type NumberCriteria, type OfferedNumber } from '#core/number-market.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type Provider, getProvider, requireOpen } from '#operations/number-provider.ts';

export interface CriteriaInput {
  readonly country?: unknown;
  readonly class?: unknown;
  readonly areaCode?: unknown;
  readonly contains?: unknown;
  readonly limit?: unknown;
}

/** As many as a person looks through, and as most providers give at once. */
const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;

/** Throws `not_found`, `forbidden`, `invalid`, and `unavailable` when the provider does not answer. */
export async function searchNumbers(
  context: OperationContext,
  actor: Actor,
  provider: string,
  input: CriteriaInput,
): Promise<{ readonly items: readonly OfferedNumber[] }> {
  const row = await getProvider(reader(context), actor, provider);
  const criteria = readCriteria(input);
  return { items: await offersOf(requireOpen(context, row), criteria) };
}

export async function offersOf(
  { market, place }: Provider,
  criteria: NumberCriteria,
): Promise<readonly OfferedNumber[]> {
  const search = await market.search(place, criteria);
  if (search.type === 'found') return search.numbers;
  throw problem('unavailable', `${place.name} cannot be searched now: ${search.detail}.`);
}

/** Reads what is searched for. Throws `invalid`. */
export function readCriteria(input: CriteriaInput): NumberCriteria {
  const errors: FieldError[] = [];
  const { country, class: numberClass = 'local', areaCode, contains, limit = LIMIT_DEFAULT } = input;
  if (typeof country !== 'string' || !/^[A-Za-z]{2}$/.test(country))
    errors.push({ field: 'country', message: 'must be an ISO 3166-1 code such as NL' });
  if (!(NUMBER_CLASSES as readonly unknown[]).includes(numberClass))
    errors.push({ field: 'class', message: `must be one of ${NUMBER_CLASSES.join(', ')}` });
  for (const [field, value] of Object.entries({ areaCode, contains }))
    if (value !== undefined && (typeof value !== 'string' || !/^\d{1,15}$/.test(value)))
      errors.push({ field, message: 'must be 1 to 15 digits' });
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
    errors.push({ field: 'limit', message: `must be a whole number from 1 to ${LIMIT_MAX}` });
  if (errors.length > 0) throw invalid(...errors);
  return {
    country: String(country).toUpperCase(),
    numberClass: numberClass as NumberClass, // Judged just now, as are the others.
    ...(areaCode === undefined ? {} : { areaCode: String(areaCode) }),
    ...(contains === undefined ? {} : { contains: String(contains) }),
    limit: Number(limit),
  };
}
