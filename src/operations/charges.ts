/**
 * What creating, closing and moving charge, and to whom. The sums are settled by the transaction.
 */
import { type Credit, creditOf } from '#core/credit.ts';
import type { Kind } from '#core/kind.ts';
import { usedBeneath, usedInside } from '#store/credit.ts';
import type { EntityState } from '#store/entity.ts';
import type { Transaction } from '#store/transaction.ts';

/** Charges one new thing to the account that it is in; for an account, its parent. */
export function chargeCreation(transaction: Transaction, parentId: number, kind: Kind): void {
  const credit = creditOf(kind);
  if (credit !== null) transaction.charge(parentId, credit, 1);
}

/** Gives back one thing that contains nothing. */
export function chargeClosedLeaf(transaction: Transaction, parentId: number, kind: Kind): void {
  const credit = creditOf(kind);
  if (credit !== null) transaction.charge(parentId, credit, -1);
}

/** Gives back what an entity uses with everything open beneath it; before it is marked as closed. */
export async function chargeClosing(transaction: Transaction, entity: EntityState): Promise<void> {
  if (entity.parent_id === null) return;
  for (const [credit, used] of await weightOf(transaction, entity)) transaction.charge(entity.parent_id, credit, -used);
}

/**
 * Charges an entity with its subtree to its new line and gives it back to the old one, before its place is changed. At
 * once, so that a later reason to refuse stays behind. Throws `over_credit`.
 */
export async function chargeMove(transaction: Transaction, entity: EntityState, toId: number): Promise<void> {
  if (entity.parent_id === null || entity.parent_id === toId) return;
  for (const [credit, used] of await weightOf(transaction, entity)) {
    transaction.charge(toId, credit, used);
    transaction.charge(entity.parent_id, credit, -used);
  }
  await transaction.settle();
}

/** What an entity counts for, itself included. An account knows it without a look beneath; a resource is looked into. */
async function weightOf(transaction: Transaction, entity: EntityState): Promise<Map<Credit, number>> {
  await transaction.settle(); // What this transaction created beneath it counts, too.
  if (entity.kind !== 'account') return usedInside(transaction, entity.id);
  const weight = await usedBeneath(transaction, entity.id);
  return weight.set('account_credit', (weight.get('account_credit') ?? 0) + 1);
}
