/**
 * The login of an account itself: by its SID with an auth token, and by an e-mail with a password, where it has one.
 */
import { randomBytes } from 'node:crypto';

import { sidOf } from '#core/sid.ts';
import { roleOfWord } from '#core/telephony-right.ts';
import { problem } from '#core/problem.ts';
import { FOREIGN_TOKEN_NAME, TOKEN_NAME } from '#operations/identity/account-login.ts';
import { hashPassword, hashedForm } from '#operations/identity/password.ts';
import { loginName, tokenDigest } from '#operations/identity/presented.ts';
import type { Work } from '#operations/perform.ts';
import { putToken } from '#store/api-key.ts';
import type { EntityState } from '#store/entity.ts';
import { type LoginRow, findAccountLogin, insertLogin, updateLogin } from '#store/login.ts';
import { deleteSessions } from '#store/session.ts';

export interface AccountLoginInput {
  /** Names the account for ever; an account without one is named by its SID alone. */
  readonly email: string | null;
  /** The MD5 of the password, in hexadecimal; null: there is none, and its token alone signs it in. */
  readonly passwordMd5: string | null;
  /** The role word, such as Administrator. */
  readonly role: string;
  /** The auth token that it had elsewhere; else one is made. */
  readonly token?: string | undefined;
  /** The hash of `passwordMd5`, where it was made before the transaction. */
  readonly passwordHash?: string | undefined;
}

const TOKEN_BYTES = 16;

/** An auth token: 32 hexadecimal digits, as long as those that clients know. */
export function makeToken(): string {
  return randomBytes(TOKEN_BYTES).toString('hex');
}

/** Gives an account a login of its own. Throws `exists` when it has one, or the e-mail names another account. */
export async function insertAccountLogin(
  work: Work,
  account: Pick<EntityState, 'id' | 'uuid'>,
  input: AccountLoginInput,
): Promise<void> {
  const { transaction } = work;
  const name = loginName(input.email ?? sidOf('account', account.uuid));
  const role = roleOfWord(input.role);
  const made = await insertLogin(transaction, {
    account_id: account.id,
    name,
    role,
    password_hash: input.passwordMd5 === null ? null : (input.passwordHash ?? (await hashPassword(input.passwordMd5))),
    enabled: true,
    is_account: true,
  });
  if (made === null)
    throw problem('exists', `The e-mail ${name} names an account already.`, {
      errors: [{ field: 'email', message: 'is taken' }],
    });
  await writeToken(work, account, made.id, input.token);
  transaction.record({
    kind: 'login.created',
    entityId: account.id,
    facts: { login: made.id, role, enabled: true, hasPassword: input.passwordMd5 !== null },
    touched: [account.id],
    personal: { name },
  });
}

export interface AccountLoginChanges {
  readonly passwordMd5?: string | undefined;
  readonly role?: string | undefined;
  readonly token?: string | undefined;
  /** Whether a token is made anew; with a new password it always is, since the former was as good as that. */
  readonly isTokenNew?: boolean | undefined;
  readonly passwordHash?: string | undefined;
}

/**
 * Changes the login of an account. A new password makes a new token, so that whoever knew the former ones knows nothing
 * any more. Throws `not_found` where it has none.
 */
export async function updateAccountLogin(
  work: Work,
  account: Pick<EntityState, 'id' | 'uuid' | 'label'>,
  changes: AccountLoginChanges,
): Promise<void> {
  const { transaction } = work;
  const login = await getAccountLogin(work, account);
  const role = changes.role === undefined ? login.role : roleOfWord(changes.role);
  const passwordHash =
    changes.passwordMd5 === undefined ? undefined : (changes.passwordHash ?? (await hashPassword(changes.passwordMd5)));
  const { name, enabled } = login;
  await updateLogin(transaction, login.id, { name, role, enabled, passwordHash });
  if (passwordHash !== undefined) await deleteSessions(transaction, login.id, { allBut: null });
  const hasNewToken = changes.token !== undefined || passwordHash !== undefined || changes.isTokenNew === true;
  if (hasNewToken) await writeToken(work, account, login.id, changes.token);
  transaction.record({
    kind: 'login.changed',
    entityId: account.id,
    facts: {
      login: login.id,
      set: {
        role,
        ...(passwordHash === undefined ? {} : { password: '(secret)' }),
        ...(hasNewToken ? { token: '(secret)' } : {}),
      },
      before: { role: login.role },
    },
    touched: [account.id],
  });
}

/** The hash of another password for a login; with it an account's own login gets another token, which was as good as that. */
export async function hashNewPassword(
  work: Work,
  login: Pick<LoginRow, 'id' | 'is_account' | 'account_uuid'>,
  password: string,
): Promise<string> {
  const hash = await hashPassword(hashedForm(password, login));
  if (login.is_account) await writeToken(work, { uuid: login.account_uuid }, login.id, undefined);
  return hash;
}

/** Writes the auth token, one that it had elsewhere or a new one. */
async function writeToken(
  { transaction, context }: Work,
  account: Pick<EntityState, 'uuid'>,
  loginId: string,
  given: string | undefined,
): Promise<void> {
  const token = given ?? makeToken();
  await putToken(transaction, context.sealingKey, {
    loginId,
    name: given === undefined ? TOKEN_NAME : FOREIGN_TOKEN_NAME,
    token,
    digest: tokenDigest(account.uuid, token),
  });
}

async function getAccountLogin({ transaction }: Work, account: Pick<EntityState, 'uuid' | 'label'>): Promise<LoginRow> {
  const login = await findAccountLogin(transaction, account.uuid);
  if (login === null) throw problem('not_found', `${account.label} has no login of its own.`);
  return login;
}
