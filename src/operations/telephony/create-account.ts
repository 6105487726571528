/**
 * Makes an account beneath the caller's own: as Restcomm does, with an e-mail and a password by which it signs in and a
 * SIP client of the same name; or as Twilio does, with a name alone, so that its SID and token are all it has.
 */
import type { AccountStatus } from '#core/account-status.ts';
import { readUserPart } from '#core/aor.ts';
import { Problem, problem } from '#core/problem.ts';
import { uuidOfSid } from '#core/sid.ts';
import { roleOfWord, wordOfRole } from '#core/telephony-right.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { closeWithin } from '#operations/close-entity.ts';
import { createBatch } from '#operations/create/create-batch.ts';
import { md5Hex } from '#operations/identity/password.ts';
import { findRole, refuseMore } from '#operations/identity/roles.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { type EntityState, getState } from '#store/entity.ts';
import { findAccountLogin, findLoginByName } from '#store/login.ts';

import { localPartOf, readAccountEmail, readRoleWord, readStatus, refuseWeak, requireGiven } from './account-input.ts';
import { insertAccountLogin } from './account-login.ts';
import { type AccountView, accountView } from './account-view.ts';
import { holdByStatus } from './change-status.ts';
import { isAdministrator } from './find-account.ts';
import { managingWork, requireActiveNow } from './managing-work.ts';
import { organizeWithin } from './migrate-account.ts';
import { createClientWithin, findClientByLogin, findOrganization, seeingAll } from './organization-work.ts';
import { findOrganizationBySid } from './organizations.ts';

/** Restcomm's way: every parameter as it was written, undefined where it was not. */
export interface EmailAccountInput {
  readonly by: 'email';
  readonly emailAddress: string | undefined;
  readonly password: string | undefined;
  readonly friendlyName: string | undefined;
  readonly status: string | undefined;
  readonly role: string | undefined;
  readonly organizationSid: string | undefined;
}

/** Twilio's way. */
export interface NamedAccountInput {
  readonly by: 'name';
  readonly friendlyName: string;
}

/** What is made, once everything that was said is judged. */
interface Plan {
  readonly name: string;
  readonly login: { readonly email: string; readonly password: string } | null;
  readonly status: AccountStatus;
  readonly role: string;
  readonly organization: EntityState | null;
}

/** The administrator that Restcomm ships with: its e-mail names no other account. */
const SHIPPED = 'administrator@company.com';

/**
 * Creates an account with its login, and its client where it has an e-mail and an organization. Throws in this order:
 * `forbidden` for the role; `invalid` with the reason `depth`; `invalid` for what is missing or wrong; `forbidden` for
 * another organization than the parent's; `invalid` with the reason `weak`; `exists` for an e-mail that ever named an
 * account; `forbidden` while the parent is not active.
 */
export function createAccount(
  context: OperationContext,
  actor: Actor,
  input: EmailAccountInput | NamedAccountInput,
): Promise<Performed<AccountView>> {
  return perform(context, actor, { lock: 'shared' }, async (given) => {
    const work = managingWork(given, 'Create');
    const { transaction } = work;
    const parent = await getState(transaction, work.actor.accountId);
    refuseDeep(context, parent);
    const plan = await (input.by === 'email' ? judgeEmail(work, parent, input) : judgeName(work, parent, input));
    await requireActiveNow(work, 'active');
    const account = await insert(work, parent, plan);
    return accountView(context, await getState(transaction, account.id), transaction);
  });
}

function refuseDeep({ settings }: OperationContext, parent: EntityState): void {
  if (parent.line.length <= settings.faceDepthMax) return;
  throw problem('invalid', 'This account is not allowed to have sub-accounts', { facts: { reason: 'depth' } });
}

async function judgeEmail(work: Work, parent: EntityState, input: EmailAccountInput): Promise<Plan> {
  const given = requireGiven('EmailAddress', input.emailAddress);
  const password = requireGiven('Password', input.password);
  const email = readAccountEmail(given);
  const status = readStatus(input.status) ?? 'active';
  const organization = await judgeOrganization(work, parent, input.organizationSid);
  const role = await judgeRole(work, parent, input.role);
  refuseWeak(password, 'create');
  if (email === SHIPPED || (await findLoginByName(work.transaction, email)) !== null)
    throw problem('exists', `The e-mail ${email} names an account already, or did.`);
  return { name: input.friendlyName ?? email, login: { email, password }, status, role, organization };
}

async function judgeName(work: Work, parent: EntityState, { friendlyName }: NamedAccountInput): Promise<Plan> {
  return {
    name: friendlyName,
    login: null,
    status: 'active',
    role: await judgeRole(work, parent, undefined),
    organization: await findOrganization(work.transaction, parent),
  };
}

/** The parent's own, or another one at the wish of the platform alone. */
async function judgeOrganization(
  work: Work,
  parent: EntityState,
  given: string | undefined,
): Promise<EntityState | null> {
  const own = await findOrganization(work.transaction, parent);
  if (given === undefined || (own !== null && uuidOfSid(given) === own.uuid)) return own;
  if (work.actor.accountId !== 0)
    throw problem('forbidden', 'Only the platform makes accounts in another organization than that of their parent.');
  const other = await findOrganizationBySid(work.transaction, given);
  if (other !== null && !other.closed) return other;
  throw problem('invalid', 'OrganizationSid: there is no such organization', {
    errors: [{ field: 'OrganizationSid', message: 'does not exist' }],
  });
}

/** The role that an administrator gives, or the parent's: nobody else says what another account may do. */
async function judgeRole(work: Work, parent: EntityState, given: string | undefined): Promise<string> {
  const { transaction, actor } = work;
  if (given !== undefined && isAdministrator(actor)) {
    const role = await findRole(transaction, parent, roleOfWord(readRoleWord(given)));
    if (role !== null) refuseMore(actor, role, 'give it to an account');
    return given;
  }
  const login = await findAccountLogin(transaction, parent.uuid);
  return wordOfRole(login?.role ?? 'administrator', null);
}

async function insert(work: Work, parent: EntityState, plan: Plan): Promise<EntityState> {
  const { transaction } = work;
  const { organization } = plan;
  const isOpen = organization !== null && !organization.closed;
  const [made] = await createBatch(seeingAll(work), [
    {
      kind: 'account',
      name: plan.name,
      parent: parent.uuid,
      reseller: false,
      role: plan.role,
      initialized: plan.status !== 'uninitialized',
      ...(isOpen ? { organization: organization.uuid } : {}),
    },
  ]);
  if (made === undefined || made instanceof Problem) throw made ?? new Error('an outcome for each input');
  // A closed organization is inherited, too: it takes no part in what an account may do.
  if (organization !== null && !isOpen) await organizeWithin(work, made.id, organization.id);
  const account = await getState(transaction, made.id);
  await insertAccountLogin(work, account, {
    email: plan.login?.email ?? null,
    passwordMd5: plan.login === null ? null : md5Hex(plan.login.password),
    role: plan.role,
  });
  if (plan.login !== null && isOpen) await addClient(work, account, organization, plan.login, plan.name);
  if (plan.status === 'closed') await closeWithin(work, account.uuid, 'planned');
  else if (plan.status !== 'active') await holdByStatus(work, account, plan.status, 'planned');
  return account;
}

/** The automatic client. Where its login is taken, or can be none, there is silently no such client. */
async function addClient(
  work: Work,
  account: EntityState,
  domain: EntityState,
  { email, password }: { readonly email: string; readonly password: string },
  friendlyName: string,
): Promise<void> {
  const username = localPartOf(email);
  if (!readUserPart(username).ok || (await findClientByLogin(work.transaction, domain, username)) !== null) return;
  await createClientWithin(work, account, domain, { username, password, friendlyName, enabled: true });
}
