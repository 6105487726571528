/** Values of a Restcomm-Connect database as those of fields here. */
import { createHash } from 'node:crypto';
import { uuidOfSid } from '#core/sid.ts';
import type { CsvRow } from './csv-rows.ts';

/** The UUID that a SID of a dump stands for; null where there is none, or what stands there is no SID. */
export function idOf(row: CsvRow, column: string): string | null {
  return uuidOfSid(row.get(column));
}

/** Yes or no as MySQL (1, 0) and HSQL (TRUE, FALSE) write it; undefined for nothing. */
export function flagOf(text: string): boolean | undefined {
  if (/^(?:true|t|yes|y|1|b'1')$/i.test(text)) return true;
  return /^(?:false|f|no|n|0|b'0')$/i.test(text) ? false : undefined;
}

/** An HTTP method; empty where none is given. */
export function methodOf(text: string): string {
  return text.toUpperCase();
}

export const isMd5 = (text: string): boolean => /^[0-9a-f]{32}$/i.test(text);

/**
 * The MD5 of an account's password. Most versions have no column for it: there the token is that MD5. Null with a
 * reason where it cannot be known.
 */
export function passwordMd5Of(row: CsvRow): { readonly md5: string } | { readonly lost: string } {
  const password = row.get('password');
  const algorithm = row.get('password_algorithm').toLowerCase();
  if (password === '') {
    const token = row.get('auth_token');
    return isMd5(token) ? { md5: token.toLowerCase() } : { lost: 'there is no password, and auth_token is no MD5' };
  }
  if (['plain', 'cleartext', 'plaintext', 'none'].includes(algorithm))
    return { md5: createHash('md5').update(password).digest('hex') };
  if ((algorithm === '' || algorithm === 'md5') && isMd5(password)) return { md5: password.toLowerCase() };
  return { lost: `a password of the algorithm "${algorithm}" cannot be taken over` };
}

/**
 * A client's credential: HA1, or clear text of which the server makes its own. Without a column for the algorithm, 32
 * hexadecimal digits are taken for HA1, as the versions that hashed all of them wrote it.
 */
export function credentialOf(row: CsvRow): { ha1: string } | { password: string } | string {
  const password = row.get('password');
  const algorithm = row.get('password_algorithm').toLowerCase();
  if (password === '') return 'password is empty';
  if (algorithm === 'md5' || (algorithm === '' && isMd5(password)))
    return isMd5(password)
      ? { ha1: password.toLowerCase() }
      : 'password must be an MD5 digest of 32 hexadecimal digits, as password_algorithm says';
  if (['', 'cleartext', 'plain', 'plaintext'].includes(algorithm)) return { password };
  return `password_algorithm must be MD5 or cleartext, not "${algorithm}"`;
}
