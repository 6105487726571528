/**
 * Gets an account a telephone number: of the first provider that sells to the actor and has it, or a number within its
 * organization alone, which nobody sells.
 */
import type { NumberClass } from '#core/number-market.ts';
import { readUserPart } from '#core/aor.ts';
import { Problem, invalid, problem } from '#core/problem.ts';
import { buyNumber } from '#operations/buy-number.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { createBatch } from '#operations/create/create-batch.ts';
import { countriesOf, listProviders } from '#operations/number-provider.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getState } from '#store/entity.ts';

import { readDialled } from './dialled-number.ts';
import type { NamedAccount } from './find-account.ts';
import { getOrganization, requireOpenAccount } from './find-resource.ts';
import { type NumberInput, numberFields } from './number-input.ts';
import { seesOrganization } from './permitted-work.ts';
import { type NumberView, numberView } from './read-numbers.ts';
import { requireConsuming } from './require-operating.ts';

export interface NumberOrder {
  /** The number to get; else one with the area code is chosen. */
  readonly number?: string | undefined;
  readonly areaCode?: string | undefined;
  /** Of a number that is chosen, as is its class. Absent: any in which the provider has numbers. */
  readonly country?: string | undefined;
  readonly numberClass?: NumberClass | undefined;
  /** A number within the organization of the account alone. */
  readonly isPureSip?: boolean | undefined;
  readonly fields: NumberInput;
}

/** The facts of the refusal of a number that cannot be had, whatever the reason. */
export const NOT_OBTAINABLE = 'not_obtainable';

/**
 * Gets the number. A purchase that the provider has not answered yet is answered as being bought, and goes on by itself.
 * Throws `forbidden` and `held` for an account that does not operate, `invalid`, `over_credit`, and `conflict` with the
 * code `not_obtainable` when nobody sells it.
 */
export async function buyAccountNumber(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  order: NumberOrder,
): Promise<Performed<NumberView>> {
  requireOpenAccount(account);
  requireConsuming(account);
  const session = reader(context);
  const number = readNumber(order);
  const { numberClass } = order;
  const fields = {
    ...(await numberFields(session, actor, order.fields)),
    ...(numberClass === undefined ? {} : { numberClass }),
  };
  const { value: id, ...performed } = await get(context, actor, account, order, number, fields);
  return { ...performed, value: await numberView(session, account, id) };
}

async function get(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  order: NumberOrder,
  number: string | null,
  fields: Readonly<Record<string, unknown>>,
): Promise<Performed<number>> {
  if (number !== null && order.isPureSip === true) {
    return make(context, actor, account, async (work) => {
      const domain = await getOrganization(work.transaction, account);
      return [seesOrganization(work), { ...fields, sipNumber: number, domain: domain.id }];
    });
  }
  const providers = await listProviders(reader(context), actor);
  if (providers.length === 0 && actor.accountId === 0 && number !== null)
    return make(context, actor, account, async (work) => [work, { ...fields, e164: number }]);
  for (const { row } of providers.filter(({ isSelling }) => isSelling))
    for (const wanted of wantedOf(order, number, countriesOf(row))) {
      const bought = await tryOne(context, actor, row.name, { ...wanted, account: account.id, fields });
      if (bought !== null) return { ...bought, value: bought.value.number };
    }
  throw notObtainable();
}

/** What one provider is asked for, in turn. */
function* wantedOf(
  { areaCode, country, numberClass = 'local' }: NumberOrder,
  number: string | null,
  has: readonly string[],
) {
  if (number !== null) yield { number };
  else
    for (const one of country === undefined ? has : [country])
      yield { criteria: { country: one, class: numberClass, ...(areaCode === undefined ? {} : { areaCode }) } };
}

/** Null when this provider does not sell it now, and another one may. */
async function tryOne(
  context: OperationContext,
  actor: Actor,
  provider: string,
  input: Parameters<typeof buyNumber>[3],
): Promise<Awaited<ReturnType<typeof buyNumber>> | null> {
  try {
    return await buyNumber(context, actor, provider, input, undefined, { isForActive: true });
  } catch (error) {
    if (error instanceof Problem && ['conflict', 'unavailable', 'exists'].includes(error.code)) return null;
    throw error;
  }
}

/** A number that is not bought. */
async function make(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  drafted: (work: Work) => Promise<readonly [Work, Readonly<Record<string, unknown>>]>,
): Promise<Performed<number>> {
  return perform(context, actor, { lock: 'shared' }, async (work) => {
    requireConsuming(await getState(work.transaction, account.id));
    const [within, fields] = await drafted(work);
    const [created] = await createBatch(within, [{ ...fields, kind: 'phone_number', parent: account.id }]);
    if (created instanceof Problem && created.code === 'exists') throw notObtainable();
    if (created instanceof Problem || created === undefined) throw created ?? new Error('no outcome');
    return created.id;
  });
}

function notObtainable(): Problem {
  return problem('conflict', 'Nobody sells this number here, or somebody has it already.', {
    facts: { code: NOT_OBTAINABLE },
  });
}

/** The number that is asked for; null when one is to be chosen. Throws `invalid`. */
function readNumber({ number, areaCode, isPureSip }: NumberOrder): string | null {
  if (number === undefined) {
    if (areaCode === undefined) throw invalid({ field: 'number', message: 'is missing, and so is an area code' });
    if (isPureSip === true) throw invalid({ field: 'number', message: 'is missing: nobody sells pure SIP numbers' });
    return null;
  }
  if (isPureSip !== true) return readDialled('number', number);
  const reading = readUserPart(number);
  if (!reading.ok) throw invalid({ field: 'number', message: reading.message });
  return reading.value;
}
