/** Settings and credentials of an APS endpoint. */
import type { Field, Fields, Json, Values } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';
import { type Reading, accepted, refused } from '#core/reading.ts';

import { httpUrl, readHttpUrl } from './url.ts';

/** Peers look for lower case, 8-4-4-4-12. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Ids that are no UUID: some endpoints take them. One part of a path, and never `.` or `..`. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,254}$/;
/** A part of a path; peers want letters, and some names in use have digits and hyphens. */
const SERVICE = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const OAUTH_WORD = /^[A-Za-z0-9]{24}$/;
const URL_MAX = 2_048;
/** A chain of certificates with keys of 4,096 bits. */
const PEM_MAX = 32_768;
const DAY_MS = 86_400_000;
const TYPES_MAX = 200;
/** Hosts that are reached without leaving the machine. */
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

const uuid = (note: string): Field => ({ type: 'text', max: 36, required: true, read: readUuid, note });
const service = (fallback: string | null, note: string): Field => ({
  type: 'text',
  max: 64,
  read: readService,
  note,
  ...(fallback === null ? {} : { default: fallback }),
});
const pem = (label: string, note: string): Field => ({ type: 'text', max: PEM_MAX, read: readPem(label), note });
const credential = (field: Field): Field => ({ ...field, secret: true });

export const apsSettings: Fields = {
  url: httpUrl('Base address of the endpoint, before the name of a service.'),
  publicUrl: {
    type: 'text',
    max: URL_MAX,
    read: readHttpUrl,
    note: 'Base address by which the endpoint knows itself, where it is another: OAuth signs it.',
  },
  controllerUri: {
    type: 'text',
    max: URL_MAX,
    required: true,
    read: readControllerUri,
    note: 'APS-Controller-URI: where endpoints call back, an origin with a slash at its end and no path.',
  },
  instanceId: uuid('APS-Instance-ID: UUID of the instance of the application, in lower case.'),
  trust: { type: 'text', max: 5, required: true, oneOf: ['x509', 'oauth'], note: 'How both sides know each other.' },
  serverCertificate: pem(
    'CERTIFICATE',
    'PEM of certificates that vouch for the endpoint, where no known authority does.',
  ),
  rootService: service('app', 'Service that makes instances.'),
  rootType: {
    type: 'text',
    max: 255,
    default: 'http://aps-standard.org/types/core/application/1.0',
    note: 'APS type of the application itself.',
  },
  service: service(null, 'Service of resources that name none.'),
  suspendableTypes: {
    type: 'text_list',
    max: 255,
    note: 'APS types that can be disabled; empty: all. Resources of others are listed as not covered.',
  },
  cascades: {
    type: 'json',
    default: false,
    read: readCascades,
    note: 'Whether what hangs beneath a disabled resource stops with it: true, false, or a list of its APS types.',
  },
  onClose: { type: 'text', max: 16, default: 'disable', oneOf: ['disable', 'unprovision'], note: 'What closing does.' },
  enablesToRemove: {
    type: 'boolean',
    default: false,
    note: 'Whether a disabled resource is enabled before it is removed, for endpoints that refuse otherwise.',
  },
  provisions: { type: 'boolean', default: false, note: 'Whether resources in aps:proto are made at the endpoint.' },
  configures: {
    type: 'boolean',
    default: false,
    note: 'Whether changed properties are sent. Each resource is then taken over as it is first, without a call.',
  },
  suspends: {
    type: 'boolean',
    default: true,
    note: 'False: the endpoint says yes to disable and goes on serving. Outcomes then say so.',
  },
  canRead: { type: 'boolean', default: false, note: 'Whether the endpoint answers GET on a resource with its status.' },
  asyncDeadlineMs: {
    type: 'integer',
    min: 60_000,
    max: 30 * DAY_MS,
    default: DAY_MS,
    note: 'How long the endpoint may work on one thing before it counts as failed, in milliseconds.',
  },
};

export const apsSecrets: Fields = {
  oauthKey: credential({ type: 'text', max: 24, read: readOauthWord('key'), note: 'OAuth consumer key.' }),
  oauthSecret: credential({ type: 'text', max: 24, read: readOauthWord('secret'), note: 'OAuth consumer secret.' }),
  controllerCertificate: credential(pem('CERTIFICATE', 'Certificate that we show to the endpoint.')),
  controllerKey: credential(pem('(?:RSA )?PRIVATE KEY', 'Key of that certificate.')),
  instanceCertificate: credential(pem('CERTIFICATE', 'Certificate that the endpoint shows to us.')),
  endpointCertificate: credential(
    pem('CERTIFICATE', 'Certificate of the server, as it was when the keys were handed over.'),
  ),
};

/** Settings and credentials together: what the kind of trust needs, and nothing of the other. */
export function judgeAps(settings: Values, secrets: Values, errors: FieldError[]): void {
  const { url, trust } = settings;
  const base = typeof url === 'string' && URL.canParse(url) ? new URL(url) : null;
  if (base !== null && base.search !== '') errors.push({ field: 'url', message: 'must have no query' });
  if (base !== null && base.protocol !== 'https:' && (trust === 'x509' || !LOOPBACK.has(base.hostname)))
    errors.push({ field: 'url', message: 'must begin with https://: APS signs no body, and x509 is a matter of TLS' });
  const [ours, theirs] =
    trust === 'oauth'
      ? [
          ['oauthKey', 'oauthSecret'],
          ['controllerCertificate', 'controllerKey'],
        ]
      : [
          ['controllerCertificate', 'controllerKey'],
          ['oauthKey', 'oauthSecret'],
        ];
  const has = (name: string) => secrets[name] !== null && secrets[name] !== undefined;
  for (const name of theirs)
    if (has(name)) errors.push({ field: `secrets.${name}`, message: `does not belong to trust ${String(trust)}` });
  // Without them x509 waits for the hand-over, which makes them.
  if (trust === 'oauth' || ours.some(has))
    for (const name of ours)
      if (!has(name)) errors.push({ field: `secrets.${name}`, message: `is missing: trust ${String(trust)} needs it` });
}

/**
 * The id of a resource, as text, or with its service: `{"id": "…", "service": "tenant"}`. A UUID is put in lower case, as peers
 * look for it.
 */
export function readApsReference(given: unknown): Reading<Json> {
  const wanted = 'must be the APS id of a resource, such as a UUID, or an object with id and service';
  if (typeof given === 'string') {
    const id = given.toLowerCase();
    if (UUID.test(id)) return accepted(id);
    return ID.test(given) ? accepted(given) : refused(wanted, given);
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return refused(wanted, given);
  const { id, service: named, ...rest } = given as Readonly<Record<string, unknown>>; // Narrowed above.
  if (Object.keys(rest).length > 0) return refused(wanted, given);
  const read = typeof id === 'string' ? readApsReference(id) : refused(wanted, given);
  if (!read.ok || named === undefined) return read;
  return typeof named === 'string' && SERVICE.test(named)
    ? accepted({ id: read.value, service: named })
    : refused('must have a service of letters, digits, _ and -', named);
}

/** Where a resource is at its endpoint, or what is missing. */
export function apsPlaceOf(target: {
  readonly uuid: string;
  readonly reference: Json;
  readonly values: Values;
  readonly settings: Values;
}): Reading<{ readonly id: string; readonly service: string }> {
  const { reference, values, settings } = target;
  // A resource that was made here has the id that it has in Abeyance.
  const isUnnamed = reference === null || reference === '' || JSON.stringify(reference) === '{}';
  const named = values['externalReference'];
  const ofEntity = typeof named === 'string' && named !== '' ? named : target.uuid;
  const read = readApsReference(isUnnamed ? ofEntity : reference);
  if (!read.ok) return refused(`The reference ${read.message}.`);
  const { id, service: bound } =
    typeof read.value === 'string'
      ? { id: read.value, service: null }
      : (read.value as { id: string; service: string }); // As it was read.
  const at = [bound, values['apsService'], settings['service']].find((name) => typeof name === 'string' && name !== '');
  if (typeof at !== 'string') return refused('The resource says no apsService, and the system has no service.');
  if (!SERVICE.test(at)) return refused(`The APS service must be letters, digits, _ and -, not ${JSON.stringify(at)}.`);
  return accepted({ id, service: at });
}

function readUuid(text: string): Reading<string> {
  return UUID.test(text) ? accepted(text) : refused('must be a UUID in lower case', text);
}

function readService(text: string): Reading<string> {
  return SERVICE.test(text) ? accepted(text) : refused('must be letters, digits, _ and -, a letter first', text);
}

function readControllerUri(text: string): Reading<string> {
  const read = readHttpUrl(text);
  if (!read.ok) return read;
  // Peers resolve aps/2/… and /aps/2/… against it: a path would be lost.
  return read.value === `${new URL(read.value).origin}/` && text.endsWith('/')
    ? read
    : refused('must be an origin with a slash at its end and no path, such as https://abeyance.example:6308/', text);
}

function readCascades(given: unknown): Reading<Json> {
  if (typeof given === 'boolean') return accepted(given);
  const isList =
    Array.isArray(given) && given.length <= TYPES_MAX && given.every((type) => typeof type === 'string' && type !== '');
  return isList ? accepted(given as Json) : refused('must be true, false or a list of APS types', given);
}

/** Says nothing of the value: it may be a secret. */
function readPem(label: string): (text: string) => Reading<string> {
  const whole = new RegExp(`^\\s*(?:-----BEGIN (${label})-----[A-Za-z0-9+/=\\s]+-----END \\1-----\\s*)+$`);
  return (text) => (whole.test(text) ? accepted(text) : refused('must be PEM, from -----BEGIN to -----END'));
}

function readOauthWord(word: string): (text: string) => Reading<string> {
  return (text) => (OAUTH_WORD.test(text) ? accepted(text) : refused(`must be a ${word} of 24 letters and digits`));
}
