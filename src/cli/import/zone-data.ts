/**
 * The data of a record from its fields in a master file: names completed, strings quoted. Whether the data is right for
 * its type is for core to judge.
 */
import { quoteOctets, resolveEscapes } from '#core/dns-presentation.ts';
import type { DnsRecordType } from '#core/dns-record-data.ts';
import { accepted, type Reading, refused } from '#core/reading.ts';
import { absoluteName } from './zone-records.ts';
import type { ZoneToken } from './zone-tokens.ts';

/** The field of each type that is a name, by position. */
const NAME_FIELD: Partial<Record<DnsRecordType, number>> = { CNAME: 0, NS: 0, PTR: 0, MX: 1, SRV: 3, NAPTR: 5 };

/** The fields of each type that are character-strings, by position. */
const STRING_FIELDS: Partial<Record<DnsRecordType, readonly number[] | 'all'>> = {
  TXT: 'all',
  SPF: 'all',
  NAPTR: [2, 3, 4],
  CAA: [2],
};

/** Joins fields into presentation form with absolute names. */
export function presentationOf(
  type: DnsRecordType,
  tokens: readonly ZoneToken[],
  origin: string | null,
): Reading<string> {
  const strings = STRING_FIELDS[type];
  const fields: string[] = [];
  if (tokens.length === 0) return refused('must have data');
  for (const [index, token] of tokens.entries()) {
    if (index === NAME_FIELD[type] && token.written !== '.') {
      const name = absoluteName(token.written, origin);
      if (!name.ok) return refused(`must have a name that is right: it ${name.message}`);
      fields.push(name.value);
    } else if (strings === 'all' || strings?.includes(index)) {
      const octets = resolveEscapes(token.written);
      if (octets === null) return refused('must have escapes \\DDD from \\000 to \\255', token.written);
      fields.push(quoteOctets(octets));
    } else fields.push(token.written);
  }
  return accepted(fields.join(' '));
}
