/**
 * The settings of Group and User Intercept, and how the wishes of several profiles become one.
 *
 * Members have the names of the elements of the current request family. Each is merged by itself to the more restrictive of two
 * values, so that neither the order of holds nor how they are grouped matters.
 */

export const INBOUND_MODES = ['Intercept All', 'Allow System Dns', 'Allow All'] as const;
export type InboundMode = (typeof INBOUND_MODES)[number];

export const OUTBOUND_MODES = [
  'Block All',
  'Allow Outbound Local Calls',
  'Allow Outbound Enterprise And Group Calls',
] as const;
export type OutboundMode = (typeof OUTBOUND_MODES)[number];

export const MEDIA_TYPES = ['WMA', 'WAV', '3GP', 'MOV'] as const;

/** An announcement that lies on the application server. */
export interface AnnouncementFile {
  readonly description: string;
  readonly mediaType: (typeof MEDIA_TYPES)[number];
  readonly sourceFileName: string;
}

/** All that can be written. A number that is null is cleared; a file that is null is not written. */
export interface Intercept {
  readonly isActive: boolean;
  readonly announcementSelection: 'Default' | 'Personal';
  readonly audioFile: AnnouncementFile | null;
  readonly videoFile: AnnouncementFile | null;
  readonly inboundCallMode: InboundMode;
  readonly alternateBlockingAnnouncement: boolean;
  readonly exemptInboundMobilityCalls: boolean;
  readonly disableParallelRingingToNetworkLocations: boolean;
  readonly routeToVoiceMail: boolean;
  readonly playNewPhoneNumber: boolean;
  readonly newPhoneNumber: string | null;
  readonly transferOnZeroToPhoneNumber: boolean;
  readonly transferPhoneNumber: string | null;
  readonly outboundCallMode: OutboundMode;
  readonly exemptOutboundMobilityCalls: boolean;
  readonly rerouteOutboundCalls: boolean;
  readonly outboundReroutePhoneNumber: string | null;
}

/** What is written where a profile says nothing: everything is intercepted, and nothing of an older profile stays. */
export const SILENT: Intercept = {
  isActive: true,
  announcementSelection: 'Default',
  audioFile: null,
  videoFile: null,
  inboundCallMode: 'Intercept All',
  alternateBlockingAnnouncement: false,
  exemptInboundMobilityCalls: false,
  disableParallelRingingToNetworkLocations: false,
  routeToVoiceMail: false,
  playNewPhoneNumber: false,
  newPhoneNumber: null,
  transferOnZeroToPhoneNumber: false,
  transferPhoneNumber: null,
  outboundCallMode: 'Block All',
  exemptOutboundMobilityCalls: false,
  rerouteOutboundCalls: false,
  outboundReroutePhoneNumber: null,
};

/** What is written when intercept ends and nobody knows what was there before. */
export const NEUTRAL: Intercept = { ...SILENT, isActive: false };

type Merge<T> = (a: T, b: T) => T;

const either: Merge<boolean> = (a, b) => a || b;
const both: Merge<boolean> = (a, b) => a && b;
/** No number reaches less than any; of two the smaller text, since neither is stricter. */
const number: Merge<string | null> = (a, b) => (a === null || b === null ? null : a < b ? a : b);
/** An announcement restricts nobody: who names one is heard, and of two the smaller text. */
const file: Merge<AnnouncementFile | null> = (a, b) => {
  if (a === null || b === null) return a ?? b;
  return textOf(a) <= textOf(b) ? a : b;
};

/** What is the more restrictive value of each member. Every entry is commutative, associative and idempotent. */
const STRICTER: { readonly [K in keyof Intercept]: Merge<Intercept[K]> } = {
  isActive: either,
  announcementSelection: (a, b) => (a === b ? a : 'Personal'),
  audioFile: file,
  videoFile: file,
  inboundCallMode: (a, b) => (INBOUND_MODES.indexOf(a) < INBOUND_MODES.indexOf(b) ? a : b),
  alternateBlockingAnnouncement: either,
  exemptInboundMobilityCalls: both,
  disableParallelRingingToNetworkLocations: either,
  routeToVoiceMail: both,
  playNewPhoneNumber: both,
  newPhoneNumber: number,
  transferOnZeroToPhoneNumber: both,
  transferPhoneNumber: number,
  // Local calls and calls inside the enterprise are different calls: only to block all of them satisfies both.
  outboundCallMode: (a, b) => (a === b ? a : 'Block All'),
  exemptOutboundMobilityCalls: both,
  // A call that is sent elsewhere still connects to something.
  rerouteOutboundCalls: both,
  outboundReroutePhoneNumber: number,
};

/** The settings that restrict as much as any of two. The order of the two never matters. */
export function stricter(a: Intercept, b: Intercept): Intercept {
  const merged: Record<string, unknown> = {};
  for (const name of Object.keys(STRICTER) as (keyof Intercept)[]) merged[name] = mergeMember(name, a, b); // Its own keys.
  return merged as unknown as Intercept; // It has each member by the loop.
}

function mergeMember<K extends keyof Intercept>(name: K, a: Intercept, b: Intercept): Intercept[K] {
  return STRICTER[name](a[name], b[name]);
}

function textOf({ sourceFileName, mediaType, description }: AnnouncementFile): string {
  return JSON.stringify([sourceFileName, mediaType, description]);
}
