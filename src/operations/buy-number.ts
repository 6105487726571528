/**
 * Buys a telephone number of a provider for an account.
 *
 * The number is there first, as one that is being bought: its name is taken, its credit charged, the standing of its account
 * judged, all in one transaction. Then it is bought, under the UUID of the entity as the id of the request, and settled by a
 * second transaction. Whatever happens in between, `settlePurchases` finds the number and finishes under the same id.
 */
import type { Json, Values } from '#core/field.ts';
import { readE164 } from '#core/e164.ts';
import type { NumberCriteria, OfferedNumber } from '#core/number-market.ts';
import { Problem, invalid, problem } from '#core/problem.ts';
import { requireRight } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type EntityView, readView } from '#operations/entity-view.ts';
import { changedFactsOf } from '#operations/facts.ts';
import { type Provider, getProvider, requireOpen } from '#operations/number-provider.ts';
import { type Performed, type Work, keptAnswer, perform } from '#operations/perform.ts';
import { getEntity, refuseUnknown, requireId } from '#operations/resolve.ts';
import { offersOf, readCriteria } from '#operations/search-numbers.ts';
import { settleBought, settleRefused } from '#operations/settle-purchases.ts';
import { requireConsuming } from '#operations/telephony/require-operating.ts';
import { type EntityState, getState, touchEntity } from '#store/entity.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import { updateKindRow } from '#store/kind-row.ts';
import { insertPurchase } from '#store/number.ts';

import { createBatch } from './create/create-batch.ts';

export interface BuyInput {
  readonly account?: unknown;
  /** The number to buy; else what to choose by. */
  readonly number?: unknown;
  readonly criteria?: unknown;
  /** Other fields of the number, as a creation takes them. */
  readonly fields?: unknown;
}

export interface BuyOptions {
  /** Whether nothing may hold the account in any way; else it is enough that it may get something. */
  readonly isForActive?: boolean;
}

/** How many numbers are tried that somebody else was quicker to take. */
const TRIES_MAX = 5;
/** Beyond the time in which the request is made and may act: then nobody is at it any more. */
const LEASE_SLACK_MS = 10_000;
/** What a purchase decides by itself. */
const OWN_FIELDS: readonly string[] = [
  'kind',
  'id',
  'parent',
  'e164',
  'sipNumber',
  'domain',
  'provider',
  'providerReference',
];

/** What is tried: the number, and what else the offer says of it. */
interface Candidate {
  readonly number: string;
  readonly offer: OfferedNumber | null;
}

/** Kept for a repeated request. */
interface Begun {
  readonly id: string;
  readonly entity: number;
}

/**
 * Buys one number. The answer is the number; while `purchasePendingSince` is set, the provider has not answered, and the
 * purchase goes on by itself. Throws what a creation throws, `exists` and `conflict` when the number cannot be had,
 * `unavailable` when the provider does not answer and nothing was bought.
 */
export async function buyNumber(
  context: OperationContext,
  actor: Actor,
  providerName: string,
  input: BuyInput,
  idempotency?: IdempotencyKey,
  options: BuyOptions = {},
): Promise<Performed<EntityView>> {
  const session = reader(context);
  const row = await getProvider(session, actor, providerName);
  const account = await getEntity(session, actor, requireId(input.account, 'account'), 'account');
  requireRight(actor, account, 'entity:create');
  const order = { ...readOrder(input, account), ...options };
  const provider = requireOpen(context, row);
  let candidates: Candidate[] | null = order.number === null ? null : [{ number: order.number, offer: null }];
  let last: Problem | null = null;
  for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
    // Each number that is tried is a request of its own, so that a repeated one goes the same way.
    const key =
      idempotency === undefined || attempt === 0
        ? idempotency
        : { ...idempotency, key: `${idempotency.key}#${attempt}` };
    const kept = key === undefined ? null : await keptAnswer<Begun>(session, key);
    if (kept !== null) {
      const settled = await asSettled(context, actor, kept.value);
      if (settled !== null) return settled;
      last = failedBefore();
      candidates?.shift();
      continue;
    }
    candidates ??= await choose(provider, order.criteria, TRIES_MAX);
    const candidate = candidates.shift();
    if (candidate === undefined) break;
    try {
      return await buyOne(context, actor, provider, candidate, order, key);
    } catch (error) {
      if (!(error instanceof Problem) || order.number !== null || !isTaken(error)) throw error;
      last = error;
    }
  }
  throw (
    last ??
    problem('conflict', `${provider.place.name} offers no such number now.`, { facts: { code: 'none_offered' } })
  );
}

async function buyOne(
  context: OperationContext,
  actor: Actor,
  provider: Provider,
  candidate: Candidate,
  order: Order,
  key: IdempotencyKey | undefined,
): Promise<Performed<EntityView>> {
  const begun = await perform(context, actor, { lock: 'shared', idempotency: key }, (work) =>
    begin(work, provider, candidate, order),
  );
  const { id, entity } = begun.value;
  // A request with the same key came between: it is at it.
  if (begun.replayed) return (await asSettled(context, actor, begun.value)) ?? fail(failedBefore());
  const { name } = provider.place;
  const purchase = await provider.market.buy(provider.place, candidate.number, id);
  switch (purchase.type) {
    case 'bought': {
      const settled = await settleBought(context, entity, purchase.held);
      return { value: await viewOf(context, actor, entity), revision: settled ?? begun.revision, replayed: false };
    }
    case 'unknown':
      return { value: await viewOf(context, actor, entity), revision: begun.revision, replayed: false };
    case 'refused':
      await settleRefused(context, entity, purchase.code);
      throw problem('conflict', `${name} does not sell ${candidate.number}: ${purchase.detail}.`, {
        facts: { provider: name, code: purchase.code },
      });
    case 'failed':
      await settleRefused(context, entity, 'failed');
      throw problem('unavailable', `${name} cannot be asked now, and nothing was bought: ${purchase.detail}.`);
  }
}

/** The first transaction: the number is there, and nobody else can have it. */
async function begin(work: Work, provider: Provider, { number, offer }: Candidate, order: Order): Promise<Begun> {
  const { transaction, context } = work;
  if (order.isForActive === true) requireConsuming(await getState(transaction, order.account));
  const [created] = await createBatch(work, [
    {
      ...(offer === null ? {} : { country: offer.country, numberClass: offer.numberClass }),
      ...order.fields,
      kind: 'phone_number',
      parent: order.account,
      e164: number,
    },
  ]);
  if (created instanceof Problem || created === undefined) throw created ?? new Error('no outcome');
  const changed: Values = { provider: provider.place.name, purchasePendingSince: context.clock().toISOString() };
  await updateKindRow(transaction, context.sealingKey, 'phone_number', created.id, changed);
  await touchEntity(transaction, created.id, (await getState(transaction, created.id)).label);
  transaction.record({
    kind: 'entity.updated',
    entityId: created.id,
    touched: [created.id],
    ...changedFactsOf('phone_number', {}, changed),
  });
  await insertPurchase(transaction, created.id, provider.place.timeoutMs + provider.flightMs + LEASE_SLACK_MS);
  return { id: created.uuid, entity: created.id };
}

/** What became of an earlier request; null when nothing was bought. */
async function asSettled(
  context: OperationContext,
  actor: Actor,
  { entity }: Begun,
): Promise<Performed<EntityView> | null> {
  const value = await viewOf(context, actor, entity);
  const isFailed = value.lifecycle === 'closed' && value['provider'] === undefined;
  return isFailed ? null : { value, revision: null, replayed: true };
}

function failedBefore(): Problem {
  return problem('conflict', 'This purchase failed; use a new Idempotency-Key to try again.');
}

function fail(error: Problem): never {
  throw error;
}

function viewOf(context: OperationContext, actor: Actor, entity: number): Promise<EntityView> {
  return readView(reader(context), actor, entity);
}

async function choose(provider: Provider, criteria: NumberCriteria, limit: number): Promise<Candidate[]> {
  const offers = await offersOf(provider, { ...criteria, limit });
  return offers.flatMap((offer) => {
    const reading = readE164(offer.number);
    return reading.ok ? [{ number: reading.value, offer }] : [];
  });
}

/** Somebody was quicker, here or there. */
function isTaken({ code, facts }: Problem): boolean {
  return (code === 'exists' && 'identifier' in facts) || (code === 'conflict' && facts['code'] === 'not_available');
}

interface Order extends BuyOptions {
  readonly account: number;
  readonly number: string | null;
  readonly criteria: NumberCriteria;
  readonly fields: Readonly<Record<string, Json>>;
}

const NO_CRITERIA: NumberCriteria = { country: '', numberClass: 'local', limit: 0 };

function readOrder(input: BuyInput, { id: account }: EntityState): Order {
  refuseUnknown(input, ['account', 'number', 'criteria', 'fields'], 'a purchase');
  const fields = asFields(input.fields, 'fields');
  const own = OWN_FIELDS.filter((name) => Object.hasOwn(fields, name));
  if (own.length > 0)
    throw invalid(...own.map((name) => ({ field: `fields.${name}`, message: 'follows from the purchase' })));
  if ((input.number === undefined) === (input.criteria === undefined))
    throw invalid({ field: 'number', message: 'or criteria must be given, and not both' });
  if (input.number === undefined)
    return { account, number: null, criteria: readCriteria(asFields(input.criteria, 'criteria')), fields };
  const reading = typeof input.number === 'string' ? readE164(input.number) : null;
  if (reading === null || !reading.ok)
    throw invalid({ field: 'number', message: reading?.ok === false ? reading.message : 'must be text' });
  return { account, number: reading.value, criteria: NO_CRITERIA, fields };
}

function asFields(value: unknown, field: string): Readonly<Record<string, Json>> {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, Json>; // Of a JSON parser.
  throw invalid({ field, message: 'must be an object' });
}
