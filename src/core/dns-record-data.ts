/**
 * The data of DNS records by type, in one spelling: what two records are compared by, and what a name server is given.
 *
 * Names are ASCII, lower case, absolute and without trailing dot; a relative name is unknown here. The priority of MX
 * and SRV stands beside the value. How records of one name agree with each other is not judged here.
 */
import { quoteOctets, splitPresentation, textOfOctets, utf8Octets } from '#core/dns-presentation.ts';
import { readDnsName } from '#core/domain-name.ts';
import { readEmailAddress } from '#core/email-address.ts';
import { isIpv4, readIpAddress } from '#core/ip-address.ts';
import { readLocation } from '#core/dns-location.ts';
import { type Naptr, readNaptr } from '#core/naptr.ts';
import { accepted, type Reading, refused } from '#core/reading.ts';

/** The types of records; `MBOXFW` forwards e-mail and `URL` redirects a web browser: ours, served by no name server as such. */
export const DNS_RECORD_TYPES = [
  'A',
  'AAAA',
  'CNAME',
  'MX',
  'SRV',
  'NS',
  'NAPTR',
  'PTR',
  'TXT',
  'LOC',
  'CAA',
  'TLSA',
  'SSHFP',
  'DS',
  'SPF',
  'MBOXFW',
  'URL',
] as const;

export type DnsRecordType = (typeof DNS_RECORD_TYPES)[number];

export interface RecordData {
  readonly value: string;
  /** Of MX and SRV; null for all others. */
  readonly priority: number | null;
}

/** A character-string of the DNS (RFC 1035 section 3.3). */
const STRING_MAX = 255;
const UINT16_MAX = 65_535;
const URL_MAX = 2048;

export function isDnsRecordType(text: string): text is DnsRecordType {
  return (DNS_RECORD_TYPES as readonly string[]).includes(text);
}

/**
 * Reads the data of a record in presentation form (RFC 1035 section 5.1 and the RFC of the type). For MX and SRV the
 * priority may stand first in the value or apart, and must agree when it does both; for other types it is dropped.
 */
export function readRecordData(type: string, value: string, priority: number | null): Reading<RecordData> {
  if (!isDnsRecordType(type)) return refused(`must have a type of ${DNS_RECORD_TYPES.join(', ')}`, type);
  if (type === 'MX')
    return readPrioritised(value, priority, 1, 'must be a mail server such as "10 mail.example.com"', readTarget);
  if (type === 'SRV')
    return readPrioritised(
      value,
      priority,
      3,
      'must be weight, port and target such as "10 20 5060 sip.example.com"',
      readService,
    );
  const reading = READERS[type](value.trim());
  return reading.ok ? accepted({ value: reading.value, priority: null }) : reading;
}

const READERS: Readonly<Record<Exclude<DnsRecordType, 'MX' | 'SRV'>, (value: string) => Reading<string>>> = {
  A: (value) => readAddress(value, true),
  AAAA: (value) => readAddress(value, false),
  CNAME: readDnsName,
  NS: readDnsName,
  PTR: readDnsName,
  NAPTR: readNaptrValue,
  TXT: readStrings,
  SPF: readStrings,
  LOC: readLocation,
  CAA: readAuthority,
  TLSA: (value) =>
    readDigest(value, [255, 255, 255], 'must be usage, selector, matching type and data in hexadecimal (RFC 6698)'),
  SSHFP: (value) =>
    readDigest(value, [255, 255], 'must be algorithm, fingerprint type and fingerprint in hexadecimal (RFC 4255)'),
  DS: (value) =>
    readDigest(
      value,
      [UINT16_MAX, 255, 255],
      'must be key tag, algorithm, digest type and digest in hexadecimal (RFC 4034)',
    ),
  MBOXFW: readEmailAddress,
  URL: readRedirect,
};

function readPrioritised(
  text: string,
  apart: number | null,
  rest: number,
  wanted: string,
  read: (fields: string[]) => Reading<string>,
): Reading<RecordData> {
  const fields = text.trim().split(/\s+/);
  let priority = apart;
  if (fields.length === rest + 1) {
    const inside = Number(fields.shift());
    if (apart !== null && apart !== inside) return refused(`${wanted}: its priority is also given as ${apart}`, text);
    priority = inside;
  }
  if (fields.length !== rest) return refused(wanted, text);
  if (priority === null) return refused(`${wanted}: it needs a priority`, text);
  if (!Number.isInteger(priority) || priority < 0 || priority > UINT16_MAX)
    return refused(`${wanted}: its priority is from 0 to ${UINT16_MAX}`, text);
  const reading = read(fields);
  return reading.ok
    ? accepted({ value: reading.value, priority })
    : refused(`${wanted}: its target ${reading.message}`);
}

/** A lone dot is "no service here": RFC 7505 for MX, RFC 2782 for SRV. */
function readTarget([target = '']: string[]): Reading<string> {
  return target === '.' ? accepted('.') : readDnsName(target);
}

function readService([weight = '', port = '', target = '']: string[]): Reading<string> {
  for (const number of [weight, port])
    if (!isNumberUpTo(number, UINT16_MAX))
      return refused(`needs weight and port from 0 to ${UINT16_MAX} before it`, number);
  const reading = readTarget([target]);
  return reading.ok ? accepted(`${Number(weight)} ${Number(port)} ${reading.value}`) : reading;
}

function readAddress(value: string, wantsIpv4: boolean): Reading<string> {
  const reading = readIpAddress(value);
  if (reading.ok && isIpv4(reading.value) === wantsIpv4) return reading;
  return refused(
    wantsIpv4 ? 'must be an IPv4 address such as 192.0.2.7' : 'must be an IPv6 address such as 2001:db8::7',
    value,
  );
}

/** Character-strings, each quoted. Data that does not begin with a quote is one text, however long, blanks and all. */
function readStrings(value: string): Reading<string> {
  if (!value.startsWith('"')) {
    const octets = utf8Octets(value);
    return accepted((octets.match(/.{1,255}/gs) ?? ['']).map(quoteOctets).join(' '));
  }
  const fields = splitPresentation(value);
  if (!fields.ok) return refused(`must be quoted strings: ${fields.message}`);
  const long = fields.value.find((field) => field.octets.length > STRING_MAX);
  if (long) return refused(`must be strings of at most ${STRING_MAX} octets each, split longer ones`, long.octets);
  return accepted(fields.value.map((field) => quoteOctets(field.octets)).join(' '));
}

function readNaptrValue(value: string): Reading<string> {
  const wanted = 'must be order, preference, "flags", "service", "regexp" and replacement (RFC 3403)';
  const record = parseNaptr(value);
  if (!record.ok) return refused(`${wanted}: it ${record.message}`);
  return accepted(naptrPresentation(record.value));
}

/** Reads a NAPTR record from its six fields in presentation form (RFC 3403 section 4.1). */
export function parseNaptr(value: string): Reading<Naptr> {
  const fields = splitPresentation(value);
  if (!fields.ok) return fields;
  const [order, preference, flags, service, regexp, replacement] = fields.value.map((field) =>
    textOfOctets(field.octets),
  );
  if (fields.value.length !== 6 || !isNumberUpTo(order, UINT16_MAX) || !isNumberUpTo(preference, UINT16_MAX))
    return refused('must be six fields, of which the first two are numbers from 0 to 65535', value);
  return readNaptr({ order: Number(order), preference: Number(preference), flags, service, regexp, replacement });
}

/** A NAPTR record in presentation form, the inverse of `parseNaptr` (RFC 3403 section 4.1); its TTL is left out. */
export function naptrPresentation(record: Naptr): string {
  const strings = [record.flags, record.service, record.regexp].map((text) => quoteOctets(utf8Octets(text)));
  return `${record.order} ${record.preference} ${strings.join(' ')} ${record.replacement === '' ? '.' : record.replacement}`;
}

/** Certification authority authorisation (RFC 8659 section 4.1.1). */
function readAuthority(value: string): Reading<string> {
  const wanted = 'must be flags, tag and value such as 0 issue "ca.example.net" (RFC 8659)';
  const fields = splitPresentation(value);
  if (!fields.ok) return refused(`${wanted}: it ${fields.message}`);
  const [flags, tag, content] = fields.value;
  if (fields.value.length !== 3 || !isNumberUpTo(flags?.octets, 255) || !/^[A-Za-z0-9]{1,15}$/.test(tag?.octets ?? ''))
    return refused(wanted, value);
  return accepted(`${Number(flags?.octets)} ${tag?.octets.toLowerCase()} ${quoteOctets(content?.octets ?? '')}`);
}

/** Some small numbers and then hexadecimal digits, which may be divided by blanks. */
function readDigest(value: string, maxima: readonly number[], wanted: string): Reading<string> {
  const fields = value.split(/\s+/);
  const numbers = fields.slice(0, maxima.length);
  const digest = fields.slice(maxima.length).join('').toLowerCase();
  const areRight = numbers.every((number, index) => isNumberUpTo(number, maxima[index] ?? 0));
  if (!areRight || !/^(?:[0-9a-f]{2})+$/.test(digest)) return refused(wanted, value);
  return accepted(`${numbers.map(Number).join(' ')} ${digest}`);
}

function readRedirect(value: string): Reading<string> {
  const wanted = 'must be a web address such as https://www.example.com/';
  if (!/^https?:\/\/[^\s]+$/i.test(value) || value.length > URL_MAX) return refused(wanted, value);
  try {
    return accepted(new URL(value).href);
  } catch {
    return refused(wanted, value);
  }
}

function isNumberUpTo(text: string | undefined, max: number): boolean {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= max;
}
