/** Sends events to a webhook once more, or a test. The deliveries do it; here it is only asked for. */
import { isUuid } from '#core/ids.ts';
import { type FieldError, invalid } from '#core/problem.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { type DeliveryView, deliveryView, getWebhook } from '#operations/read-deliveries.ts';
import { readTime } from '#operations/read-time.ts';
import { findDelivery, insertReplay, insertTest } from '#store/delivery-list.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import type { SystemRow } from '#store/system.ts';

/** The most events of one replay: a day of a large installation, and a second of work. */
export const REPLAY_MAX = 10_000;
const FIELDS = new Set(['events', 'from', 'to', 'onlyFailed']);

/**
 * Begins deliveries of events again: some by their ids, those of a period, or only what was given up. Throws `not_found`,
 * `forbidden`, and `invalid` for no choice at all, and for more than `REPLAY_MAX`.
 */
export function replayEvents(
  context: OperationContext,
  actor: Actor,
  name: string,
  input: Readonly<Record<string, unknown>>,
  idempotency?: IdempotencyKey,
): Promise<Performed<{ deliveries: number }>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const system = await getWebhook(work.transaction, work.actor, name, 'system:write');
    const filter = readReplay(input);
    const deliveries = await insertReplay(work.transaction, system, { ...filter, limit: REPLAY_MAX + 1 });
    if (deliveries > REPLAY_MAX)
      throw invalid({
        field: 'to',
        message: `must bound the period to at most ${REPLAY_MAX} events; replay it in parts`,
      });
    if (deliveries > 0) record(work, system, 'delivery.replayed', { deliveries });
    return { deliveries };
  });
}

/** Begins a delivery of a test. Throws `not_found`, `forbidden`. */
export function testWebhook(
  context: OperationContext,
  actor: Actor,
  name: string,
  idempotency?: IdempotencyKey,
): Promise<Performed<DeliveryView>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const system = await getWebhook(work.transaction, work.actor, name, 'system:write');
    const row = await findDelivery(work.transaction, system.id, await insertTest(work.transaction, system.id));
    if (row === null) throw new Error('the delivery was just inserted');
    record(work, system, 'delivery.tested', { delivery: row.uuid });
    return deliveryView(row);
  });
}

function record(
  { transaction }: Work,
  system: SystemRow,
  kind: string,
  facts: Readonly<Record<string, unknown>>,
): void {
  transaction.record({
    kind,
    entityId: system.account_id,
    facts: { system: system.uuid, name: system.name, ...facts },
    touched: [],
  });
}

function readReplay(input: Readonly<Record<string, unknown>>) {
  const errors: FieldError[] = [];
  for (const field of Object.keys(input))
    if (!FIELDS.has(field)) errors.push({ field, message: 'is no field of a replay' });
  const given = input['events'];
  let events: string[] | undefined;
  if (given !== undefined) {
    if (Array.isArray(given) && given.length <= REPLAY_MAX && given.every((id) => typeof id === 'string' && isUuid(id)))
      events = given as string[]; // Each of them was just read.
    else errors.push({ field: 'events', message: `must be a list of at most ${REPLAY_MAX} UUIDs of events` });
  }
  const from = readTime(input['from'], 'from', errors);
  const to = readTime(input['to'], 'to', errors);
  const { onlyFailed } = input;
  if (onlyFailed !== undefined && typeof onlyFailed !== 'boolean')
    errors.push({ field: 'onlyFailed', message: 'must be true or false' });
  if (errors.length === 0 && events === undefined && from === null && onlyFailed !== true)
    errors.push({ field: 'events', message: 'is missing: name events, a time from which on, or onlyFailed' });
  if (errors.length > 0) throw invalid(...errors);
  return { events, from, to, onlyFailed: onlyFailed === true };
}
