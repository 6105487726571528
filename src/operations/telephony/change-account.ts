/** Changes an account: its name, password, role and status, all in one transaction or not at all. */
import type { AccountStatus } from '#core/account-status.ts';
import { problem } from '#core/problem.ts';
import { roleOfWord } from '#core/telephony-right.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { md5Hex } from '#operations/identity/password.ts';
import { findRole, refuseMore } from '#operations/identity/roles.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { refuseClosed } from '#operations/resolve.ts';
import { updateWithin } from '#operations/update-entity.ts';
import { type EntityState, getState, lockEntity } from '#store/entity.ts';
import { findAccountLogin } from '#store/login.ts';

import { localPartOf, readRoleWord, readStatus, refuseWeak } from './account-input.ts';
import { insertAccountLogin, updateAccountLogin } from './account-login.ts';
import { type AccountView, accountView } from './account-view.ts';
import { type StatusOptions, changeStatusWithin, takeIntoService } from './change-status.ts';
import { findTarget, isAdministrator } from './find-account.ts';
import { managingWork, requireActiveNow } from './managing-work.ts';
import { findClientByLogin, findOrganization, isClientOf, updateClientWithin } from './organization-work.ts';

/** Every parameter as it was written, undefined where it was not. */
export interface AccountChanges {
  readonly friendlyName?: string | undefined;
  readonly password?: string | undefined;
  readonly role?: string | undefined;
  readonly status?: string | undefined;
}

/** The same, judged. */
interface Changes {
  readonly name: string | undefined;
  readonly password: string | undefined;
  readonly role: string | undefined;
  readonly status: AccountStatus | undefined;
}

/**
 * Changes an account by SID or e-mail. A password makes a new token, is that of the automatic client, too, and takes an
 * account into service that waited for its first one, whatever status is sent along. Throws in this order: `forbidden`,
 * `not_found` (also marked as foreign), `closed`, `forbidden` for a role by anybody but an administrator, `invalid` (with
 * the reason `weak` for a password), `plan_required`, and with `isStrict` `conflict`.
 */
export function changeAccount(
  context: OperationContext,
  actor: Actor,
  given: string,
  input: AccountChanges,
  options: StatusOptions = {},
): Promise<Performed<AccountView>> {
  // Closing needs the shape for itself. Whether the word means that is judged below, like everything else.
  const lock = input.status?.toLowerCase() === 'closed' ? 'exclusive' : 'shared';
  return perform(context, actor, { lock }, async (asked) => {
    const work = managingWork(asked, 'Modify');
    const { transaction } = work;
    await requireActiveNow(work, 'uninitialized');
    const named = await findTarget(transaction, work.actor, given, 'account');
    const account = await lockEntity(transaction, named.id);
    refuseClosed(account, 'changed');
    await changeWithin(work, account, await judge(work, account, input), options);
    return accountView(context, await getState(transaction, account.id), transaction);
  });
}

async function judge(work: Work, account: EntityState, input: AccountChanges): Promise<Changes> {
  const { transaction, actor } = work;
  if (input.role !== undefined) {
    if (!isAdministrator(actor))
      throw problem('forbidden', 'Only Administrator allowed', { facts: { reason: 'role' } });
    const role = await findRole(transaction, account, roleOfWord(readRoleWord(input.role)));
    if (role !== null) refuseMore(actor, role, 'give it to an account');
  }
  const status = readStatus(input.status);
  if (input.password !== undefined) refuseWeak(input.password, 'change');
  return { name: input.friendlyName, password: input.password, role: input.role, status };
}

async function changeWithin(
  work: Work,
  account: EntityState,
  { name, password, role, status }: Changes,
  options: StatusOptions,
): Promise<void> {
  const isTaken = password !== undefined && (await takeIntoService(work, account));
  await updateWithin(work, account.id, {
    ...(name === undefined ? {} : { name }),
    ...(role === undefined ? {} : { role }),
    ...(isTaken ? { initialized: true } : {}),
  });
  await changeLogin(work, account, password, role);
  if (name !== undefined || password !== undefined) await changeClient(work, account, name, password);
  if (status !== undefined && !isTaken) await changeStatusWithin(work, account, status, options);
}

async function changeLogin(
  work: Work,
  account: EntityState,
  password: string | undefined,
  role: string | undefined,
): Promise<void> {
  if (password === undefined && role === undefined) return;
  const passwordMd5 = password === undefined ? undefined : md5Hex(password);
  const login = await findAccountLogin(work.transaction, account.uuid);
  if (login !== null) await updateAccountLogin(work, account, { passwordMd5, role });
  else if (passwordMd5 !== undefined)
    // Made on another face: it can sign in from now on, by its SID.
    await insertAccountLogin(work, account, { email: null, passwordMd5, role: role ?? 'Administrator' });
}

/** Keeps the automatic client, if it is still there, as its account: the same name, the same password. */
async function changeClient(
  work: Work,
  account: EntityState,
  friendlyName: string | undefined,
  password: string | undefined,
): Promise<void> {
  const { transaction } = work;
  const login = await findAccountLogin(transaction, account.uuid);
  const domain = await findOrganization(transaction, account);
  if (login === null || domain === null || !login.name.includes('@')) return;
  const client = await findClientByLogin(transaction, domain, localPartOf(login.name));
  if (client === null || !isClientOf(account, client)) return;
  await updateClientWithin(work, account, client, {
    ...(friendlyName === undefined ? {} : { friendlyName }),
    ...(password === undefined ? {} : { password }),
  });
}
