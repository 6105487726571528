/** Telephone numbers, the applications that answer them, and their names in ENUM. */
import { readDomainName } from '#core/domain-name.ts';
import { readE164 } from '#core/e164.ts';
import { readEnumDigits } from '#core/enum-number.ts';
import { type Fields, INTEGER_MAX, type Json } from '#core/field.ts';
import { readNaptr } from '#core/naptr.ts';
import type { Reading } from '#core/reading.ts';
import { readSipUri } from '#core/sip-uri.ts';

const text = (max: number, note: string) => ({ type: 'text', max, note }) as const;
const personal = (max: number, note: string) => ({ type: 'text', max, note, personal: true }) as const;
const url = (note: string) => personal(2048, note);
const method = (note: string) => ({ type: 'text', max: 8, oneOf: ['GET', 'POST'], default: 'POST', note }) as const;
const flag = (note: string) => ({ type: 'boolean', default: false, note }) as const;
const application = (note: string) => ({ type: 'reference', kinds: ['application'], note }) as const;

export const phoneNumberFields: Fields = {
  e164: {
    ...personal(32, 'The number in E.164 form, such as +31208005100; identifier tel:<number>.'),
    immutable: true,
    read: readE164,
  },
  sipNumber: {
    ...personal(32, 'A number inside one SIP domain only; identifier sip:<number>@<domain>.'),
    immutable: true,
  },
  domain: { type: 'reference', kinds: ['sip_domain'], immutable: true, note: 'The SIP domain of sipNumber.' },
  target: {
    type: 'reference',
    kinds: ['sip_account', 'sip_alias', 'application', 'trusted_peer'],
    note: 'What answers the number.',
  },
  targetUri: {
    ...personal(255, 'An outside URI that answers the number, when there is no target here.'),
    read: readSipUri,
  },
  friendlyName: personal(255, 'Name shown to people.'),
  country: text(2, 'ISO 3166-1 code of the country.'),
  numberClass: { ...text(16, 'local, mobile or toll_free.'), oneOf: ['local', 'mobile', 'toll_free'] },
  provider: {
    ...text(64, 'The number provider that has it for the operator; absent: the operator has it otherwise.'),
    by: 'platform',
  },
  providerReference: { ...personal(128, "The provider's own id of the number."), by: 'platform' },
  purchasePendingSince: { ...text(32, 'Since when it is being bought; absent: it is there.'), computed: true },
  portOutPendingSince: text(
    32,
    'Time at which another operator asked for the number; it is then neither closed by itself nor released.',
  ),
  voiceUrl: url('Address of the voice application.'),
  voiceMethod: method('Method for voiceUrl.'),
  voiceFallbackUrl: url('Address when voiceUrl fails.'),
  voiceFallbackMethod: method('Method for voiceFallbackUrl.'),
  voiceApplication: application('Application for calls.'),
  voiceCallerIdLookup: flag("Look the caller's name up."),
  statusCallback: url('Address that is told of call progress.'),
  statusCallbackMethod: method('Method for statusCallback.'),
  smsUrl: url('Address of the message application.'),
  smsMethod: method('Method for smsUrl.'),
  smsFallbackUrl: url('Address when smsUrl fails.'),
  smsFallbackMethod: method('Method for smsFallbackUrl.'),
  smsApplication: application('Application for messages.'),
  ussdUrl: url('Address of the USSD application.'),
  ussdMethod: method('Method for ussdUrl.'),
  ussdFallbackUrl: url('Address when ussdUrl fails.'),
  ussdFallbackMethod: method('Method for ussdFallbackUrl.'),
  ussdApplication: application('Application for USSD.'),
  referUrl: url('Address of the application for transfers.'),
  referMethod: method('Method for referUrl.'),
  referApplication: application('Application for transfers.'),
  voiceCapable: flag('The number takes calls.'),
  smsCapable: flag('The number takes messages.'),
  mmsCapable: flag('The number takes multimedia messages.'),
  faxCapable: flag('The number takes faxes.'),
};

export const applicationFields: Fields = {
  name: { ...personal(255, 'Name shown to people.'), required: true },
  medium: { ...text(8, 'voice, sms or ussd.'), oneOf: ['voice', 'sms', 'ussd'] },
  url: url('Address of the application.'),
  voiceCallerIdLookup: flag("Look the caller's name up."),
};

export const enumRangeFields: Fields = {
  prefix: {
    ...personal(15, 'The digits with which the numbers begin.'),
    required: true,
    immutable: true,
    read: readEnumDigits,
  },
  tld: {
    ...text(253, 'The tree in which the range lies.'),
    default: 'e164.arpa',
    immutable: true,
    read: readDomainName,
  },
  ttl: { type: 'integer', min: 0, max: INTEGER_MAX, default: 3600, note: 'Time to live of answers, in seconds.' },
  minDigits: { type: 'integer', min: 1, max: 15, note: 'The fewest digits of a number.' },
  maxDigits: { type: 'integer', min: 1, max: 15, note: 'The most digits of a number.' },
  size: { type: 'integer', min: 0, max: INTEGER_MAX, note: 'How many numbers the range may have.' },
  nameservers: {
    type: 'text_list',
    max: 253,
    read: readDomainName,
    personal: true,
    note: 'Name servers of the range.',
  },
  info: personal(255, 'Free text.'),
};

export const enumNumberFields: Fields = {
  digits: {
    ...personal(15, 'All digits of the number, without +.'),
    required: true,
    immutable: true,
    read: readEnumDigits,
  },
  info: personal(255, 'Free text.'),
  mappings: {
    type: 'json',
    default: [],
    personal: true,
    read: readMappings,
    note: 'NAPTR records: a list of {order, preference, flags, service, regexp, replacement, ttl}.',
  },
};

/** The most NAPTR records of one number: a resolver's answer must fit a datagram. */
const MAPPINGS_MAX = 50;

function readMappings(value: unknown): Reading<Json> {
  if (!Array.isArray(value)) return { ok: false, message: 'must be a list of NAPTR records' };
  if (value.length > MAPPINGS_MAX) return { ok: false, message: `must have at most ${MAPPINGS_MAX} records` };
  const records: Json[] = [];
  for (const [index, element] of value.entries()) {
    const reading = readNaptr(element);
    if (!reading.ok) return { ok: false, message: `record ${index} ${reading.message}` };
    records.push({ ...reading.value });
  }
  return { ok: true, value: records };
}
