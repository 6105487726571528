/**
 * What a role allows on the account APIs of Restcomm and Twilio: four verbs for each kind of resource, written
 * `RestComm:<verbs>:<domains>` as Restcomm's configuration has them (Apache Shiro's wildcard permissions).
 *
 * Such a pattern may stand among those of any role. A role without one has there what its other permissions mean.
 */
import { type PermissionMask, matchPatterns, permits } from '#core/permission.ts';

export const TELEPHONY_DOMAINS = [
  'Accounts',
  'Announcements',
  'Applications',
  'AvailablePhoneNumbers',
  'Calls',
  'Clients',
  'Conferences',
  'EmailMessages',
  'ExtensionsConfiguration',
  'Faxes',
  'Gateways',
  'Geolocation',
  'IncomingPhoneNumbers',
  'Notifications',
  'Organizations',
  'OutboundProxies',
  'OutgoingCallerIds',
  'Profiles',
  'Recordings',
  'SandBoxes',
  'ShortCodes',
  'SmsMessages',
  'Supervisor',
  'Transcriptions',
  'Usage',
] as const;
export type TelephonyDomain = (typeof TELEPHONY_DOMAINS)[number];

export const TELEPHONY_VERBS = ['Create', 'Read', 'Modify', 'Delete'] as const;
export type TelephonyVerb = (typeof TELEPHONY_VERBS)[number];

/** For each verb a set of domains, one bit each in their order. */
export type TelephonyRights = Readonly<Record<TelephonyVerb, number>>;

const ALL_DOMAINS = 2 ** TELEPHONY_DOMAINS.length - 1;
export const ALL_TELEPHONY: TelephonyRights = {
  Create: ALL_DOMAINS,
  Read: ALL_DOMAINS,
  Modify: ALL_DOMAINS,
  Delete: ALL_DOMAINS,
};
export const NO_TELEPHONY: TelephonyRights = { Create: 0, Read: 0, Modify: 0, Delete: 0 };

export function permitsTelephony(rights: TelephonyRights, verb: TelephonyVerb, domain: TelephonyDomain): boolean {
  return (rights[verb] & (1 << TELEPHONY_DOMAINS.indexOf(domain))) !== 0;
}

/** Whether everything in `wanted` is in `had`. */
export function coversTelephony(had: TelephonyRights, wanted: TelephonyRights): boolean {
  return TELEPHONY_VERBS.every((verb) => (wanted[verb] & ~had[verb]) === 0);
}

/** The rights that a pattern `RestComm:<verbs>:<domains>` means; null for what is no such pattern, or means nothing. */
export function matchTelephony(pattern: string): TelephonyRights | null {
  const [system, verbs = '*', domains = '*', ...rest] = pattern.split(':');
  if (system !== 'RestComm' || rest.length > 0) return null;
  const inDomains = bitsOf(domains, TELEPHONY_DOMAINS);
  const inVerbs = bitsOf(verbs, TELEPHONY_VERBS);
  if (inDomains === null || inVerbs === null) return null;
  return rightsFrom((verb) => ((inVerbs & (1 << TELEPHONY_VERBS.indexOf(verb))) === 0 ? 0 : inDomains));
}

/** Parts between commas, each a word or `*`, as bits; null when a word is unknown. */
function bitsOf(part: string, words: readonly string[]): number | null {
  let bits = 0;
  for (const word of part.split(',')) {
    const place = words.indexOf(word);
    if (word === '*') bits |= 2 ** words.length - 1;
    else if (place >= 0) bits |= 1 << place;
    else return null;
  }
  return bits;
}

/** The rights of a role by its patterns, or by its permissions where no pattern is of these APIs. */
export function telephonyRightsOf(patterns: readonly string[], permissions: PermissionMask): TelephonyRights {
  const own = patterns.map(matchTelephony).filter((rights) => rights !== null);
  if (own.length > 0) return rightsFrom((verb) => own.reduce((bits, rights) => bits | rights[verb], 0));
  const granted: Readonly<Record<TelephonyVerb, boolean>> = {
    Create: permits(permissions, 'entity:create'),
    Read: permits(permissions, 'entity:read'),
    Modify: permits(permissions, 'entity:update'),
    Delete: permits(permissions, 'entity:close'),
  };
  return rightsFrom((verb) => (granted[verb] ? ALL_DOMAINS : 0));
}

function rightsFrom(bitsFor: (verb: TelephonyVerb) => number): TelephonyRights {
  return { Create: bitsFor('Create'), Read: bitsFor('Read'), Modify: bitsFor('Modify'), Delete: bitsFor('Delete') };
}

const IMPLIED: Readonly<Record<TelephonyVerb, PermissionMask>> = {
  Read: matchPatterns(['entity:read', 'hold:read', 'profile:read', 'observation:read', 'credit:read']),
  Create: matchPatterns(['entity:create']),
  Modify: matchPatterns(['entity:update', 'hold:place', 'hold:lift']),
  Delete: matchPatterns(['entity:close']),
};

/**
 * The permissions that operations ask for when these rights are used, on these APIs alone. The domain was judged before;
 * so coarse a mask is never given on another face.
 */
export function impliedPermissions(rights: TelephonyRights): PermissionMask {
  let mask = 0;
  for (const verb of TELEPHONY_VERBS) if (rights[verb] !== 0) mask |= IMPLIED[verb];
  return permitsTelephony(rights, 'Modify', 'Accounts') ? mask | IMPLIED.Delete : mask;
}

/** What Restcomm's own role Developer may do. */
export const RESTCOMM_DEVELOPER: readonly string[] = [
  'RestComm:*:Accounts,Applications,Announcements,Calls,Clients,Conferences,IncomingPhoneNumbers,OutgoingCallerIds',
  'RestComm:*:ShortCodes,OutboundProxies,EmailMessages,Usage,Geolocation',
  'RestComm:Read:AvailablePhoneNumbers,Notifications,SmsMessages,Transcriptions',
  'RestComm:Delete,Read:Recordings',
  'RestComm:Read,Modify:SandBoxes',
  'RestComm:Create,Delete,Read:Faxes',
];

/** The rights of a role, built in or of an account's own making. */
export function telephonyRightsOfRole(name: string, permissions: PermissionMask, patterns: readonly string[]) {
  return telephonyRightsOf(name === 'restcomm_developer' ? RESTCOMM_DEVELOPER : patterns, permissions);
}

/** The role word of a login's role, spelt as it was given while that still means the same. */
export function wordOfRole(role: string, given: string | null): string {
  if (given !== null && roleOfWord(given) === role) return given;
  if (role === 'restcomm_developer') return 'Developer';
  return role === 'administrator' ? ADMINISTRATOR : role;
}

export const ADMINISTRATOR = 'Administrator';

/** The role of a login for a role word of these APIs: `Administrator` and `Developer` are built in. */
export function roleOfWord(word: string): string {
  if (word.toLowerCase() === 'developer') return 'restcomm_developer';
  return word.toLowerCase();
}
