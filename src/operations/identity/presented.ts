/** Credentials as callers show them, and the forms in which they are looked for. */
import { createHash } from 'node:crypto';

import { unauthenticated } from '#operations/identity/judge-actor.ts';

/** What a caller shows of itself. */
export interface Presented {
  /** The header `Authorization`. */
  readonly authorization?: string | undefined;
  /** The token of a session's cookie; counts only without the header. */
  readonly cookie?: string | undefined;
  /** The account to act as. */
  readonly actAs?: string | undefined;
  /** By an account API: HTTP Basic with the account's SID or e-mail, and its token, password, or the password's MD5. */
  readonly isTelephony?: true;
  /** Where the request comes from, for counting what fails. */
  readonly address: () => string;
}

/** By which a key is told from other bearers, also by those who look for leaked ones. */
export const KEY_PREFIX = 'aby_';

/** The SHA-256 by which the database knows a key or a session. */
export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The SHA-256 by which the database knows the auth token of an account: two accounts may have the same one. */
export function tokenDigest(accountUuid: string, token: string): Buffer {
  return digestOf(`${accountUuid}:${token}`);
}

/** The name of a login in its normal form. */
export function loginName(name: string): string {
  return name.trim().normalize('NFC').toLowerCase();
}

/** The token of a bearer's header (RFC 6750 section 2.1), or null. */
export function bearerOf(authorization: string): string | null {
  return /^Bearer +([\w.~+/-]{1,512}=*)$/i.exec(authorization)?.[1] ?? null;
}

/** Name and password of HTTP Basic (RFC 7617). */
export function readBasic(encoded: string): [string, string] {
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) throw unauthenticated();
  return [text.slice(0, colon), text.slice(colon + 1)];
}
