/**
 * The part of a profile that is for BroadWorks, `systems.broadworks`: what Group or User Intercept is set to.
 *
 * Members have the names that operators know from APIO, one of which is misspelt in places (`inboud…`); the right spelling is
 * taken as well. What the part leaves out has the value of `SILENT`.
 */
import type { Json } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';
import { type Reading, accepted, refused, shown } from '#core/reading.ts';

import {
  type AnnouncementFile,
  INBOUND_MODES,
  type Intercept,
  MEDIA_TYPES,
  OUTBOUND_MODES,
  SILENT,
} from './broadworks-intercept.ts';

/** What `{{tenant_id}}` and `{{group_id}}` stand for. */
export type Placeholders = { readonly tenant_id?: string; readonly group_id?: string };

/** Stands in while nothing is known of a group: right in a number, in the name of a user and in that of a host. */
const SAMPLE: Placeholders = { tenant_id: '1', group_id: '1' };

const PATH = 'systems.broadworks';
const NEW_NUMBER_MAX = 23;
const TRANSFER_MAX = 30;
const REROUTE_MAX = 161;
const FILE_TEXT_MAX = 256;

type Read = (given: Json, fill: (text: string) => Reading<string>) => Reading<Json>;

const flag: Read = (given) => (typeof given === 'boolean' ? accepted(given) : refused('must be true or false', given));

const oneOf =
  (values: readonly string[]): Read =>
  (given) =>
    typeof given === 'string' && values.includes(given)
      ? accepted(given)
      : refused(`must be one of ${values.join(', ')}`, given);

/** A number of at most `max` characters that fits `form`; null or `false`, which is how APIO publishes it, is none. */
const phone =
  (max: number, form: RegExp, wanted: string): Read =>
  (given, fill) => {
    if (given === null || given === false) return accepted(null);
    if (typeof given !== 'string') return refused(`must be ${wanted}, or null`, given);
    const filled = fill(given);
    if (!filled.ok) return filled;
    const text = filled.value.trim();
    return text.length <= max && form.test(text)
      ? accepted(text)
      : refused(`must be ${wanted} of at most ${max} characters`, text);
  };

const USER_AT_HOST = /^[A-Za-z0-9\-_.!~*'()]+@[A-Za-z0-9\-.]+$/;
const DIALLED = /^\+?[0-9*#][0-9*#-]*$/;

const announcement: Read = (given, fill) => {
  const wanted = `must be an object with name, and description and mediaType (${MEDIA_TYPES.join(', ')}) if wanted`;
  if (given === null) return accepted(null);
  if (typeof given !== 'object' || Array.isArray(given)) return refused(wanted, given);
  const { name, description, mediaType, ...others } = given as Record<string, Json>; // An object that is no list.
  if (typeof name !== 'string' || Object.keys(others).length > 0) return refused(wanted, given);
  const filled = fill(name);
  if (!filled.ok) return filled;
  const sourceFileName = filled.value.trim();
  const told = description ?? sourceFileName;
  const suffix = sourceFileName.slice(sourceFileName.lastIndexOf('.') + 1).toUpperCase();
  const media = MEDIA_TYPES.find((type) => type === (mediaType ?? suffix));
  if (media === undefined) return refused('must have a mediaType, one of ' + MEDIA_TYPES.join(', '), mediaType ?? name);
  for (const text of [sourceFileName, told])
    if (typeof text !== 'string' || text.trim() === '' || text.length > FILE_TEXT_MAX)
      return refused(`must have a name and a description of 1 to ${FILE_TEXT_MAX} characters`);
  return accepted({ description: String(told).trim(), mediaType: media, sourceFileName } satisfies AnnouncementFile);
};

const localCalls: Read = (given) =>
  typeof given === 'boolean'
    ? accepted(given ? 'Allow Outbound Local Calls' : 'Block All')
    : refused('must be true or false', given);

const number = phone(NEW_NUMBER_MAX, /^\+?[0-9]+$/, 'a telephone number');
const transfer = phone(TRANSFER_MAX, DIALLED, 'a telephone number');
const reroute = phone(
  REROUTE_MAX,
  new RegExp(`${DIALLED.source}|${USER_AT_HOST.source}`),
  'a telephone number or user@host without sip:',
);

/** Each member with the setting that it is, and how it is read. */
const MEMBERS: Readonly<Record<string, { readonly element: keyof Intercept; readonly read: Read }>> = {
  active: { element: 'isActive', read: flag },
  inboundAnnouncementSelection: { element: 'announcementSelection', read: oneOf(['Default', 'Personal']) },
  audioFile: { element: 'audioFile', read: announcement },
  videoFile: { element: 'videoFile', read: announcement },
  inboudPlayNewPhoneNumber: { element: 'playNewPhoneNumber', read: flag },
  inboudNewPhoneNumber: { element: 'newPhoneNumber', read: number },
  inboudTransferOnZeroToPhoneNumber: { element: 'transferOnZeroToPhoneNumber', read: flag },
  inboudTransferPhoneNumber: { element: 'transferPhoneNumber', read: transfer },
  inboundInterceptionMode: { element: 'inboundCallMode', read: oneOf(INBOUND_MODES) },
  inboundAlternateBlockingAnnouncement: { element: 'alternateBlockingAnnouncement', read: flag },
  inboundRouteToVoiceMail: { element: 'routeToVoiceMail', read: flag },
  inboundExemptMobilityCalls: { element: 'exemptInboundMobilityCalls', read: flag },
  inboundDisableParallelRingingToNetworkLocations: {
    element: 'disableParallelRingingToNetworkLocations',
    read: flag,
  },
  outboundRerouteCalls: { element: 'rerouteOutboundCalls', read: flag },
  outboundReroutePhoneNumber: { element: 'outboundReroutePhoneNumber', read: reroute },
  outboundAllowLocalCalls: { element: 'outboundCallMode', read: localCalls },
  outboundCallMode: { element: 'outboundCallMode', read: oneOf(OUTBOUND_MODES) },
  outboundExemptMobilityCalls: { element: 'exemptOutboundMobilityCalls', read: flag },
};

/** The members as they are published. */
export const BROADWORKS_MEMBERS: readonly string[] = Object.keys(MEMBERS);

/**
 * Reads the part as settings. Without `placeholders` it is judged as it is saved, with a sample where they stand; with them they
 * are filled in, and one that has no value is an error. Members that say the same thing twice must agree.
 */
export function readBroadworksPart(value: Json, placeholders: Placeholders | null, errors: FieldError[]): Intercept {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    errors.push({ field: PATH, message: `must be an object with members such as ${BROADWORKS_MEMBERS[0]}` });
    return SILENT;
  }
  const fill = (text: string) => fillIn(text, placeholders ?? SAMPLE);
  const read = new Map<keyof Intercept, { readonly by: string; readonly value: Json }>();
  for (const [name, given] of Object.entries(value as Record<string, Json>)) {
    const field = `${PATH}.${name}`;
    const member = memberOf(name);
    if (member === null) {
      errors.push({ field, message: `is none of ${BROADWORKS_MEMBERS.join(', ')}` });
      continue;
    }
    const reading = member.read(given, fill);
    if (!reading.ok) {
      errors.push({ field, message: reading.message });
      continue;
    }
    const before = read.get(member.element);
    if (before !== undefined && JSON.stringify(before.value) !== JSON.stringify(reading.value))
      errors.push({ field, message: `contradicts ${before.by}, which says ${shown(before.value)}` });
    read.set(member.element, { by: name, value: reading.value });
  }
  return { ...SILENT, ...Object.fromEntries([...read].map(([element, { value: is }]) => [element, is])) };
}

/** The member of that name, in the published or the right spelling. */
function memberOf(name: string) {
  const published = Object.hasOwn(MEMBERS, name) ? name : name.replace(/^inbound/, 'inboud');
  return Object.hasOwn(MEMBERS, published) ? (MEMBERS[published] ?? null) : null;
}

function fillIn(text: string, placeholders: Placeholders): Reading<string> {
  let missing: string | null = null;
  const filled = text.replaceAll(/\{\{(.*?)\}\}/g, (whole, inner: string) => {
    const name = inner.trim();
    const value = name === 'tenant_id' || name === 'group_id' ? placeholders[name] : undefined;
    if (value === undefined) missing ??= whole;
    return value ?? '';
  });
  if (missing === null) return accepted(filled);
  return refused(`has ${shown(missing)}, which has no value here; {{tenant_id}} and {{group_id}} have one for groups`);
}
