/** BroadWorks application servers, told by OCI-P: Group Intercept and User Intercept. */
import { ACTION_BIT } from '#core/action.ts';
import type { Fields, Json, Values } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';
import { type ProfileFacts, REMOTE_PACE, type SystemKind, type TargetFacts, sameState } from '#core/system-kind.ts';

import { type Intercept, SILENT, stricter } from './broadworks-intercept.ts';
import { type Placeholders, readBroadworksPart } from './broadworks-profile.ts';
import { broadworksReference, readBroadworksReference } from './broadworks-reference.ts';
import { readHttpUrl } from './url.ts';

/**
 * What the server should have. `intercept` is null when no hold drives it: what was there before is put back then.
 * `mayStopEmergency`: the law was named that allows it, or the line is closed. `unreadable`: settings of profiles that make no
 * sense for this target; nothing is written while there are any.
 */
export interface BroadworksState {
  readonly intercept: Intercept | null;
  readonly mayStopEmergency: boolean;
  readonly unreadable: readonly string[];
}

export const NOT_INTERCEPTED: BroadworksState = { intercept: null, mayStopEmergency: false, unreadable: [] };

/** Longest pieces of text that settings may have. */
const HOST_MAX = 253;
const USER_MAX = 161;
const URL_MAX = 2_048;
const CERTIFICATES_MAX = 32_000;

const SETTINGS: Fields = {
  transport: {
    type: 'text',
    max: 4,
    default: 'tls',
    oneOf: ['tcp', 'tls', 'soap'],
    note: 'How it is reached: OCI-P over TCP or TLS, or over SOAP.',
  },
  host: { type: 'text', max: HOST_MAX, note: 'Host of the application server, for TCP and TLS.' },
  port: { type: 'integer', min: 1, max: 65_535, note: 'Its port; 2208 for TCP and 2209 for TLS when it is left out.' },
  url: { type: 'text', max: URL_MAX, read: readHttpUrl, note: 'Address of the provisioning service, for SOAP.' },
  ca: { type: 'text', max: CERTIFICATES_MAX, note: 'Certificates (PEM) that are trusted instead of the usual ones.' },
  userId: { type: 'text', max: USER_MAX, required: true, note: 'The administrator that we log in as.' },
  login: {
    type: 'text',
    max: 8,
    default: 'auto',
    oneOf: ['auto', 'one-step', 'two-step'],
    note: 'The form of the log-in. One step sends the password itself, and only over an encrypted connection.',
  },
  family: {
    type: 'text',
    max: 6,
    default: 'auto',
    oneOf: ['auto', '16', '21sp1'],
    note: 'The requests that the release knows; auto asks for its version.',
  },
};

export const broadworks: SystemKind = {
  name: 'broadworks',
  note: 'A BroadWorks application server, whose groups and users are intercepted.',
  reach: 'bound',
  serves: ['account', 'foreign'],
  settings: SETTINGS,
  secrets: { password: { type: 'text', max: 255, secret: true, note: 'Password of the administrator.' } },
  sends: ['password'],
  pace: { ...REMOTE_PACE, timeoutMs: 60_000, flightMaxMs: 120_000, retryMaxMs: 300_000 },
  observes: true,
  judge: judgeSettings,
  readReference: readBroadworksReference,
  judgeProfile: (value, errors) => void readBroadworksPart(value, null, errors),
  desired: (facts) => desiredState(facts) as unknown as Json, // Plain data, but an interface has no index.
  verb(from, to) {
    const before = from ?? (NOT_INTERCEPTED as unknown as Json); // Plain data as well.
    if (sameState(before, to)) return null;
    if (interceptIn(to) === null) return interceptIn(before) === null ? null : 'restore';
    return interceptIn(before) === null ? 'intercept' : 'change';
  },
};

/** Whether connection and log-in fit each other, and nothing is missing. */
function judgeSettings(settings: Values, secrets: Values, errors: FieldError[]): void {
  const { transport, host, url, login } = settings;
  if (transport === 'soap' && url == null)
    errors.push({ field: 'url', message: 'is missing: SOAP needs the address of the provisioning service' });
  if (transport !== 'soap' && host == null)
    errors.push({ field: 'host', message: 'is missing: the host of the application server' });
  const isPlain = transport === 'tcp' || (transport === 'soap' && String(url).startsWith('http:'));
  if (login === 'one-step' && isPlain)
    errors.push({ field: 'login', message: 'must not be one-step without TLS: it sends the password itself' });
  if (login === 'one-step' && secrets['password'] == null)
    errors.push({ field: 'password', message: 'is missing: a log-in in one step sends it' });
}

function interceptIn(state: Json): Json {
  return typeof state === 'object' && state !== null && 'intercept' in state ? (state.intercept ?? null) : null;
}

/**
 * What the server should have, merged over all profiles in force to the more restrictive value of each setting, so that the order
 * of holds never matters. A profile drives intercept when it has a part for BroadWorks, or else when it takes calls away.
 */
function desiredState(facts: TargetFacts): BroadworksState {
  const isClosed = facts.closed || facts.ownerClosed;
  const placeholders = placeholdersOf(facts.reference);
  const wishes: Intercept[] = isClosed ? [SILENT] : [];
  const unreadable: string[] = [];
  let mayStopEmergency = isClosed;
  for (const profile of facts.profiles) {
    const errors: FieldError[] = [];
    const wish = wishOf(profile, placeholders, errors);
    if (wish === null) continue;
    wishes.push(wish);
    mayStopEmergency ||= profile.hasLegalOverride === true;
    for (const { field, message } of errors) unreadable.push(`${profile.name}: ${field} ${message}`);
  }
  if (wishes.length === 0) return NOT_INTERCEPTED;
  return { intercept: wishes.reduce(stricter), mayStopEmergency, unreadable: unreadable.toSorted() };
}

const CALLS_OUT = ACTION_BIT['call.out'];
const CALLS_IN = ACTION_BIT['call.in'];

function wishOf(profile: ProfileFacts, placeholders: Placeholders, errors: FieldError[]): Intercept | null {
  if (profile.settings !== null) return readBroadworksPart(profile.settings, placeholders, errors);
  const taken = profile.denied | profile.intercepted;
  if ((taken & (CALLS_OUT | CALLS_IN)) === 0) return null;
  return {
    ...SILENT,
    inboundCallMode: (taken & CALLS_IN) === 0 ? 'Allow All' : 'Intercept All',
    // There is no mode that leaves outgoing calls wholly free: this is the freest that each release has.
    outboundCallMode: (taken & CALLS_OUT) === 0 ? 'Allow Outbound Local Calls' : 'Block All',
  };
}

function placeholdersOf(reference: Json): Placeholders {
  const named = broadworksReference(reference);
  return named !== null && 'groupId' in named ? { tenant_id: named.serviceProviderId, group_id: named.groupId } : {};
}
