/**
 * Telephone numbers in international form, the natural key of DIDs.
 *
 * Only the form is judged: which prefixes a country has assigned changes weekly and is the number provider's to know.
 */
import { accepted, type Reading, refused } from '#core/reading.ts';

/** The shortest complete international numbers in use (Niue, Saint Helena) have seven digits with the country code. */
const DIGITS_MIN = 7;
/** ITU-T E.164 section 6.2.1. */
const DIGITS_MAX = 15;

/** Visual separators of RFC 3966 section 5.1.1, and the spaces of ITU-T E.123. */
const SEPARATORS = /[-.()\s\u00a0]/g;

/**
 * Reads a number as `+31208005100`: `tel:` and visual separators are removed, the plus sign is needed, 7 to 15 digits
 * (RFC 3966 section 5.1.4, ITU-T E.164). A trunk zero in parentheses is refused: nobody can tell whether to dial it.
 */
export function readE164(text: string): Reading<string> {
  const wanted = 'must be an international number such as +31208005100';
  const bare = text.trim().replace(/^tel:/i, '');
  if (/\(0\)/.test(bare)) return refused(`${wanted}, without the trunk zero "(0)"`, text);
  const number = bare.replace(SEPARATORS, '');
  if (!number.startsWith('+')) return refused(`${wanted}, with a leading +`, text);
  const digits = number.slice(1);
  if (!/^\d+$/.test(digits)) return refused(`${wanted}, of digits alone`, text);
  if (digits.startsWith('0')) return refused(`${wanted}: no country code begins with 0`, text);
  if (digits.length < DIGITS_MIN || digits.length > DIGITS_MAX)
    return refused(`${wanted}, of ${DIGITS_MIN} to ${DIGITS_MAX} digits`, text);
  return accepted(number);
}
