/** SIP: domains, accounts, aliases, and the peers that are known by their address. */
import { readUserPart } from '#core/aor.ts';
import { readDomainName } from '#core/domain-name.ts';
import { readEmailAddress } from '#core/email-address.ts';
import { type Fields, INTEGER_MAX } from '#core/field.ts';
import { readIpAddress } from '#core/ip-address.ts';
import type { Reading } from '#core/reading.ts';
import { readSipUri } from '#core/sip-uri.ts';

const MD5_HEX = /^[0-9a-f]{32}$/;

/** A digest as Kamailio's subscriber table has it: MD5 in lower-case hex. */
function readMd5(value: string): Reading<string> {
  const digest = value.toLowerCase();
  return MD5_HEX.test(digest)
    ? { ok: true, value: digest }
    : { ok: false, message: 'must be an MD5 digest: 32 hexadecimal digits' };
}

const text = (max: number, note: string) => ({ type: 'text', max, note }) as const;
const personal = (max: number, note: string) => ({ type: 'text', max, note, personal: true }) as const;
const method = (note: string) => ({ type: 'text', max: 8, oneOf: ['GET', 'POST'], default: 'POST', note }) as const;

export const sipDomainFields: Fields = {
  domain: {
    ...personal(253, 'The domain of the AORs; IDN becomes ASCII.'),
    required: true,
    immutable: true,
    read: readDomainName,
  },
  certificate: personal(16_384, 'TLS certificate, PEM.'),
  privateKey: { type: 'text', max: 16_384, note: 'Private key of the certificate, PEM.', secret: true, sealed: true },
  matchIpAddress: personal(64, 'Address by which TLS peers of the domain are matched.'),
  matchSipDomain: personal(253, 'Server name by which TLS peers of the domain are matched.'),
  verifyCert: { type: 'boolean', default: false, note: 'Verify certificates of TLS peers.' },
  requireCert: { type: 'boolean', default: false, note: 'Require certificates of TLS peers.' },
};

export const sipAccountFields: Fields = {
  username: { ...personal(64, 'User part of the AOR; unique in the domain.'), required: true, read: readUserPart },
  ha1: { ...text(32, 'MD5(username:realm:password).'), secret: true, read: readMd5 },
  ha1b: { ...text(32, 'MD5(username@domain:realm:password).'), secret: true, read: readMd5 },
  realm: { ...personal(253, "Realm of the digests; absent: the domain's name."), read: readDomainName },
  enabled: { type: 'boolean', default: true, note: "The client's own switch; not a hold." },
  friendlyName: personal(255, 'Name shown to people.'),
  firstName: personal(128, 'First name.'),
  lastName: personal(128, 'Last name.'),
  email: { ...personal(254, 'E-mail address.'), read: readEmailAddress },
  timezone: text(64, 'IANA time zone name.'),
  region: text(64, 'Region.'),
  callerId: personal(64, 'Caller id towards the PSTN (Remote-Party-ID).'),
  groups: {
    type: 'text_list',
    max: 64,
    note: 'Group words of the subscriber; `blocked` is never among them, it is a hold.',
  },
  prepaid: { type: 'boolean', default: false, note: 'Calls are paid in advance.' },
  quota: { type: 'integer', min: 0, max: INTEGER_MAX, default: 0, note: 'Money a month; 0: none.' },
  callLimit: { type: 'integer', min: 0, max: 100_000, note: 'The most calls at once.' },
  answerTimeoutSeconds: {
    type: 'integer',
    min: 1,
    max: 900,
    default: 35,
    note: 'Seconds without answer before diversion.',
  },
  quickdialPrefix: text(32, 'Prefix for short numbers.'),
  acl: {
    type: 'json',
    default: [],
    personal: true,
    note: 'Addresses from which the account may be used: a list of {ip, mask, tag}.',
  },
  properties: { type: 'json', default: [], personal: true, note: 'Properties: a list of {name, value}.' },
  voiceUrl: personal(2048, 'Address of the voice application.'),
  voiceMethod: method('Method for voiceUrl.'),
  voiceFallbackUrl: personal(2048, 'Address when voiceUrl fails.'),
  voiceFallbackMethod: method('Method for voiceFallbackUrl.'),
  voiceApplication: { type: 'reference', kinds: ['application'], note: 'Application that handles calls.' },
  pushEnabled: { type: 'boolean', default: false, note: 'Push notifications wake the client.' },
  pushClientIdentity: personal(255, 'Identity of the client at the push service.'),
};

export const sipAliasFields: Fields = {
  username: {
    ...personal(64, 'User part of the alias; unique in the domain with SIP accounts.'),
    required: true,
    read: readUserPart,
  },
  target: { type: 'reference', kinds: ['sip_account', 'sip_alias'], note: 'What the alias stands for.' },
  targetUri: {
    ...personal(255, 'An outside URI that the alias stands for, when there is no target here.'),
    read: readSipUri,
  },
};

export const trustedPeerFields: Fields = {
  address: { ...personal(45, 'IP address of the peer; identifier ip:<address>.'), read: readIpAddress },
  host: { ...personal(253, 'Host name of the peer, where it is not known by address.'), read: readDomainName },
  description: personal(255, 'What this peer is.'),
  callLimit: { type: 'integer', min: 0, max: 100_000, note: 'The most calls at once.' },
  prepaid: { type: 'boolean', default: false, note: 'Calls are paid in advance.' },
  enumLookup: { type: 'boolean', default: false, note: 'Look destinations up in ENUM first.' },
  transit: { type: 'boolean', default: false, note: 'May call through to foreign destinations.' },
  msteams: { type: 'boolean', default: false, note: 'A Microsoft Teams direct-routing tenant.' },
  tenant: personal(128, 'Tenant at Microsoft Teams.'),
  carrierName: personal(64, 'Carrier that the peer is.'),
  originator: personal(128, 'Originator for route selection.'),
  billingId: personal(64, 'Identity of the peer in billing.'),
  tags: personal(255, 'Free tags.'),
  strip: { type: 'integer', min: 0, max: 32, default: 0, note: 'Digits stripped from called numbers.' },
  prefix: text(32, 'Digits put before called numbers.'),
  authToken: { ...text(255, 'Token by which the peer proves itself.'), secret: true, sealed: true },
};
