/** Grants an account how many things of each kind it may have beneath it. */
import { type Credit, type Grants, limitOf, readGrants } from '#core/credit.ts';
import { type FieldError, invalid } from '#core/problem.ts';
import { requireAbove } from '#operations/access.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { type CreditsView, viewCredits } from '#operations/read-credits.ts';
import { getLocked, refuseClosed } from '#operations/resolve.ts';
import { isReseller, listCredits, writeGrants } from '#store/credit.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';

/**
 * Writes the grants that are named; null takes one away. A grant below what is used is accepted and only stops
 * creations. Throws `not_found`, `forbidden` for who is not above the account, `invalid` for each wrong field, for what
 * is no account, and for more than the actor's own account may have, `closed`.
 */
export function putCredits(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  input: Readonly<Record<string, unknown>>,
  idempotency?: IdempotencyKey,
): Promise<Performed<CreditsView>> {
  // Shared, so that nothing above is closed meanwhile.
  return perform(context, actor, { lock: 'shared', idempotency }, (work) => putCreditsWithin(work, id, input));
}

/** The body of `putCredits`, for use inside a larger transaction that holds the shape lock. */
export async function putCreditsWithin(
  work: Work,
  id: string | number,
  input: Readonly<Record<string, unknown>>,
): Promise<CreditsView> {
  const { transaction, actor, context } = work;
  const account = await getLocked(transaction, actor, id, 'credit:write');
  requireAbove(actor, account, 'What an account is granted');
  const errors: FieldError[] = [];
  if (account.kind !== 'account')
    errors.push({ field: 'id', message: `must be account, and ${account.label} is ${account.kind}` });
  if (account.id === 0) errors.push({ field: 'id', message: 'must not be the platform, which is not counted' });
  const grants = readGrants(input, errors);
  await refuseMoreThanOwn(work, grants, errors);
  if (errors.length > 0) throw invalid(...errors);
  refuseClosed(account, 'granted anything');
  const former = new Map((await listCredits(transaction, account.id)).map((row) => [row.credit, row.granted]));
  const before: Partial<Record<Credit, number | null>> = {};
  const after: Partial<Record<Credit, number | null>> = {};
  for (const [credit, granted] of Object.entries(grants) as [Credit, number | null][]) {
    // The keys were just read.
    const had = former.get(credit) ?? null;
    if (had === granted) continue;
    before[credit] = had;
    after[credit] = granted;
  }
  if (Object.keys(after).length > 0) {
    await writeGrants(transaction, account.id, after);
    transaction.record({ kind: 'credits.changed', entityId: account.id, facts: { before, after }, touched: [] });
  }
  await transaction.settle(); // In bulk, what was created before is part of the answer.
  return viewCredits(context, transaction, account);
}

/** What has a limit of its own grants no more than that. */
async function refuseMoreThanOwn(work: Work, grants: Grants, errors: FieldError[]): Promise<void> {
  const { transaction, actor, context } = work;
  if (actor.accountId === 0) return;
  const own = new Map((await listCredits(transaction, actor.accountId)).map((row) => [row.credit, row.granted]));
  const isFree = await isReseller(transaction, actor.accountId);
  for (const [credit, granted] of Object.entries(grants) as [Credit, number | null][]) {
    // The keys were read as credits.
    const limit = limitOf(own.get(credit) ?? null, isFree, context.settings.customerCreditDefault);
    if (limit !== null && granted !== null && granted > limit)
      errors.push({ field: credit, message: `must be at most ${limit}, which is what your own account has` });
  }
}
