/** The accounts right beneath the caller's own, or for the platform those of an organization. */
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { notFound } from '#operations/resolve.ts';
import { listOrganizationAccounts, listSubaccounts } from '#store/telephony-account.ts';

import { type AccountView, accountViews } from './account-view.ts';
import { isAdministrator, requireSuperAdministrator } from './find-account.ts';
import { findOrganizationByDomain, findOrganizationBySid } from './organizations.ts';

export interface AccountFilter {
  readonly organizationSid?: string | undefined;
  readonly domainName?: string | undefined;
}

/** As many as one list shows where it has no pages. */
const LIST_MAX = 10_000;

/**
 * Accounts in the order in which they were made, closed ones included. Throws `forbidden` for a filter that is not the
 * platform's, `invalid` for what is no SID, `not_found` for a domain of no organization.
 */
export async function listAccounts(
  context: OperationContext,
  actor: Actor,
  { organizationSid, domainName }: AccountFilter = {},
): Promise<AccountView[]> {
  const session = reader(context);
  if (organizationSid === undefined && domainName === undefined)
    return withTokens(actor, await accountViews(context, await listSubaccounts(session, actor.accountId, LIST_MAX)));
  requireSuperAdministrator(actor);
  const organization =
    organizationSid === undefined
      ? await findOrganizationByDomain(session, domainName ?? '')
      : await findOrganizationBySid(session, organizationSid);
  if (organization === null && organizationSid === undefined) throw notFound(domainName ?? '');
  if (organization === null) return [];
  const accounts = await listOrganizationAccounts(session, organization.id, LIST_MAX);
  return withTokens(actor, await accountViews(context, accounts));
}

/** Who may not act on these accounts learns that they are there, and not by what they sign in. */
function withTokens(actor: Actor, views: AccountView[]): AccountView[] {
  return isAdministrator(actor) ? views : views.map((view) => ({ ...view, authToken: null }));
}
