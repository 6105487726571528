/**
 * BIND master files: forward and reverse zones as `dns_zone` and `dns_record`, ENUM zones as `enum_range` and
 * `enum_number`.
 *
 * Constant memory: what is held back is the name servers that follow the SOA, and the NAPTR records of one number, which
 * therefore must stand together. A zone whose SOA is bad is left out whole: its records are counted, not half imported.
 */
import { basename } from 'node:path';
import { isDnsRecordType, parseNaptr, readRecordData } from '#core/dns-record-data.ts';
import { isWithin, readDomainName } from '#core/domain-name.ts';
import { digitsOfEnumDomain, readEnumDigits } from '#core/enum-number.ts';
import type { Naptr } from '#core/naptr.ts';
import { type AccountOf, badLine, bodyOf, createItem, type OpenText, type Parsed } from './parsed.ts';
import { presentationOf } from './zone-data.ts';
import { readSoa, type Soa } from './zone-soa.ts';
import { type ZoneRecord, absoluteName, zoneRecords } from './zone-records.ts';

export interface ZoneFileOptions {
  readonly open: OpenText;
  readonly accountOf: AccountOf;
  /** Trees whose zones are ENUM; default `e164.arpa`. */
  readonly enumTlds?: readonly string[];
  /** The origin until the first $ORIGIN; default: what the file is called, when that is a domain. */
  readonly origin?: string;
}

const ENUM_TLDS = ['e164.arpa'];

interface Zone {
  readonly name: string;
  readonly soa: Soa;
  readonly record: ZoneRecord;
  readonly account: string;
  readonly ttl: number;
  /** Of an ENUM zone. */
  readonly range: { readonly prefix: string; readonly tld: string } | null;
  readonly nameservers: string[];
  /** Whether its own item has come out; until then its name servers are gathered. */
  isOut: boolean;
  number: { readonly digits: string; readonly file: string; readonly line: number; readonly mappings: Naptr[] } | null;
}

/** Records that no zone takes, and why. */
interface Homeless {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  count: number;
}

/** Reads a master file as a zone and its records. */
export async function* parseZoneFile(file: string, options: ZoneFileOptions): AsyncGenerator<Parsed> {
  let zone: Zone | null = null;
  let homeless: Homeless | null = null;
  for await (const record of zoneRecords(file, options.open, options.origin ?? originOfFileName(file))) {
    if ('bad' in record) yield record;
    else if (record.type === 'SOA') {
      if (zone?.name === record.owner) continue; // a zone transfer ends with the SOA it began with
      if (zone) yield* endOfZone(zone);
      if (homeless) yield complaint(homeless);
      const begun = beginZone(record, options);
      zone = 'reason' in begun ? null : begun;
      homeless = 'reason' in begun ? begun : null;
    } else if (zone) {
      const refusal = yield* takeRecord(zone, record);
      if (refusal) {
        homeless = refusal;
        zone = null;
      }
    } else if (homeless) homeless.count += 1;
    else
      homeless = { file: record.file, line: record.line, reason: 'stands before the SOA record of its zone', count: 0 };
  }
  if (zone) yield* endOfZone(zone);
  if (homeless) yield complaint(homeless);
  if (!zone && !homeless) yield badLine(file, 1, 'holds no zone: there is no SOA record');
}

function complaint({ file, line, reason, count }: Homeless): Parsed {
  return badLine(file, line, count === 0 ? reason : `${reason}; ${count} more records were not read for it`);
}

function beginZone(record: ZoneRecord, options: ZoneFileOptions): Zone | Homeless {
  const wrong = (reason: string): Homeless => ({ file: record.file, line: record.line, reason, count: 0 });
  const soa = readSoa(record.data, record.origin);
  if (!soa.ok) return wrong(`the SOA record ${soa.message}`);
  const account = options.accountOf(record.owner);
  if (account === null)
    return wrong(`the account of ${record.owner} is not known: name it in the mapping or give one for all`);
  const tld = (options.enumTlds ?? ENUM_TLDS).find((tree) => isWithin(record.owner, tree));
  const prefix = tld === undefined ? null : digitsOfEnumDomain(record.owner, tld);
  if (tld !== undefined && !prefix)
    return wrong(`an ENUM zone needs a name of digits below ${tld}, such as 1.3.${tld}`);
  return {
    name: record.owner,
    soa: soa.value,
    record,
    account,
    ttl: record.defaultTtl ?? record.ttl ?? soa.value.minimum,
    range: tld !== undefined && prefix !== null ? { prefix, tld } : null,
    nameservers: [],
    isOut: false,
    number: null,
  };
}

/** Takes one record into its zone. Gives a refusal when the zone's own item turns out bad. */
async function* takeRecord(zone: Zone, record: ZoneRecord): AsyncGenerator<Parsed, Homeless | null> {
  const bad = (reason: string) => badLine(record.file, record.line, reason);
  if (!isWithin(record.owner, zone.name)) {
    yield bad(`${record.owner} lies outside the zone ${zone.name}`);
    return null;
  }
  if (record.type === 'NS' && record.owner === zone.name && !zone.isOut) {
    const name = absoluteName(record.data[0]?.written ?? '', record.origin);
    const host = name.ok ? readDomainName(name.value) : name;
    if (host.ok && record.data.length === 1) {
      if (!zone.nameservers.includes(host.value)) zone.nameservers.push(host.value);
    } else yield bad(`NS ${host.ok ? 'takes one name' : host.message}`);
    return null;
  }
  if (!zone.isOut) {
    const parsed = zoneItem(zone);
    if ('bad' in parsed) return { ...parsed.bad, count: 1 };
    yield parsed;
  }
  if (zone.range) yield* takeEnumRecord(zone, zone.range, record);
  else yield recordItem(zone, record);
  return null;
}

function* endOfZone(zone: Zone): Generator<Parsed> {
  if (!zone.isOut) yield zoneItem(zone);
  if (zone.number) yield numberItem(zone);
}

/** The zone itself; the primary master comes first among its name servers. */
function zoneItem(zone: Zone): Parsed {
  zone.isOut = true;
  const { soa, record } = zone;
  const nameservers = zone.nameservers.toSorted((a, b) => Number(b === soa.primary) - Number(a === soa.primary));
  const common = { parent: zone.account, ttl: zone.ttl, nameservers };
  if (zone.range) return createItem(bodyOf('enum_range', { ...common, ...zone.range }), record.file, record.line);
  const { primary: _, ...timers } = soa;
  return createItem(bodyOf('dns_zone', { name: zone.name, ...common, ...timers }), record.file, record.line);
}

function recordItem(zone: Zone, record: ZoneRecord): Parsed {
  const bad = (reason: string) => badLine(record.file, record.line, reason);
  const { type } = record;
  if (!isDnsRecordType(type) || type === 'MBOXFW' || type === 'URL') return bad(`the record type ${type} is not kept`);
  if (type === 'CNAME' && record.owner === zone.name)
    return bad("a zone's own name cannot be a CNAME (RFC 1912 section 2.4)");
  const value = presentationOf(type, record.data, record.origin);
  const data = value.ok ? readRecordData(type, value.value, null) : value;
  if (!data.ok) return bad(`${type} ${data.message}`);
  const ttl = ttlOf(zone, record);
  const body = bodyOf('dns_record', { parent: `dns:${zone.name}`, name: record.owner, type, ...data.value, ttl });
  return createItem(body, record.file, record.line);
}

function* takeEnumRecord(zone: Zone, range: { tld: string }, record: ZoneRecord): Generator<Parsed> {
  const bad = (reason: string) => badLine(record.file, record.line, reason);
  const digits = digitsOfEnumDomain(record.owner, range.tld);
  const number = digits === null ? null : readEnumDigits(digits);
  if (number === null) return yield bad(`${record.owner} is no number: its labels must be single digits`);
  if (!number.ok) return yield bad(`the number ${number.message}`);
  if (record.type !== 'NAPTR') return yield bad(`${record.type} is not kept in an ENUM range, only NAPTR is`);
  const value = presentationOf('NAPTR', record.data, record.origin);
  const mapping = value.ok ? parseNaptr(value.value) : value;
  if (!mapping.ok) return yield bad(`NAPTR ${mapping.message}`);
  const ttl = ttlOf(zone, record);
  if (zone.number && zone.number.digits !== number.value) {
    yield numberItem(zone);
    zone.number = null;
  }
  zone.number ??= { digits: number.value, file: record.file, line: record.line, mappings: [] };
  zone.number.mappings.push(ttl === undefined ? mapping.value : { ...mapping.value, ttl });
}

function numberItem(zone: Zone): Parsed {
  const { number, range } = zone;
  if (!number || !range) throw new Error('only a number that was begun in a range comes out');
  const parent = `enum-range:${range.prefix}.${range.tld}`;
  const mappings = number.mappings.map((mapping) => ({ ...mapping }));
  return createItem(bodyOf('enum_number', { parent, digits: number.digits, mappings }), number.file, number.line);
}

/** The record's TTL where it is stated, or where the $TTL has changed since the zone began. */
function ttlOf(zone: Zone, record: ZoneRecord): number | undefined {
  if (record.ttl !== null) return record.ttl;
  return record.defaultTtl !== null && record.defaultTtl !== zone.ttl ? record.defaultTtl : undefined;
}

/** The domain that a file is named after: `db.example.com`, `example.com.zone`; null when it is named otherwise. */
export function originOfFileName(file: string): string | null {
  const name = basename(file)
    .replace(/^(?:db|pri|sec|master|named)\./i, '')
    .replace(/\.(?:zone|db|hosts|dns|txt|signed)$/i, '');
  const reading = readDomainName(name, { dotted: true });
  return reading.ok ? reading.value : null;
}
