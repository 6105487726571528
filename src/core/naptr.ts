/**
 * NAPTR records: what a number or a domain leads to, as ENUM and SIP publish it in the DNS.
 *
 * The fields are the octets themselves, free of the escapes of zone files. Whether the regular expression means
 * something useful is not judged, only that a resolver can take it apart.
 */
import { readDnsName } from '#core/domain-name.ts';
import { INTEGER_MAX } from '#core/field.ts';
import { accepted, type Reading, refused } from '#core/reading.ts';

export interface Naptr {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  /** Empty when `replacement` is given. */
  readonly regexp: string;
  /** A domain name without trailing dot; empty when `regexp` is given. */
  readonly replacement: string;
  /** Seconds; absent: that of the zone or range. */
  readonly ttl?: number;
}

const MEMBERS = ['order', 'preference', 'flags', 'service', 'regexp', 'replacement', 'ttl'];
const UINT16_MAX = 65_535;
/** A character-string of the DNS (RFC 1035 section 3.3). */
const STRING_MAX = 255;

/** RFC 6116 section 3.4.3 and RFC 3958 section 6.5: services and protocols joined by + and :. */
const SERVICE = /^[A-Za-z0-9][A-Za-z0-9.-]{0,31}(?:[+:][A-Za-z0-9][A-Za-z0-9.-]{0,31})*$/;

/**
 * Reads one NAPTR record (RFC 3403 section 4.1, RFC 6116 section 3.4): order and preference from 0 to 65535, flags in
 * lower case, exactly one of a substitution (RFC 3402 section 3.2) and a replacement, where '' and '.' mean none.
 */
export function readNaptr(value: unknown): Reading<Naptr> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refused('must be a NAPTR record: {order, preference, flags, service, regexp, replacement}', value);
  const input = value as Record<string, unknown>; // narrowed to an object above
  const unknown = Object.keys(input).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) return refused(`must have only the members ${MEMBERS.join(', ')}`, unknown);
  const { order, preference, ttl } = input;
  if (!isIntegerUpTo(order, UINT16_MAX)) return refused(`must have an order from 0 to ${UINT16_MAX}`, order ?? null);
  if (!isIntegerUpTo(preference, UINT16_MAX))
    return refused(`must have a preference from 0 to ${UINT16_MAX}`, preference ?? null);
  if (ttl !== undefined && ttl !== null && !isIntegerUpTo(ttl, INTEGER_MAX))
    return refused(`must have a ttl from 0 to ${INTEGER_MAX} seconds`, ttl);
  const flags = input['flags'] ?? '';
  if (typeof flags !== 'string' || !/^[A-Za-z0-9]{0,32}$/.test(flags))
    return refused('must have flags of letters and digits, such as u', flags);
  const service = input['service'] ?? '';
  if (typeof service !== 'string' || service.length > STRING_MAX || (service !== '' && !SERVICE.test(service)))
    return refused('must have a service such as E2U+sip', service);
  const goal = readGoal(input['regexp'] ?? '', input['replacement'] ?? '');
  if (!goal.ok) return goal;
  return accepted({
    order,
    preference,
    flags: flags.toLowerCase(),
    service,
    ...goal.value,
    ...(typeof ttl === 'number' ? { ttl } : {}),
  });
}

function readGoal(regexp: unknown, replacement: unknown): Reading<Pick<Naptr, 'regexp' | 'replacement'>> {
  if (typeof regexp !== 'string') return refused('must have a regexp as text', regexp);
  if (typeof replacement !== 'string') return refused('must have a replacement as text', replacement);
  const hasReplacement = replacement !== '' && replacement !== '.';
  if ((regexp !== '') === hasReplacement)
    return refused('must have exactly one of regexp and replacement', { regexp, replacement });
  if (!hasReplacement) {
    const wrong = wrongSubstitution(regexp);
    return wrong === null
      ? accepted({ regexp, replacement: '' })
      : refused(`must have a regexp such as !^.*$!sip:info@example.com!: ${wrong}`, regexp);
  }
  const name = readDnsName(replacement);
  return name.ok
    ? accepted({ regexp: '', replacement: name.value })
    : refused(`must have a replacement that is a name: ${name.message}`);
}

/** What is wrong with a substitution expression (RFC 3402 section 3.2), or null. */
function wrongSubstitution(text: string): string | null {
  if (new TextEncoder().encode(text).length > STRING_MAX) return `it has more than ${STRING_MAX} octets`;
  const [delimiter = ''] = text;
  if (/[1-9i\\\s]/.test(delimiter)) return 'it begins with a delimiter that is no digit, blank, backslash or i';
  const parts: string[] = [];
  let part = '';
  for (let index = delimiter.length; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '\\') {
      part += character + text.charAt(index + 1);
      index += 1;
    } else if (text.startsWith(delimiter, index)) {
      parts.push(part);
      part = '';
      index += delimiter.length - 1;
    } else part += character;
  }
  if (parts.length !== 2) return 'the delimiter stands before, between and after its two parts';
  if (part !== '' && part !== 'i') return 'only the flag i may follow';
  const [pattern = '', result = ''] = parts;
  const groups = (pattern.replace(/\\./gs, '').match(/\(/g) ?? []).length;
  const highest = Math.max(0, ...[...result.matchAll(/\\([1-9])/g)].map((match) => Number(match[1])));
  return highest > groups ? `it refers to group ${highest} of ${groups}` : null;
}

function isIntegerUpTo(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
}
