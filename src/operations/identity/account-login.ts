/** The login of an account itself, as the account APIs know it: by SID or e-mail, with a token or a password. */
import { uuidOfSid } from '#core/sid.ts';
import { loginName, tokenDigest } from '#operations/identity/presented.ts';
import { findKeyByDigest } from '#store/api-key.ts';
import type { Session } from '#store/database.ts';
import { type LoginRow, findAccountLogin, findLoginByName } from '#store/login.ts';

/**
 * The own login that a user name of HTTP Basic means: an e-mail first, as Restcomm does, then the SID of an account. Nobody
 * else signs in there: an account is shown with its token, which is as good as its own login, whatever role the reader has.
 */
export async function findByAccountName(session: Session, name: string): Promise<LoginRow | null> {
  const byName = await findLoginByName(session, loginName(name));
  if (byName?.is_account === true) return byName;
  const uuid = uuidOfSid(name.trim());
  return uuid === null ? null : findAccountLogin(session, uuid);
}

/** What keys are called that are auth tokens, made here or taken over. */
export const TOKEN_NAME = 'auth token';
export const FOREIGN_TOKEN_NAME = 'auth token from elsewhere';

/** The key that is the auth token of the login, if this is it. A look-up by hash tells nothing of how much was right. */
export async function findToken(
  session: Session,
  login: LoginRow,
  token: string,
): Promise<{ readonly key: string; readonly isForeign: boolean } | null> {
  if (!login.is_account || !login.enabled) return null;
  const key = await findKeyByDigest(session, tokenDigest(login.account_uuid, token));
  return key !== null && key.login_id === login.id ? { key: key.id, isForeign: key.name !== TOKEN_NAME } : null;
}

/** Whether the text can be an MD5 in hexadecimal, as the console of Restcomm shows instead of the password. */
export function isMd5(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}
