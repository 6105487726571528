/** DNS zones with their records, mailboxes, and resources of foreign platforms. */
import { readDnsName, readDomainName } from '#core/domain-name.ts';
import { DNS_RECORD_TYPES } from '#core/dns-record-data.ts';
import { readEmailAddress } from '#core/email-address.ts';
import { type Fields, INTEGER_MAX } from '#core/field.ts';
import type { Reading } from '#core/reading.ts';

const text = (max: number, note: string) => ({ type: 'text', max, note }) as const;
const personal = (max: number, note: string) => ({ type: 'text', max, note, personal: true }) as const;
const seconds = (value: number, note: string) =>
  ({ type: 'integer', min: 0, max: INTEGER_MAX, default: value, note }) as const;

/** Owner names of records; `local@zone` is the name of a mail forward. */
function readRecordName(value: string): Reading<string> {
  return value.includes('@') ? readEmailAddress(value) : readDnsName(value);
}

export const dnsZoneFields: Fields = {
  name: {
    ...personal(253, 'Name of the zone; IDN becomes ASCII; identifier dns:<name>.'),
    required: true,
    immutable: true,
    read: readDnsName,
  },
  email: { ...personal(254, 'Mailbox of the person responsible (SOA RNAME).'), read: readEmailAddress },
  ttl: seconds(3600, 'Default time to live of records, in seconds.'),
  refresh: seconds(14_400, 'SOA refresh, in seconds.'),
  retry: seconds(7200, 'SOA retry, in seconds.'),
  expire: seconds(604_800, 'SOA expire, in seconds.'),
  minimum: seconds(600, 'SOA minimum: how long a negative answer is kept, in seconds.'),
  serial: { type: 'integer', min: 0, max: 4_294_967_295, default: 1, note: 'SOA serial; never goes back.' },
  nameservers: { type: 'text_list', max: 253, read: readDomainName, personal: true, note: 'Name servers of the zone.' },
  secondaries: {
    type: 'text_list',
    max: 253,
    personal: true,
    note: 'Foreign secondaries, which do not follow a hold at once.',
  },
  info: personal(255, 'Free text.'),
};

export const dnsRecordFields: Fields = {
  name: { ...personal(254, 'Owner name, fully qualified, within the zone.'), required: true, read: readRecordName },
  type: { ...text(8, 'Record type.'), required: true, immutable: true, oneOf: DNS_RECORD_TYPES },
  value: { ...personal(4096, 'Data in presentation form, without the priority of MX and SRV.'), required: true },
  priority: { type: 'integer', min: 0, max: 65_535, note: 'Priority of MX and SRV.' },
  ttl: { type: 'integer', min: 0, max: INTEGER_MAX, note: "Time to live in seconds; absent: the zone's." },
};

export const mailboxFields: Fields = {
  address: {
    ...personal(254, 'E-mail address; identifier mail:<address>.'),
    required: true,
    immutable: true,
    read: readEmailAddress,
  },
  passwordHash: {
    ...text(255, 'Password as Dovecot reads it, with its scheme: {SHA512-CRYPT}$6$…'),
    secret: true,
    read: readScheme,
  },
  quotaMegabytes: {
    type: 'integer',
    min: 0,
    max: INTEGER_MAX,
    note: 'Size of the mailbox in megabytes; absent: no limit.',
  },
  displayName: personal(255, 'Name shown to people.'),
  home: personal(512, 'Folder of the mailbox, where it is not the default.'),
};

function readScheme(value: string): Reading<string> {
  return /^\{[A-Z0-9.-]+\}./.test(value)
    ? { ok: true, value }
    : { ok: false, message: 'must begin with a password scheme in braces, such as {SHA512-CRYPT}' };
}

export const foreignFields: Fields = {
  name: personal(255, 'Name shown to people.'),
  system: { ...text(64, 'The system that has the resource.'), required: true, immutable: true },
  externalReference: {
    ...personal(255, "The system's own id; identifier foreign:<system>/<reference>."),
    immutable: true,
  },
  apsType: text(255, 'APS type with its version, a URI.'),
  apsService: text(64, 'APS service: the first part of the path at the endpoint.'),
  apsStatus: { ...text(64, 'Status that the endpoint confirmed last.'), default: 'aps:ready' },
  resumeStatus: text(64, 'Status to put back when the resource is enabled.'),
  apsRevision: { type: 'integer', min: 1, max: INTEGER_MAX, default: 1, note: 'APS revision.' },
  apsModified: text(32, 'Time of the last APS change.'),
  subscription: text(64, 'UUID of the APS subscription.'),
  apsPackage: text(64, 'UUID of the APS package.'),
  unverified: { type: 'boolean', default: false, note: 'The endpoint offers no way to confirm the state.' },
  properties: { type: 'json', default: {}, personal: true, note: "The type's own properties." },
};
