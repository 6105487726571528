/**
 * Addresses of record: the natural key of SIP accounts and aliases.
 *
 * RFC 3261 compares user parts by case; registrars in the field do not, and two subscribers that differ in case alone
 * are a mistake. So keys are lower case. What a device may send beside the address is dropped here, not judged.
 */
import { readDomainName } from '#core/domain-name.ts';
import { accepted, type Reading, refused } from '#core/reading.ts';

export interface Aor {
  readonly username: string;
  readonly domain: string;
  /** `username@domain`, the value of the identifier `sip:…`. */
  readonly aor: string;
}

/** The width of the user column in every registrar that reads our views. */
const USER_MAX = 64;

const USER = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+$/;
const UNRESERVED = /^[A-Za-z0-9\-_.!~*'()]$/;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;

/**
 * Reads the user part of an AOR: characters of RFC 3261 section 25.1 (`user`), escapes of unreserved characters
 * decoded (section 19.1.4), other escapes kept, all in lower case, at most 64 characters.
 */
export function readUserPart(text: string): Reading<string> {
  const wanted = 'must be the user part of a SIP address, such as alice or +31208005100';
  if (text === '') return refused(wanted, text);
  if (text.includes('@')) return refused(`${wanted}, without @ and domain`, text);
  if (!USER.test(text)) return refused(`${wanted}: other characters are written %XX`, text);
  let isHidden = false;
  const decoded = text.replace(ESCAPE, (escape, hex: string) => {
    const code = Number.parseInt(hex, 16);
    if (code <= 0x20 || code === 0x7f || code === 0x40) isHidden = true;
    const character = String.fromCharCode(code);
    return UNRESERVED.test(character) ? character : escape;
  });
  if (isHidden) return refused(`${wanted}: no space, control character or @ behind an escape`, text);
  if (decoded.length > USER_MAX) return refused(`${wanted}, of at most ${USER_MAX} characters`, text);
  return accepted(decoded.toLowerCase());
}

/**
 * Reads an address of record, with or without `sip:` or `sips:`; URI parameters and headers are dropped
 * (RFC 3261 section 10.3 step 5), a port is refused since it is part of a contact, never of an address of record.
 */
export function readAor(text: string): Reading<Aor> {
  const wanted = 'must be a SIP address such as alice@example.com';
  const bare = text.replace(/^sips?:/i, '');
  const [user, host, ...more] = bare.split('@');
  if (user === undefined || host === undefined || more.length > 0) return refused(wanted, text);
  const domainPart = host.replace(/[;?].*$/s, '');
  if (domainPart.includes(':')) return refused(`${wanted}, without a port`, text);
  const username = readUserPart(user);
  if (!username.ok) return username;
  const domain = readDomainName(domainPart);
  if (!domain.ok) return domain;
  return accepted({ username: username.value, domain: domain.value, aor: `${username.value}@${domain.value}` });
}
