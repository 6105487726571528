/** The login of an account itself, given, changed and shown. */
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { readEmailAddress } from '#core/email-address.ts';
import { sidOf } from '#core/sid.ts';
import { roleOfWord } from '#core/telephony-right.ts';
import { requireRight } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { isMd5 } from '#operations/identity/account-login.ts';
import { md5Hex, readNewPassword } from '#operations/identity/password.ts';
import { findRole, refuseMore } from '#operations/identity/roles.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getEntity, getPermitted, notFound, refuseClosed, refuseUnknown, requireKind } from '#operations/resolve.ts';
import { openToken } from '#store/api-key.ts';
import type { Session } from '#store/database.ts';
import type { EntityState } from '#store/entity.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import { findAccountLogin } from '#store/login.ts';
import { readTelephonyRows } from '#store/telephony-account.ts';

import { insertAccountLogin, updateAccountLogin } from './account-login.ts';

export interface AccountLoginView {
  /** The name of the account on the account APIs, and of its login there. */
  readonly sid: string;
  readonly login: string;
  /** Null where it signs in by its SID alone. */
  readonly email: string | null;
  readonly role: string;
  readonly hasPassword: boolean;
  readonly token: string | null;
}

const FIELDS = ['email', 'password', 'passwordMd5', 'role', 'token', 'newToken'];
/** As long as tokens of any platform that is left behind. */
const TOKEN = /^[\x21-\x7e]{16,128}$/;

/** Throws `not_found`, also where the account has no login of its own; `forbidden`. */
export async function readAccountLogin(
  context: OperationContext,
  actor: Actor,
  id: string | number,
): Promise<AccountLoginView> {
  const session = reader(context);
  const account = await getEntity(session, actor, id);
  // The token is as good as the login itself.
  requireRight(actor, account, 'login:write');
  requireKind(account, ['account'], 'id');
  const view = await viewOf(session, context, account);
  const role = await findRole(session, account, view.role);
  if (role !== null) refuseMore(actor, role, 'read the token of a login that has it');
  return view;
}

/**
 * Gives an account a login of its own, or changes it: its password, its role, its token. Its e-mail is given once. What
 * it had elsewhere, the MD5 of a password and a token, is for the platform to give. Throws `invalid`, `exists` for an
 * e-mail that names another account, `closed`, `forbidden` for a role above the actor's.
 */
export function putAccountLogin(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  input: Readonly<Record<string, unknown>>,
  idempotency?: IdempotencyKey,
): Promise<Performed<AccountLoginView>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { account } = await putAccountLoginWithin(work, id, input);
    return viewOf(work.transaction, context, account);
  });
}

/** What a larger piece of work knows or wants besides. */
export interface PutOptions {
  /** The hash of `passwordMd5`, made before the transaction. */
  readonly passwordHash?: string | undefined;
  /** Refuses an account that has a login, which is then left as it is. */
  readonly isOnlyNew?: boolean;
}

/** The body of `putAccountLogin`, for use inside a larger transaction. Throws `exists`, if only new ones are wanted. */
export async function putAccountLoginWithin(
  work: Work,
  id: string | number,
  input: Readonly<Record<string, unknown>>,
  { passwordHash, isOnlyNew = false }: PutOptions = {},
): Promise<{ readonly account: EntityState; readonly isNew: boolean }> {
  const { transaction, actor } = work;
  const account = await getPermitted(transaction, actor, id, 'login:write');
  requireKind(account, ['account'], 'id');
  refuseUnknown(input, FIELDS, 'the login of an account');
  const errors: FieldError[] = [];
  const login = await findAccountLogin(transaction, account.uuid);
  if (login !== null && isOnlyNew)
    throw problem('exists', `${account.label} has a login of its own already.`, { facts: { entity: account.uuid } });
  const email = readEmail(input['email'], login?.name ?? null, errors);
  const passwordMd5 = readSecret(input, actor, errors);
  const token = readToken(input, actor, errors);
  const had = login === null ? null : await findRole(transaction, account, login.role);
  if (had !== null) refuseMore(actor, had, 'change a login that has it');
  const role = await readRole(work, account, input['role'] ?? (login === null ? 'Administrator' : undefined), errors);
  if (errors.length > 0) throw invalid(...errors);
  refuseClosed(account, 'given a login');
  if (login === null) {
    await insertAccountLogin(work, account, {
      email,
      passwordMd5: passwordMd5 ?? null,
      role: role ?? 'Administrator',
      token,
      passwordHash,
    });
    return { account, isNew: true };
  }
  const isTokenNew = input['newToken'] === true;
  await updateAccountLogin(work, account, { passwordMd5, role, token, isTokenNew, passwordHash });
  return { account, isNew: false };
}

function readEmail(given: unknown, name: string | null, errors: FieldError[]): string | null {
  if (given === undefined || given === null) return null;
  const reading = typeof given === 'string' ? readEmailAddress(given) : null;
  if (reading === null || !reading.ok) {
    errors.push({ field: 'email', message: reading?.ok === false ? reading.message : 'must be text' });
    return null;
  }
  const email = reading.value.toLowerCase();
  if (name !== null && name !== email)
    errors.push({ field: 'email', message: 'cannot be changed: an account is named by it for ever' });
  return email;
}

function readSecret(input: Readonly<Record<string, unknown>>, actor: Actor, errors: FieldError[]): string | undefined {
  const { password, passwordMd5 } = input;
  if (passwordMd5 !== undefined) {
    if (password !== undefined) errors.push({ field: 'passwordMd5', message: 'or password must be given, not both' });
    if (actor.accountId !== 0) errors.push({ field: 'passwordMd5', message: 'is for the platform to give' });
    if (typeof passwordMd5 === 'string' && isMd5(passwordMd5)) return passwordMd5;
    errors.push({ field: 'passwordMd5', message: 'must be an MD5: 32 hexadecimal digits in lower case' });
    return undefined;
  }
  if (password === undefined || password === null) return undefined;
  const read = readNewPassword(password, 'password', errors);
  return read === null ? undefined : md5Hex(read);
}

function readToken(
  { token, newToken }: Readonly<Record<string, unknown>>,
  actor: Actor,
  errors: FieldError[],
): string | undefined {
  if (newToken !== undefined && typeof newToken !== 'boolean')
    errors.push({ field: 'newToken', message: 'must be true or false' });
  if (token === undefined || token === null) return undefined;
  if (actor.accountId !== 0) errors.push({ field: 'token', message: 'is for the platform to give' });
  if (typeof token === 'string' && TOKEN.test(token)) return token;
  errors.push({ field: 'token', message: 'must be 16 to 128 printable ASCII characters without spaces' });
  return undefined;
}

async function readRole(
  { transaction, actor }: Work,
  account: EntityState,
  given: unknown,
  errors: FieldError[],
): Promise<string | undefined> {
  if (given === undefined || given === null) return undefined;
  const role = typeof given === 'string' ? await findRole(transaction, account, roleOfWord(given)) : null;
  if (role !== null) {
    refuseMore(actor, role, 'give it to an account');
    return String(given);
  }
  // The platform may take over a word that means nothing here: it allows nothing.
  if (typeof given === 'string' && given.length <= 64 && actor.accountId === 0) return given;
  errors.push({ field: 'role', message: 'must be the name of a role of this account, or Administrator or Developer' });
  return undefined;
}

async function viewOf(session: Session, context: OperationContext, account: EntityState): Promise<AccountLoginView> {
  const login = await findAccountLogin(session, account.uuid);
  if (login === null) throw notFound(`login of ${account.label} itself`);
  const [row] = await readTelephonyRows(session, [account.id]);
  if (row === undefined) throw problem('bug', 'an account without a row');
  return {
    sid: sidOf('account', account.uuid),
    login: login.id,
    email: login.name.includes('@') ? login.name : null,
    role: login.role,
    hasPassword: login.password_hash !== null,
    token:
      row.token_id === null || row.token_sealed === null
        ? null
        : openToken(context.sealingKey, row.token_id, row.token_sealed),
  };
}
