/** An account as the account APIs show it. */
import { type AccountStatus, accountStatus } from '#core/account-status.ts';
import type { Values } from '#core/field.ts';
import { ADMINISTRATOR, wordOfRole } from '#core/telephony-right.ts';
import { type OperationContext, reader } from '#operations/context.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, uuidsOf } from '#store/entity.ts';
import { openToken } from '#store/api-key.ts';
import { readKindRows } from '#store/kind-row.ts';
import { readTelephonyRows } from '#store/telephony-account.ts';

export interface AccountView {
  readonly id: number;
  readonly uuid: string;
  /** The account right above; null for the platform. */
  readonly parent: string | null;
  readonly name: string;
  /** Of its own login, or of its contact where it has none; null without either. */
  readonly email: string | null;
  readonly type: 'Full' | 'Trial';
  readonly role: string;
  readonly status: AccountStatus;
  readonly organization: { readonly uuid: string; readonly domain: string } | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Null where it has no login of its own. */
  readonly authToken: string | null;
}

/** The views of accounts, in the order given. */
export async function accountViews(
  context: OperationContext,
  accounts: readonly EntityState[],
  session: Session = reader(context),
): Promise<AccountView[]> {
  const ids = accounts.map((account) => account.id);
  const values = await readKindRows(session, 'account', ids);
  const rows = new Map((await readTelephonyRows(session, ids)).map((row) => [row.id, row]));
  const parents = await uuidsOf(
    session,
    accounts.flatMap(({ parent_id }) => (parent_id === null ? [] : [parent_id])),
  );
  return accounts.map((account) => {
    const row = rows.get(account.id);
    if (row === undefined) throw new Error(`account ${account.id} vanished: rows are never deleted`);
    const fields: Values = values.get(account.id) ?? {};
    const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : null);
    return {
      id: account.id,
      uuid: account.uuid,
      parent: account.parent_id === null ? null : (parents.get(account.parent_id) ?? null),
      name: account.label,
      email: row.login_name?.includes('@') === true ? row.login_name : text('email'),
      type: text('accountType') === 'Trial' ? 'Trial' : 'Full',
      // What its login may do, where it has one: that is what counts.
      role: row.login_role === null ? (text('role') ?? ADMINISTRATOR) : wordOfRole(row.login_role, text('role')),
      status: accountStatus({
        closed: account.closed,
        isRestricted: (account.denied | account.intercepted) !== 0,
        ownProfiles: row.own_profiles,
        isHeldAbove: row.is_held_above,
      }),
      organization:
        row.organization_uuid === null || row.organization_domain === null
          ? null
          : { uuid: row.organization_uuid, domain: row.organization_domain },
      createdAt: account.created_at,
      updatedAt: account.updated_at,
      authToken:
        row.token_id === null || row.token_sealed === null
          ? null
          : openToken(context.sealingKey, row.token_id, row.token_sealed),
    };
  });
}

/** The view of one account. */
export async function accountView(
  context: OperationContext,
  account: EntityState,
  session: Session = reader(context),
): Promise<AccountView> {
  const [view] = await accountViews(context, [account], session);
  if (view === undefined) throw new Error('a view for each account');
  return view;
}
