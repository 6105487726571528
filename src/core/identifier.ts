/**
 * How the outside world names a thing: `scheme:value`, normalised so that equal names are equal texts.
 *
 * An entity's identifiers follow from its kind, its fields and its container; they are never given apart from them.
 */
import { readAor } from '#core/aor.ts';
import { readDnsName, readDomainName } from '#core/domain-name.ts';
import { readE164 } from '#core/e164.ts';
import { readEmailAddress } from '#core/email-address.ts';
import type { Values } from '#core/field.ts';
import { isUuid } from '#core/ids.ts';
import { readIpAddress } from '#core/ip-address.ts';
import type { Kind } from '#core/kind.ts';
import type { Reading } from '#core/reading.ts';

export const SCHEMES = [
  'sip',
  'tel',
  'dns',
  'mail',
  'ip',
  'host',
  'enum',
  'enum-range',
  'ref',
  'foreign',
  'rr',
] as const;
export type Scheme = (typeof SCHEMES)[number];

export interface Identifier {
  readonly scheme: Scheme;
  readonly value: string;
}

/** How a caller may name an entity: UUID, number, or identifier. */
export type Reference =
  | { readonly by: 'uuid'; readonly uuid: string }
  | { readonly by: 'number'; readonly number: number }
  | { readonly by: 'identifier'; readonly identifier: Identifier };

const READERS: Readonly<Record<Scheme, (value: string) => Reading<string>>> = {
  sip: readSip,
  tel: readE164,
  dns: (value) => readDnsName(value),
  mail: readEmailAddress,
  ip: readIpAddress,
  host: (value) => readDomainName(value),
  enum: (value) => readDnsName(value),
  'enum-range': (value) => readDnsName(value),
  ref: (value) => ({ ok: true, value }),
  foreign: (value) => ({ ok: true, value }),
  rr: (value) => ({ ok: true, value }),
};

function readSip(value: string): Reading<string> {
  if (!value.includes('@')) return readDomainName(value);
  const reading = readAor(value);
  return reading.ok ? { ok: true, value: reading.value.aor } : reading;
}

/** The canonical spelling of `scheme:value`, or why it is none. */
export function readIdentifier(text: string): Reading<Identifier> {
  const colon = text.indexOf(':');
  let scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
  if (scheme === 'sips') scheme = 'sip';
  if (scheme === 'mailto') scheme = 'mail';
  if (!isScheme(scheme))
    return {
      ok: false,
      message: `must begin with one of ${SCHEMES.join(', ')} and a colon, such as sip:alice@example.com`,
    };
  const reading = READERS[scheme](text.slice(colon + 1));
  return reading.ok ? { ok: true, value: { scheme, value: reading.value } } : reading;
}

function isScheme(text: string): text is Scheme {
  return (SCHEMES as readonly string[]).includes(text);
}

const NUMBER_MAX_DIGITS = 15;

/** Reads what a caller wrote where an entity is wanted: a UUID, a number, `account:<uuid>`, or an identifier. */
export function readReference(given: string | number): Reading<Reference> {
  if (typeof given === 'number') {
    if (Number.isSafeInteger(given) && given >= 0) return { ok: true, value: { by: 'number', number: given } };
    return { ok: false, message: 'must be a UUID, a whole number or an identifier' };
  }
  const text = given.trim();
  const bare = text.toLowerCase().replace(/^account:/, '');
  if (isUuid(bare)) return { ok: true, value: { by: 'uuid', uuid: bare } };
  if (/^\d+$/.test(text) && text.length <= NUMBER_MAX_DIGITS)
    return { ok: true, value: { by: 'number', number: Number(text) } };
  const reading = readIdentifier(text);
  if (reading.ok) return { ok: true, value: { by: 'identifier', identifier: reading.value } };
  return { ok: false, message: `must be a UUID, a number or an identifier: ${reading.message}` };
}

/** The canonical key of a decision's subject, such as `sip:alice@example.com`, or null when it names nothing. */
export function normaliseSubject(text: string): string | null {
  const reading = readReference(text);
  if (!reading.ok) return null;
  const reference = reading.value;
  if (reference.by === 'uuid') return reference.uuid;
  if (reference.by === 'number') return String(reference.number);
  return `${reference.identifier.scheme}:${reference.identifier.value}`;
}

/** What a container lends to the names of what it contains: the domain of an AOR, the tree of an ENUM number. */
export interface ContainerNames {
  readonly kind: Kind;
  readonly values: Values;
}

/**
 * The identifiers of an entity. `domain` is the SIP domain of a number that lives inside one.
 */
export function identifiersOf(
  kind: Kind,
  values: Values,
  container: ContainerNames | null,
  domain: string | null,
): Identifier[] {
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : null);
  const of = (scheme: Scheme, value: string | null): Identifier[] => (value === null ? [] : [{ scheme, value }]);
  const within = (name: string) => String(container?.values[name] ?? '');
  switch (kind) {
    case 'account':
      return of('ref', text('reference'));
    case 'sip_domain':
      return of('sip', text('domain'));
    case 'sip_account':
    case 'sip_alias':
      return of('sip', `${text('username')}@${within('domain')}`);
    case 'trusted_peer':
      return [...of('ip', text('address')), ...of('host', text('host'))];
    case 'phone_number':
      return [
        ...of('tel', text('e164')),
        ...of('sip', text('sipNumber') === null ? null : `${text('sipNumber')}@${domain}`),
      ];
    case 'enum_range':
      return of('enum-range', `${text('prefix')}.${text('tld')}`);
    case 'enum_number':
      return of('enum', `${text('digits')}.${within('tld')}`);
    case 'dns_zone':
      return of('dns', text('name'));
    case 'dns_record':
      return of('rr', recordKey(values));
    case 'mailbox':
      return of('mail', text('address'));
    case 'foreign':
      return of(
        'foreign',
        text('externalReference') === null ? null : `${text('system')}/${text('externalReference')}`,
      );
    case 'application':
      return [];
  }
}

/** The natural key of a record: owner name, type, and data. Two records that differ in TTL alone are one (RFC 2181 section 5). */
function recordKey(values: Values): string {
  const priority = values['priority'] == null ? '' : ` ${String(values['priority'])}`;
  return `${String(values['name'])}/${String(values['type'])}${priority} ${String(values['value'])}`;
}

/** The short name by which lists and trees show an entity. */
export function labelOf(kind: Kind, values: Values, identifiers: readonly Identifier[]): string {
  switch (kind) {
    case 'account':
    case 'application':
      return String(values['name']);
    case 'dns_record':
      return `${String(values['name'])} ${String(values['type'])}`;
    case 'foreign':
      return String(values['name'] ?? values['externalReference'] ?? values['system']);
    case 'enum_number':
    case 'enum_range':
      return `+${String(values['digits'] ?? values['prefix'])}`;
    default:
      return identifiers[0]?.value ?? kind;
  }
}
