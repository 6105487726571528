/** Assigns a leaf to another account, without moving it. */
import { LEAF_KINDS } from '#core/kind.ts';
import { invalid, problem } from '#core/problem.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type EntityView, readView } from '#operations/entity-view.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getEntity, getLocked, refuseClosed, refuseStale, requireId, requireKind } from '#operations/resolve.ts';
import type { UpdateOptions } from '#operations/update-entity.ts';
import { accountsOf, resellersOf, setOwner } from '#store/entity.ts';

/**
 * Gives a leaf another owner inside the same reseller's tree; null gives it back to its container's account. Throws
 * `invalid` for a kind that has no owner of its own or an owner outside the tree, `closed` when either is closed.
 */
export function transferEntity(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  owner: unknown,
  options: UpdateOptions = {},
): Promise<Performed<EntityView>> {
  return perform(context, actor, { lock: 'exclusive', idempotency: options.idempotency }, (work) =>
    transferWithin(work, id, owner, options.version),
  );
}

/** The body of `transferEntity`, for use inside a larger transaction that holds the shape lock exclusively. */
export async function transferWithin(
  work: Work,
  id: string | number,
  to: unknown,
  version?: number,
): Promise<EntityView> {
  const { transaction, actor } = work;
  const entity = await getLocked(transaction, actor, id, 'entity:transfer');
  const owner = to === null ? null : await getEntity(transaction, actor, requireId(to, 'owner'), 'owner');
  if (!LEAF_KINDS.has(entity.kind))
    throw invalid({
      field: 'id',
      message: `a ${entity.kind} belongs to the account that contains it; move it instead`,
    });
  const account = (await accountsOf(transaction, [entity.id])).get(entity.id) ?? 0;
  if (owner !== null) {
    requireKind(owner, ['account'], 'owner');
    const resellers = await resellersOf(transaction, [owner.id, account]);
    if (resellers.get(owner.id) !== resellers.get(account))
      throw invalid({ field: 'owner', message: "must be inside the same reseller's tree as the container" });
  }
  refuseClosed(entity, 'transferred');
  if (owner?.closed) throw problem('closed', `${owner.label} is closed; it cannot own anything new.`);
  refuseStale(entity, version);
  const ownerId = owner === null || owner.id === account ? null : owner.id;
  if (ownerId === entity.owner_id) return readView(transaction, actor, entity.id);
  await setOwner(transaction, entity.id, ownerId);
  transaction.record({
    kind: 'entity.transferred',
    entityId: entity.id,
    facts: { from: entity.owner_id ?? account, to: ownerId ?? account, owner: ownerId },
    touched: [entity.id, entity.owner_id ?? account, ownerId ?? account],
  });
  return readView(transaction, actor, entity.id);
}
