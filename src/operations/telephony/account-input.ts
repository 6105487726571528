/** What the account APIs say of an account, judged before anything is written. */
import { ACCOUNT_STATUSES, type AccountStatus } from '#core/account-status.ts';
import { readEmailAddress } from '#core/email-address.ts';
import { WEAK_PASSWORD, isStrong } from '#core/password-strength.ts';
import { invalid, problem } from '#core/problem.ts';

const PASSWORD_MAX = 256;
const ROLE_MAX = 64;

/** One of the five words, in any case; undefined when nothing was given. Throws `invalid`. */
export function readStatus(given: string | undefined): AccountStatus | undefined {
  if (given === undefined) return undefined;
  const status = ACCOUNT_STATUSES.find((word) => word === given.toLowerCase());
  if (status === undefined)
    throw invalid({ field: 'Status', message: `must be one of ${ACCOUNT_STATUSES.join(', ')}, not "${shown(given)}"` });
  return status;
}

/** The e-mail that is to name an account, in lower case. Throws `invalid`. */
export function readAccountEmail(given: string): string {
  const reading = readEmailAddress(given.trim());
  if (!reading.ok) throw invalid({ field: 'EmailAddress', message: reading.message });
  // These would end the user part of a SIP address, or begin its parameters.
  if (/[?=]/.test(localPartOf(reading.value)))
    throw invalid({ field: 'EmailAddress', message: 'must have neither ? nor = before its @' });
  return reading.value;
}

/** What stands before the @: the login of the account's automatic client. */
export function localPartOf(email: string): string {
  return email.slice(0, email.lastIndexOf('@'));
}

/** Throws `invalid`, with the reason `weak`, for a password that is no good. */
export function refuseWeak(password: string, doing: 'create' | 'change'): void {
  if (password.length > PASSWORD_MAX)
    throw invalid({ field: 'Password', message: `must have at most ${PASSWORD_MAX} characters` });
  if (!isStrong(password)) throw problem('invalid', WEAK_PASSWORD, { facts: { reason: 'weak', doing } });
}

/** A role word, whatever it means. Throws `invalid`. */
export function readRoleWord(given: string): string {
  if (given.length <= ROLE_MAX && !/\p{C}/u.test(given)) return given;
  throw invalid({ field: 'Role', message: `must be a word of at most ${ROLE_MAX} characters` });
}

/** Throws `invalid` for what is missing. */
export function requireGiven(field: string, given: string | undefined): string {
  if (given !== undefined && given !== '') return given;
  throw invalid({ field, message: 'is missing' });
}

function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
