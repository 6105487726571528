/**
 * Group and User Intercept on the wire: the elements of both request families in their order, and what is read back.
 *
 * A write names every element, so that nothing of an older one stays; a wrong order is refused as a whole.
 */
import type { AnnouncementFile, InboundMode, Intercept, OutboundMode } from '#core/systems/broadworks-intercept.ts';
import { INBOUND_MODES, NEUTRAL } from '#core/systems/broadworks-intercept.ts';
import type { BroadworksReference } from '#core/systems/broadworks-reference.ts';

import { type Answer, type Command, type Part, booleanOf, textOf } from './document.ts';

export type Family = '16' | '21sp1';

/** In the older family one boolean stands for the mode of outgoing calls. */
type Element = keyof Intercept | 'allowOutboundLocalCalls';

/** The elements after the reference, in the order that each family demands. */
export const ELEMENTS: Readonly<Record<Family, readonly Element[]>> = {
  '16': [
    'isActive',
    'announcementSelection',
    'audioFile',
    'videoFile',
    'playNewPhoneNumber',
    'newPhoneNumber',
    'transferOnZeroToPhoneNumber',
    'transferPhoneNumber',
    'rerouteOutboundCalls',
    'outboundReroutePhoneNumber',
    'allowOutboundLocalCalls',
    'inboundCallMode',
    'alternateBlockingAnnouncement',
    'routeToVoiceMail',
  ],
  '21sp1': [
    'isActive',
    'announcementSelection',
    'audioFile',
    'videoFile',
    'inboundCallMode',
    'alternateBlockingAnnouncement',
    'exemptInboundMobilityCalls',
    'disableParallelRingingToNetworkLocations',
    'routeToVoiceMail',
    'playNewPhoneNumber',
    'newPhoneNumber',
    'transferOnZeroToPhoneNumber',
    'transferPhoneNumber',
    'outboundCallMode',
    'exemptOutboundMobilityCalls',
    'rerouteOutboundCalls',
    'outboundReroutePhoneNumber',
  ],
};

/** Modes other than the server's own (AS mode) ignore these on a write. */
const IGNORED_IN_SOME_MODES: ReadonlySet<string> = new Set([
  'exemptInboundMobilityCalls',
  'exemptOutboundMobilityCalls',
  'disableParallelRingingToNetworkLocations',
]);

const LOCAL: OutboundMode = 'Allow Outbound Local Calls';
const OUTBOUND: readonly OutboundMode[] = ['Block All', LOCAL, 'Allow Outbound Enterprise And Group Calls'];

/** The family of a release, from what the server calls its version, such as `Rel_21.sp1_1.551` or `22.0`. */
export function familyOf(version: string): Family {
  const found = /(\d{2,4})(?:[._ ]?sp(\d+))?/i.exec(version);
  // A server that does not say is taken for a current one.
  if (found === null) return '21sp1';
  const release = Number(found[1]);
  return release > 21 || (release === 21 && Number(found[2] ?? 0) >= 1) ? '21sp1' : '16';
}

/** The first elements of a command about a group or a user. */
export function referenceParts(reference: BroadworksReference): Part[] {
  if ('userId' in reference) return [['userId', reference.userId]];
  return [
    ['serviceProviderId', reference.serviceProviderId],
    ['groupId', reference.groupId],
  ];
}

export function readCommand(family: Family, reference: BroadworksReference): Command {
  const suffix = family === '16' ? '16sp1' : '21sp1';
  return { type: `${subjectOf(reference)}GetRequest${suffix}`, parts: referenceParts(reference) };
}

/** A full write. */
export function writeCommand(family: Family, reference: BroadworksReference, intercept: Intercept): Command {
  return {
    type: `${subjectOf(reference)}ModifyRequest${family}`,
    parts: [...referenceParts(reference), ...ELEMENTS[family].flatMap((element) => partsOf(element, intercept))],
  };
}

/** Why the family cannot say this; null when it can. */
export function unspeakable(family: Family, { outboundCallMode }: Intercept): string | null {
  if (family === '21sp1' || outboundCallMode === 'Block All' || outboundCallMode === LOCAL) return null;
  return `the mode "${outboundCallMode}" does not exist on this release`;
}

function subjectOf(reference: BroadworksReference): string {
  return 'userId' in reference ? 'UserInterceptUser' : 'GroupInterceptGroup';
}

function partsOf(element: Element, intercept: Intercept): Part[] {
  if (element === 'allowOutboundLocalCalls') return [[element, intercept.outboundCallMode === LOCAL]];
  const value = intercept[element];
  if (element !== 'audioFile' && element !== 'videoFile') return [[element, value as Part[1]]]; // Only files are objects.
  // A file cannot be cleared: one that is not written stays.
  return value === null ? [] : [[element, fileParts(value as AnnouncementFile)]]; // By the element.
}

function fileParts({ description, mediaType, sourceFileName }: AnnouncementFile): Part[] {
  return [
    ['description', description],
    ['mediaType', mediaType],
    ['sourceFileName', sourceFileName],
  ];
}

/** What was read: all but the files, of which the server tells no more than a description. */
export interface Found {
  readonly intercept: Intercept;
  readonly audioFile: string | null;
  readonly videoFile: string | null;
}

/** Reads an answer; null when it is not the one of the family or lacks something. */
export function readFound(family: Family, reference: BroadworksReference, answer: Answer): Found | null {
  if (answer.type !== `${subjectOf(reference)}GetResponse${family === '16' ? '16sp1' : '21sp1'}`) return null;
  let isWhole = true;
  const flag = (name: string): boolean => {
    const value = booleanOf(answer, name);
    if (value === null) isWhole = false;
    return value ?? false;
  };
  const word = <T extends string>(name: string, values: readonly T[]): T => {
    const value = values.find((one) => one === textOf(answer, name));
    if (value === undefined) isWhole = false;
    return value ?? (values[0] as T); // Each list has values; the answer is refused then.
  };
  const isCurrent = family === '21sp1';
  const intercept: Intercept = {
    ...NEUTRAL,
    isActive: flag('isActive'),
    announcementSelection: word('announcementSelection', ['Default', 'Personal']),
    inboundCallMode: word<InboundMode>('inboundCallMode', INBOUND_MODES),
    alternateBlockingAnnouncement: flag('alternateBlockingAnnouncement'),
    exemptInboundMobilityCalls: isCurrent && flag('exemptInboundMobilityCalls'),
    disableParallelRingingToNetworkLocations: isCurrent && flag('disableParallelRingingToNetworkLocations'),
    routeToVoiceMail: flag('routeToVoiceMail'),
    playNewPhoneNumber: flag('playNewPhoneNumber'),
    newPhoneNumber: numberOf(answer, 'newPhoneNumber'),
    transferOnZeroToPhoneNumber: flag('transferOnZeroToPhoneNumber'),
    transferPhoneNumber: numberOf(answer, 'transferPhoneNumber'),
    outboundCallMode: isCurrent
      ? word<OutboundMode>('outboundCallMode', OUTBOUND)
      : flag('allowOutboundLocalCalls')
        ? LOCAL
        : 'Block All',
    exemptOutboundMobilityCalls: isCurrent && flag('exemptOutboundMobilityCalls'),
    rerouteOutboundCalls: flag('rerouteOutboundCalls'),
    outboundReroutePhoneNumber: numberOf(answer, 'outboundReroutePhoneNumber'),
  };
  if (!isWhole) return null;
  return {
    intercept,
    audioFile: textOf(answer, 'audioFileDescription'),
    videoFile: textOf(answer, 'videoFileDescription'),
  };
}

/** An empty number is none. */
function numberOf(answer: Answer, name: string): string | null {
  const text = textOf(answer, name);
  return text === '' ? null : text;
}

/** Where what was found is not what was wanted, of all that can be compared. */
export function differences(family: Family, wanted: Intercept, { intercept: found }: Found): (keyof Intercept)[] {
  return (Object.keys(wanted) as (keyof Intercept)[]).filter((name) => {
    if (name === 'audioFile' || name === 'videoFile' || IGNORED_IN_SOME_MODES.has(name)) return false;
    if (name === 'outboundCallMode' && unspeakable(family, wanted) !== null) return false;
    return plain(wanted[name]) !== plain(found[name]);
  });
}

/** Servers write numbers with hyphens that nobody gave. */
function plain(value: unknown): unknown {
  return typeof value === 'string' && /^\+?[\d\- ]+$/.test(value) ? value.replaceAll(/[- ]/g, '') : value;
}
