/**
 * SIDs, by which the account APIs of Restcomm and Twilio name things: two letters and 32 digits. Ours are the UUID
 * without its hyphens, so that nothing has to be kept.
 */
export const SID_PREFIXES = {
  account: 'AC',
  organization: 'OR',
  application: 'AP',
  client: 'CL',
  number: 'PN',
  callerId: 'PN',
  call: 'CA',
  message: 'SM',
  notification: 'NO',
  recording: 'RE',
  transcription: 'TR',
  conference: 'CF',
  profile: 'PR',
} as const;

export type SidKind = keyof typeof SID_PREFIXES;

/** The SID of a thing; `uuid` in canonical form. */
export function sidOf(kind: SidKind, uuid: string): string {
  return SID_PREFIXES[kind] + uuid.replaceAll('-', '');
}

const SID = /^[A-Za-z0-9]{34}$/;
const HEX = /^[0-9a-f]{32}$/;
/** How calls are written by some servers: the instance, a hyphen, the call. */
const INSTANCE = /^ID[A-Za-z0-9]{32}-/;

/**
 * The UUID that a SID stands for; null for what has not the form of one. The prefix is not looked at. Digits that are
 * none of hexadecimal, which some old installations have, stand for a UUID of their own, always the same.
 */
export function uuidOfSid(given: string): string | null {
  const sid = given.replace(INSTANCE, '');
  if (!SID.test(sid)) return null;
  const digits = sid.slice(2).toLowerCase();
  const hex = HEX.test(digits) ? digits : fnv1a(sid);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The UUID of an account that is named by its SID; null for any other name. */
export function uuidOfAccountSid(given: unknown): string | null {
  return typeof given === 'string' && given.startsWith(SID_PREFIXES.account) ? uuidOfSid(given) : null;
}

const OFFSET = 0x6c62272e07bb014262b821756295c58dn;
const PRIME = 0x0000000001000000000000000000013bn;

/** FNV-1a of 128 bits, in hexadecimal. It keeps names apart, and guards nothing. */
function fnv1a(text: string): string {
  let hash = OFFSET;
  for (const character of text) hash = BigInt.asUintN(128, (hash ^ BigInt(character.charCodeAt(0))) * PRIME);
  return hash.toString(16).padStart(32, '0');
}
