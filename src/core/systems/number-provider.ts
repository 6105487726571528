/**
 * Number providers: a number that is closed is released there, once it may be.
 *
 * A hold changes nothing: who is cut off keeps the number (47 CFR 64.1200(l)). Closing gives it back, after the time for
 * which its last subscriber may still take it elsewhere, and never while another operator has asked for it.
 */
import type { Json, Values } from '#core/field.ts';
import { type Reading, accepted, refused } from '#core/reading.ts';
import { REMOTE_PACE, type SystemKind, type TargetFacts } from '#core/system-kind.ts';

import { httpUrl } from './url.ts';

const DAY_MS = 86_400_000;
/**
 * The longest month: at least so long a number can be ported after the end of the contract (Directive (EU) 2018/1972
 * article 106(3), Ofcom General Condition C7).
 */
const PORTABLE_DAYS = 31;
const PORTABLE_DAYS_MAX = 365;
const REFERENCE_MAX = 128;

function readCountry(text: string): Reading<string> {
  return /^[A-Za-z]{2}$/.test(text)
    ? accepted(text.toUpperCase())
    : refused('must be an ISO 3166-1 code such as NL', text);
}

/** Why a closed number is not released now. */
export type Wait = 'port_out_pending' | 'purchase_pending' | 'closing_time_unknown';

/** What a provider should have. */
export type NumberState =
  | { readonly held: true; readonly waits?: Wait }
  | { readonly held: false; readonly notBefore?: string };

export const numberProvider: SystemKind = {
  name: 'number_provider',
  note: 'A provider of telephone numbers, of whom numbers are bought, and who takes closed ones back.',
  reach: 'bound',
  serves: ['phone_number'],
  settings: {
    url: httpUrl('Base address of its API, such as https://api.twilio.com.'),
    dialect: {
      type: 'text',
      max: 16,
      oneOf: ['generic', 'twilio'],
      default: 'generic',
      note: 'What it speaks: the generic JSON of docs/systems/number-provider.md, or what Twilio does.',
    },
    accountSid: { type: 'text', max: 34, note: 'The account there; of the dialect twilio.' },
    apiKeySid: { type: 'text', max: 34, note: 'The API key whose secret the token is; of the dialect twilio.' },
    buyers: {
      type: 'text',
      max: 16,
      oneOf: ['platform', 'reseller', 'all'],
      default: 'platform',
      note: 'Who may search and buy there: the platform alone, resellers too, or every account.',
    },
    countries: {
      type: 'text_list',
      max: 2,
      read: readCountry,
      note: 'Countries in which it has numbers, by ISO 3166-1 code; empty: it does not say, and US is told to who asks.',
    },
    portableDays: {
      type: 'integer',
      min: 0,
      max: PORTABLE_DAYS_MAX,
      default: PORTABLE_DAYS,
      note: 'For how many days after its closing a number is kept there, so that it can still be ported away.',
    },
  },
  secrets: {
    token: { type: 'text', max: 512, required: true, note: 'The bearer token, or the auth token of Twilio.' },
  },
  sends: ['token'],
  pace: REMOTE_PACE,
  observes: true,
  judge: ({ dialect, accountSid, apiKeySid }, _secrets, errors) => {
    if (dialect === 'twilio') {
      if (typeof accountSid !== 'string' || !/^AC[0-9a-f]{32}$/.test(accountSid))
        errors.push({ field: 'accountSid', message: 'must be AC and 32 hexadecimal digits for the dialect twilio' });
      if (typeof apiKeySid === 'string' && !/^SK[0-9a-f]{32}$/.test(apiKeySid))
        errors.push({ field: 'apiKeySid', message: 'must be SK and 32 hexadecimal digits' });
      return;
    }
    for (const [field, value] of Object.entries({ accountSid, apiKeySid }))
      if (value != null) errors.push({ field, message: 'is for the dialect twilio only' });
  },
  readReference: (given): Reading<Json> =>
    typeof given === 'string' && given !== '' && given.length <= REFERENCE_MAX
      ? accepted(given)
      : refused("must be the provider's own id of the number", given),
  desired: (facts, settings) => ({ ...wantedOf(facts, settings) }),
  verb: (from, to) => {
    if (isWaiting(to)) return 'wait';
    return isHeld(to) || !isHeld(from) ? null : 'release';
  },
};

function wantedOf({ closed, closedSince, values }: TargetFacts, settings: Values): NumberState {
  if (!closed) return { held: true };
  // What is being bought is waited for: it could otherwise arrive after its release.
  if (typeof values['purchasePendingSince'] === 'string') return { held: true, waits: 'purchase_pending' };
  if (typeof values['portOutPendingSince'] === 'string') return { held: true, waits: 'port_out_pending' };
  const days = typeof settings['portableDays'] === 'number' ? settings['portableDays'] : PORTABLE_DAYS;
  if (days === 0) return { held: false };
  if (closedSince === undefined) return { held: true, waits: 'closing_time_unknown' };
  return { held: false, notBefore: new Date(Date.parse(closedSince) + days * DAY_MS).toISOString() };
}

/** Whether a state is one in which the provider has the number; it has what was never told of. */
export function isHeld(state: Json): boolean {
  return asObject(state)?.['held'] !== false;
}

function isWaiting(state: Json): boolean {
  return typeof asObject(state)?.['waits'] === 'string';
}

function asObject(state: Json): Readonly<Record<string, Json>> | null {
  return typeof state === 'object' && state !== null && !Array.isArray(state)
    ? (state as { readonly [key: string]: Json }) // No list, as was just seen.
    : null;
}
