/** An account full of personal strings that are found again wherever they are: one in every personal field of every kind. */
import { KIND_FIELDS } from '#core/kind-fields.ts';
import type { Field } from '#core/field.ts';
import type { Kind } from '#core/kind.ts';

/** In every marker, in whatever spelling a field allows. */
const WORD = 'zyxpersona';

/** Values of fields that take no free text. */
const SPECIAL: Readonly<Record<string, unknown>> = {
  'sip_account.ha1': 'deadbeefdeadbeefdeadbeefdeadbe01',
  'sip_account.ha1b': 'deadbeefdeadbeefdeadbeefdeadbe02',
  'trusted_peer.address': '198.51.100.177',
  'phone_number.e164': '+31970005551771',
  'enum_range.prefix': '31970005552',
  'enum_number.digits': '31970005552773',
  'enum_number.mappings': [
    {
      order: 1,
      preference: 1,
      flags: 'u',
      service: 'E2U+sip',
      regexp: `!^.*$!sip:${WORD}map@${WORD}map.example!`,
      replacement: '',
      ttl: 60,
    },
  ],
  'mailbox.passwordHash': `{PLAIN}${WORD}hash`,
  'dns_record.value': `${WORD}cname.example`,
};

let count = 0;

/** A value for a personal or secret field; each is another one. */
export function markerFor(kind: Kind, name: string, field: Field): unknown {
  const special = SPECIAL[`${kind}.${name}`];
  if (special !== undefined) return special;
  const word = `${WORD}${kind.replaceAll('_', '')}${name.toLowerCase()}${count++}`.slice(0, 30);
  if (field.type === 'json') return [{ name: word, value: word }];
  if (field.type === 'text_list') return [`${word}.example`];
  if (/email$|^address$/i.test(name) && kind !== 'account') return `${word}@${WORD}.example`;
  if (/email$/i.test(name)) return `${word}@${WORD}.example`;
  if (
    /^(domain|name|defaultDomain|realm|host)$/.test(name) &&
    kind !== 'account' &&
    kind !== 'application' &&
    kind !== 'foreign'
  )
    return `${word}.example`;
  if (name === 'defaultDomain') return `${word}.example`;
  if (name === 'targetUri') return `sip:${word}@${WORD}.example`;
  if (name === 'locationDialingCode') return '31';
  return word;
}

/** The personal and secret fields of a kind, each with a marker of its own. */
export function markersOf(kind: Kind): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(KIND_FIELDS[kind]))
    if (field.personal === true || field.secret === true) values[name] = markerFor(kind, name, field);
  return values;
}

/** What is searched for: every text inside a value that only a person's data would have. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

export function isMarker(text: string): boolean {
  return text.includes(WORD) || Object.values(SPECIAL).some((value) => value === text);
}

export { WORD };
