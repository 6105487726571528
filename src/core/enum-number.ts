/**
 * Numbers and ranges of ENUM, and the names that they have in the DNS.
 *
 * Digits are those of the whole number from the country code on, without plus sign.
 */
import { isWithin } from '#core/domain-name.ts';
import { accepted, type Reading, refused } from '#core/reading.ts';

/** ITU-T E.164 section 6.2.1. */
const DIGITS_MAX = 15;

/** Reads the digits of a number or of a range's prefix: 1 to 15 of them; a leading plus sign is dropped (RFC 6116 section 3.2). */
export function readEnumDigits(text: string): Reading<string> {
  const digits = text.startsWith('+') ? text.slice(1) : text;
  return /^\d+$/.test(digits) && digits.length <= DIGITS_MAX
    ? accepted(digits)
    : refused(`must be 1 to ${DIGITS_MAX} digits from the country code on, such as 31208005100`, text);
}

/** The domain name of digits in a tree: `31` in `e164.arpa` is `1.3.e164.arpa` (RFC 6116 section 3.2). */
export function enumDomain(digits: string, tld: string): string {
  return `${digits.split('').toReversed().join('.')}.${tld}`;
}

/**
 * The digits of a domain name in a tree, the inverse of `enumDomain`; the tree's own name has none and gives ''.
 * Null when the name lies outside the tree, or one of its labels is not a single digit. Names as `readDnsName` gives them.
 */
export function digitsOfEnumDomain(name: string, tld: string): string | null {
  if (!isWithin(name, tld)) return null;
  const labels = name === tld ? [] : name.slice(0, -tld.length - 1).split('.');
  return labels.every((label) => /^\d$/.test(label)) ? labels.toReversed().join('') : null;
}
