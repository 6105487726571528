/**
 * The end of a purchase: the number is the account's, or it never was.
 *
 * What a request left unsettled, since the process died or no reply came, is taken over here under the same id, after the
 * time in which that request could still act. So nothing is bought twice, and nothing bought is forgotten.
 */
import type { Values } from '#core/field.ts';
import { CAPABILITIES, type HeldNumber, type Purchase } from '#core/number-market.ts';
import { chargeClosing } from '#operations/charges.ts';
import { type OperationContext, platformActor, reader } from '#operations/context.ts';
import { changedFactsOf } from '#operations/facts.ts';
import { type Provider, openProvider } from '#operations/number-provider.ts';
import { type Work, perform } from '#operations/perform.ts';
import { type EntityState, getState, lockEntity, markClosed, touchEntity } from '#store/entity.ts';
import { identifiersByEntity, releaseIdentifiers } from '#store/identifier.ts';
import { readKindRows, updateKindRow } from '#store/kind-row.ts';
import { type PurchaseRow, claimPurchases, delayPurchase, deletePurchase, lockPurchase } from '#store/number.ts';
import { findSystem } from '#store/system.ts';

const SETTLER = platformActor('system:numbers');
/** Purchases that one round takes over; each asks the provider once. */
const BATCH = 20;
/** Longer than a request may take to act, whatever its provider: nobody else is at it meanwhile. */
const LEASE_MS = 600_000;
const DELAY_MIN_MS = 60_000;
const DELAY_MAX_MS = 3_600_000;
/** After so many refusals to talk the purchase is given up, once the provider says that it made none. */
const ATTEMPTS_MAX = 12;

/** Takes over what nobody is at; answers how many purchases came to an end. What fails hinders no other, and is thrown last. */
export async function settlePurchases(context: OperationContext, signal?: AbortSignal): Promise<number> {
  let settled = 0;
  const failures: unknown[] = [];
  while (signal?.aborted !== true) {
    const claimed = await claimPurchases(reader(context), LEASE_MS, BATCH);
    for (const row of claimed)
      try {
        if (await settleOne(context, row)) settled++;
      } catch (error) {
        failures.push(error);
      }
    if (claimed.length < BATCH) break;
  }
  if (failures.length > 0) throw failures[0];
  return settled;
}

async function settleOne(context: OperationContext, row: PurchaseRow): Promise<boolean> {
  const session = reader(context);
  const state = await getState(session, row.entity_id);
  const values = (await readKindRows(session, 'phone_number', [row.entity_id])).get(row.entity_id) ?? {};
  const system = typeof values['provider'] === 'string' ? await findSystem(session, values['provider']) : null;
  if (system === null || system.kind !== 'number_provider') {
    await settleRefused(context, row.entity_id, 'provider_removed');
    return true;
  }
  const provider = system.paused_at === null ? openProvider(context, system) : null;
  const purchase: Purchase =
    provider === null
      ? { type: 'unknown', detail: `${system.name} is paused` }
      : await ask(provider, state, String(values['e164']), row.attempts);
  if (purchase.type === 'bought') await settleBought(context, row.entity_id, purchase.held);
  else if (purchase.type === 'refused') await settleRefused(context, row.entity_id, purchase.code);
  else {
    const delayMs = Math.min(DELAY_MIN_MS * 2 ** Math.min(row.attempts, 10), DELAY_MAX_MS);
    await delayPurchase(session, row.entity_id, Math.max(delayMs, system.flight_max_ms), purchase.detail);
    return false;
  }
  return true;
}

/** What was closed meanwhile is not bought any more, only looked for, so that it can be given back. */
function ask({ market, place }: Provider, state: EntityState, number: string, attempts: number): Promise<Purchase> {
  return state.closed || attempts > ATTEMPTS_MAX
    ? market.findPurchase(place, number, state.uuid)
    : market.buy(place, number, state.uuid);
}

/** Notes what was bought; also of a number that was closed meanwhile, which is then given back. Answers the revision. */
export async function settleBought(context: OperationContext, id: number, held: HeldNumber): Promise<number | null> {
  const { revision } = await perform(context, SETTLER, { lock: 'none' }, async (work) => {
    if ((await lockPurchase(work.transaction, id)) === null) return null;
    const { capabilities, reference } = held;
    const can = Object.fromEntries(CAPABILITIES.map((one) => [`${one}Capable`, capabilities.includes(one)]));
    const changed = {
      providerReference: reference,
      purchasePendingSince: null,
      ...(capabilities.length > 0 ? can : {}),
    };
    await change(work, await lockEntity(work.transaction, id), changed);
    await deletePurchase(work.transaction, id);
    return null;
  });
  return revision;
}

/** Undoes a purchase that was not made: the number is closed, its credit given back, and its name free at once. */
export async function settleRefused(context: OperationContext, id: number, code: string): Promise<void> {
  await perform(context, SETTLER, { lock: 'exclusive' }, async (work) => {
    const { transaction } = work;
    if ((await lockPurchase(transaction, id)) === null) return null;
    const entity = await lockEntity(transaction, id);
    await change(work, entity, { provider: null, purchasePendingSince: null });
    await deletePurchase(transaction, id);
    if (entity.closed_at === null) {
      await chargeClosing(transaction, entity);
      await markClosed(transaction, id);
      transaction.record({ kind: 'entity.closed', entityId: id, facts: { notBought: code }, touched: [id] });
    }
    // It was never in service, so it does not rest.
    const names = (await identifiersByEntity(transaction, [id])).get(id) ?? [];
    await releaseIdentifiers(transaction, names);
    if (names.length > 0) transaction.record({ kind: 'entity.released', entityId: id, facts: {}, touched: [id] });
    return null;
  });
}

async function change({ transaction, context }: Work, entity: EntityState, wanted: Values): Promise<void> {
  const former = (await readKindRows(transaction, 'phone_number', [entity.id])).get(entity.id) ?? {};
  const changed = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => former[name] !== value));
  await updateKindRow(transaction, context.sealingKey, 'phone_number', entity.id, changed);
  await touchEntity(transaction, entity.id, entity.label);
  transaction.record({
    kind: 'entity.updated',
    entityId: entity.id,
    touched: [entity.id],
    ...changedFactsOf('phone_number', former, changed),
  });
}
