/** Gives an account, with all beneath it, another organization. */
import { invalid, problem } from '#core/problem.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { changedFactsOf } from '#operations/facts.ts';
import { requirePlan } from '#operations/guard.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { notFound, refuseClosed } from '#operations/resolve.ts';
import { getState } from '#store/entity.ts';
import { listOutside, setOrganization } from '#store/telephony-account.ts';

import { type AccountView, accountView } from './account-view.ts';
import { findNamedAccount, requireSuperAdministrator } from './find-account.ts';
import { findNamedOrganization } from './organizations.ts';

/**
 * Moves an account right beneath the platform into another organization, by SID or domain. Its clients stay in the domain
 * where they are: their digests are bound to it. Throws `forbidden`, `precondition_failed` without such an organization,
 * `not_found`, `closed`, `invalid` for another account, `conflict` where it is already, `plan_required`.
 */
export function migrateAccount(
  context: OperationContext,
  actor: Actor,
  given: string,
  organization: string | undefined,
): Promise<Performed<AccountView>> {
  return perform(context, actor, { lock: 'exclusive' }, async (work) => {
    const { transaction } = work;
    requireSuperAdministrator(work.actor);
    const next = organization === undefined ? null : await findNamedOrganization(transaction, organization);
    if (next === null || next.closed)
      throw problem('precondition_failed', 'Organization: must be the SID or the domain of an open organization.');
    const account = await findNamedAccount(transaction, given);
    if (account === null) throw notFound(given);
    refuseClosed(account, 'migrated');
    if (account.parent_id !== work.actor.accountId)
      throw invalid({ field: 'account', message: 'must lie right beneath the account that migrates it' });
    const outside = await listOutside(transaction, account.id, next.id);
    if (!outside.some(({ id }) => id === account.id))
      throw problem('conflict', `The account is in the organization ${next.label} already.`);
    await requirePlan(work, account);
    await setOrganization(
      transaction,
      outside.map(({ id }) => id),
      next.id,
    );
    for (const { id, organization_id: former } of outside) recordOrganization(work, id, former, next.id);
    return accountView(context, await getState(transaction, account.id), transaction);
  });
}

/** Gives one account its organization, whatever that is. */
export async function organizeWithin(work: Work, accountId: number, organizationId: number): Promise<void> {
  await setOrganization(work.transaction, [accountId], organizationId);
  recordOrganization(work, accountId, null, organizationId);
}

function recordOrganization({ transaction }: Work, id: number, former: number | null, next: number): void {
  transaction.record({
    kind: 'entity.updated',
    entityId: id,
    touched: [id],
    ...changedFactsOf('account', { organization: former }, { organization: next }),
  });
}
