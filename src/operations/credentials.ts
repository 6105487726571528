/**
 * Passwords on their way in: only what the servers verify against is kept, never the password.
 */
import { createHash } from 'node:crypto';

import type { Values } from '#core/field.ts';
import type { Kind } from '#core/kind.ts';
import type { FieldError } from '#core/problem.ts';
import { argon2id } from '#operations/identity/password.ts';

const PASSWORD_MAX = 256;

/** The digests by which SIP servers authenticate (RFC 7616 with MD5, as Kamailio's auth_db reads them). */
export function sipDigests(
  username: string,
  domain: string,
  realm: string,
  password: string,
): { ha1: string; ha1b: string } {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  return { ha1: md5(`${username}:${realm}:${password}`), ha1b: md5(`${username}@${domain}:${realm}:${password}`) };
}

/** A password hash as Dovecot's `ARGON2ID` scheme reads it, of the very bytes that were given. */
export async function mailboxHash(password: string): Promise<string> {
  return `{ARGON2ID}${await argon2id(password)}`;
}

/** Takes `password` out of the input of a kind that has one; null when none was given. */
export function readPassword(
  kind: Kind,
  input: Readonly<Record<string, unknown>>,
  errors: FieldError[],
): string | null {
  const given = input['password'];
  if (given === undefined || given === null) return null;
  if (kind !== 'sip_account' && kind !== 'mailbox') return null; // Refused as an unknown field by the caller.
  if (typeof given !== 'string' || given === '' || given.length > PASSWORD_MAX) {
    errors.push({ field: 'password', message: `must be text of 1 to ${PASSWORD_MAX} characters` });
    return null;
  }
  return given;
}

/** Puts the digests of a SIP password into the values. */
export function applySipPassword(values: Values, username: string, domain: string, password: string): void {
  const realm = typeof values['realm'] === 'string' ? values['realm'] : domain;
  Object.assign(values, sipDigests(username, domain, realm, password));
}
