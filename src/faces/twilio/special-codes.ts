/**
 * Where Twilio tells apart what is one problem here: its code follows from what the problem says of itself, never from
 * its wording.
 */
import type { Problem } from '#core/problem.ts';
import { NOT_OBTAINABLE } from '#operations/telephony/buy-account-number.ts';
import { HELD_ABOVE_CODE, HELD_BY_HIGHER_CODE } from '#operations/telephony/change-status.ts';
import { isForeign } from '#operations/telephony/find-account.ts';

import type { Rendering } from './problems.ts';

/** Codes of what is invalid, by the field as operations or Twilio name it, where Twilio has one of its own. */
const INVALID: readonly (readonly [RegExp, number])[] = [
  [/^(friendlyName|FriendlyName|name)$/, 20002],
  [/^PageSize$/, 20007],
  [/^PageToken$/, 21481],
  [/^(status|Status)$/, 21475],
  [/^(number|e164|phoneNumber|PhoneNumber)$/, 21421],
  [/^(areaCode|AreaCode)$/, 21451],
  [/^(voice|sms)Application$/, 21420],
  [/^(url|voiceUrl|voiceFallbackUrl|smsUrl|smsFallbackUrl|statusCallback|SmsUrl)$/, 21402],
  [/^(voice|voiceFallback|sms|smsFallback|statusCallback)Method$/, 21403],
];

/** Codes of what is invalid of a call or a message, by the parameter: where it is missing, and where it is wrong. */
const OF_USE: Readonly<Record<string, Readonly<Record<string, readonly [number, number]>>>> = {
  call: { To: [21201, 21211], From: [21213, 21212], Url: [21205, 21205], Method: [21209, 21209] },
  message: { To: [21604, 21211], From: [21603, 21212], Body: [21602, 21617], StatusCallback: [21609, 21609] },
};

/** The code for a problem that Twilio has a word of its own for; null: that of its kind. */
export function specialCode(problem: Problem): Rendering | null {
  const { code, facts, errors } = problem;
  if (isForeign(problem)) return { status: 403, code: 20003 };
  if (code === 'forbidden' && facts['standing'] !== undefined) return { status: 403, code: 20005 };
  if (code === 'over_credit' && facts['credit'] === 'account_credit') return { status: 403, code: 21480 };
  if (facts['code'] === NOT_OBTAINABLE) return { status: 400, code: facts['isChosen'] === true ? 21452 : 21422 };
  if (facts['code'] === HELD_ABOVE_CODE || facts['code'] === HELD_BY_HIGHER_CODE)
    return { status: 400, code: facts['code'] };
  if (facts['reason'] === 'depth') return { status: 400, code: 21101 };
  if (facts['isTop'] === true) return { status: 400, code: 21477 };
  if (code === 'conflict' && facts['isOver'] === true) return { status: 400, code: 21220 };
  if (code === 'invalid') {
    const ofUse = useCode(problem);
    if (ofUse !== null) return { status: 400, code: ofUse };
    const known = INVALID.find(([pattern]) => errors.some(({ field }) => pattern.test(field)));
    return known === undefined ? null : { status: 400, code: known[1] };
  }
  return null;
}

/** The first parameter of a call or a message that Twilio has a code for; `missing` are those that were not given. */
function useCode({ errors, facts: { use, missing } }: Problem): number | null {
  const codes = OF_USE[String(use)];
  const found = errors.find(({ field }) => codes?.[field] !== undefined);
  if (codes === undefined || found === undefined) return null;
  const isMissing = Array.isArray(missing) && missing.includes(found.field);
  return codes[found.field]?.[isMissing ? 0 : 1] ?? null;
}
