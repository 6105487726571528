/**
 * Which destinations of a call are emergency services. Such a call is judged as `call.emergency`, so that no hold
 * stops it. A number is compared whole and never by prefix: `1125550` is an ordinary number.
 */

/**
 * Numbers taken for emergency services unless the operator names others. Sources by number:
 * - 112, 911: ITU-T E.161.1; Directive (EU) 2018/1972 article 109 (112); 47 U.S.C. 251(e)(3) (911)
 * - 999: Ofcom General Condition A3, which names 999 and 112
 * - 000, 106: Telecommunications (Emergency Call Service) Determination 2019, Australia
 * - 110: section 164 of the German Telekommunikationsgesetz; police in Japan, fire brigade in Norway
 * - 111: New Zealand, Telecommunications (111 Contact Code)
 * - 113, 115, 118: Italian numbering plan (AGCOM 8/15/CIR); 113 is the ambulance in Norway
 * - 117, 118, 144: Switzerland, Verordnung über Fernmeldedienste article 28
 * - 118, 119: Japan's numbering plan: coast guard, fire brigade and ambulance
 * - 122, 133, 144: Austria, Kommunikationsparameter-, Entgelt- und Mehrwertdiensteverordnung 2009
 * - 933: the test of a North American 911 address; it must pass wherever 911 does
 */
export const EMERGENCY_NUMBERS: ReadonlySet<string> = new Set([
  '112',
  '911',
  '999',
  '000',
  '106',
  '110',
  '111',
  '113',
  '115',
  '117',
  '118',
  '119',
  '122',
  '133',
  '144',
  '933',
]);

const SOS_URN = /^urn:service:sos(\.|$)/;
const SCHEME = /^(tel|sips?):/;
const AFTER_USER = /[@;?>].*$/s;
const VISUAL_SEPARATORS = /[-.()\s]/g;

/**
 * Whether a destination is an emergency service: a number of the set, bare, with `+`, as `tel:` (RFC 3966) or as the
 * user of a `sip:` URI (RFC 3261), also in angle brackets; or `urn:service:sos` (RFC 5031) and what lies beneath it.
 */
export function isEmergencyDestination(destination: string, numbers: ReadonlySet<string> = EMERGENCY_NUMBERS): boolean {
  const bracket = destination.indexOf('<');
  const uri = (bracket < 0 ? destination : destination.slice(bracket + 1)).trim().toLowerCase();
  if (SOS_URN.test(uri.replace(AFTER_USER, ''))) return true;
  const user = uri.replace(SCHEME, '').replace(AFTER_USER, '').replace(VISUAL_SEPARATORS, '');
  return numbers.has(user.startsWith('+') ? user.slice(1) : user);
}
