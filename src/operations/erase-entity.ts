/** Erases the personal data of a closed account and of everything beneath it, for good. */
import { invalid, problem } from '#core/problem.ts';
import { type Actor, type OperationContext, platformActor, restSettings } from '#operations/context.ts';
import { chargeClosedLeaf } from '#operations/charges.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getLinked, getLocked } from '#operations/resolve.ts';
import {
  beginErasure,
  closeErased,
  collectErasable,
  eraseBatch,
  finishErasure,
  listUnfinished,
  releaseRested,
  veil,
} from '#store/erase.ts';
import { Session } from '#store/database.ts';
import type { EntityState } from '#store/entity.ts';
import { countUnreleased } from '#store/number.ts';

export interface Erased {
  readonly id: string;
  readonly erasedAt: string;
  /** How many entities were erased by this request; 0 when it was done before. */
  readonly entities: number;
}

/** As many as one change names, and as one transaction overwrites. */
const BATCH = 1_000;
const ENGINE_WAIT_MS = 10_000;
const HOUSEKEEPING = platformActor('system:maintenance');

/**
 * Erases an account. Repeating it changes nothing, and finishes what was interrupted. Throws `forbidden` to all but the
 * platform, `invalid` for anything but a customer's account, `conflict` while it is open, or while numbers of it are still
 * to be given back to their provider, which needs to know which.
 *
 * One transaction makes everything unreadable; what is stored is overwritten after it, in batches.
 */
export async function eraseEntity(
  context: OperationContext,
  actor: Actor,
  id: string | number,
): Promise<Performed<Erased>> {
  let account = 0;
  const performed = await perform(context, actor, { lock: 'exclusive' }, async (work) => {
    const entity = await getLocked(work.transaction, work.actor, id, 'entity:erase');
    if (entity.kind !== 'account' || entity.id === 0)
      throw invalid({
        field: 'id',
        message: `must be the account of a customer, and ${entity.label} is ${entity.id === 0 ? 'the platform' : entity.kind}`,
      });
    if (!entity.closed)
      throw problem('conflict', `${entity.label} is open; close it first, and then erase it.`, {
        facts: { entity: entity.uuid },
      });
    await refuseUnreleased(work, entity);
    account = entity.id;
    const entities = await begin(work, entity.id);
    const { erased_at: erasedAt } = await getLinked(work.transaction, entity.id);
    return { id: entity.uuid, erasedAt: (erasedAt ?? context.clock()).toISOString(), entities };
  });
  await finish(context, account);
  if (performed.revision !== null) await context.engine.waitFor(performed.revision, ENGINE_WAIT_MS);
  await context.outside?.saveEngine();
  return performed;
}

async function refuseUnreleased({ transaction }: Work, entity: EntityState): Promise<void> {
  const count = await countUnreleased(transaction, entity.id);
  if (count === 0) return;
  throw problem(
    'conflict',
    `${count} numbers of ${entity.label} are still with their provider; it can be erased when they were taken back.`,
    { facts: { entity: entity.uuid, releasesPending: count } },
  );
}

/** Everything by which a reader could tell; answers how many entities were erased. */
async function begin({ transaction, context }: Work, account: number): Promise<number> {
  if (!(await beginErasure(transaction, account))) return 0;
  const ids = await collectErasable(transaction, account);
  for (const { id, kind, parent_id: parent } of await closeErased(transaction, account)) {
    chargeClosedLeaf(transaction, parent, kind);
    transaction.record({ kind: 'entity.closed', entityId: id, facts: { erased: true }, touched: [id] });
  }
  await veil(transaction, account, restSettings(context.settings));
  for (let from = 0; from < ids.length; from += BATCH) {
    const touched = ids.slice(from, from + BATCH);
    transaction.record({ kind: 'entity.erased', entityId: account, facts: { entities: touched.length }, touched });
  }
  return ids.length;
}

/** Overwrites what is stored, batch by batch. */
async function finish(context: OperationContext, account: number): Promise<void> {
  const portion = () =>
    perform(context, HOUSEKEEPING, { lock: 'none' }, async ({ transaction }) => {
      const count = await eraseBatch(transaction, account, BATCH);
      if (count === 0) await finishErasure(transaction, account);
      return count;
    });
  while ((await portion()).value > 0);
}

/** Goes on with erasures that were interrupted, and takes away the names of erased numbers whose rest is over. */
export async function tidyErasures(context: OperationContext): Promise<void> {
  for (const account of await listUnfinished(new Session(context.pool))) await finish(context, account);
  await perform(context, HOUSEKEEPING, { lock: 'none' }, async ({ transaction }) => {
    for (const id of await releaseRested(transaction, restSettings(context.settings)))
      transaction.record({ kind: 'entity.released', entityId: id, facts: {}, touched: [id] });
    return null;
  });
}
