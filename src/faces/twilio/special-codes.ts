/**
 * Where Twilio tells apart what is one problem here: its code follows from what the problem says of itself, never from
 * its wording.
 */
import type { Problem } from '#core/problem.ts';
import { isForeign } from '#operations/telephony/find-account.ts';

import type { Rendering } from './problems.ts';

/** Codes of invalid parameters by the parameter's name, where Twilio has one of its own. */
const INVALID: Readonly<Record<string, number>> = {
  FriendlyName: 20002,
  PageSize: 20007,
  PageToken: 21481,
  Status: 21475,
  PhoneNumber: 21421,
  AreaCode: 21451,
  To: 21201,
  From: 21213,
  Url: 21205,
  Body: 21602,
};

/** The code for a problem that Twilio has a word of its own for; null: that of its kind. */
export function specialCode(problem: Problem): Rendering | null {
  const { code, facts, errors } = problem;
  if (isForeign(problem)) return { status: 403, code: 20003 };
  if (code === 'forbidden' && facts['standing'] !== undefined) return { status: 403, code: 20005 };
  if (code === 'over_credit' && facts['credit'] === 'account_credit') return { status: 403, code: 21480 };
  if (code === 'invalid') {
    const known = errors.map(({ field }) => INVALID[field]).find((found) => found !== undefined);
    return known === undefined ? null : { status: 400, code: known };
  }
  return null;
}
