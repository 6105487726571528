/**
 * E-mail addresses, the natural key of mailboxes and forwards.
 *
 * Lower case throughout: RFC 5321 lets a host tell local parts apart by case, and none in use does. Quoted local parts,
 * comments and display names are refused: they are legal and never meant.
 */
import { readDomainName } from '#core/domain-name.ts';
import { accepted, type Reading, refused } from '#core/reading.ts';

/** RFC 5321 section 4.5.3.1.3: a path has 256 octets with its angle brackets. */
const ADDRESS_MAX = 254;
/** RFC 5321 section 4.5.3.1.1. */
const LOCAL_MAX = 64;

const DOT_ATOM = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;

/** Reads an address `local@domain` (RFC 5321 section 4.1.2, dot-string), in lower case, its domain as ASCII. */
export function readEmailAddress(text: string): Reading<string> {
  const wanted = 'must be an e-mail address such as bob@example.com';
  const at = text.lastIndexOf('@');
  if (at < 1) return refused(wanted, text);
  const local = text.slice(0, at).toLowerCase();
  if (!DOT_ATOM.test(local)) return refused(`${wanted}: the part before @ takes plain characters and inner dots`, text);
  if (local.length > LOCAL_MAX) return refused(`${wanted}, with at most ${LOCAL_MAX} characters before @`, text);
  const domain = readDomainName(text.slice(at + 1));
  if (!domain.ok) return refused(`${wanted}: its domain ${domain.message}`);
  const address = `${local}@${domain.value}`;
  if (address.length > ADDRESS_MAX) return refused(`${wanted}, of at most ${ADDRESS_MAX} characters`, text);
  return accepted(address);
}
