/**
 * Profiles: named suspension statuses. Each says which actions it denies or intercepts and how refusals are worded.
 */
import { type Action, actionsIn, isAction, maskOf, ACTIONS, ALL_BUT_EMERGENCY, EMERGENCY } from '#core/action.ts';
import type { Json } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';
import { SYSTEM_KINDS } from '#core/system-kind.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';

/** What happens to calls and log-ins in progress when a hold begins: they finish, or are ended. */
export type Sessions = 'finish' | 'end';

/** The law that lets a profile close the emergency path, who answers for it, and until when. */
export interface LegalOverride {
  readonly author: string;
  readonly reason: string;
  readonly expiresAt: string;
}

export interface ProfileBody {
  readonly description: string;
  /** Of several holds, the highest severity words the refusal; 0 to 1000. */
  readonly severity: number;
  readonly denied: readonly Action[];
  readonly intercepted: readonly Action[];
  readonly refusal: {
    readonly sip: number;
    readonly http: number;
    readonly text: string;
    readonly announcement: string | null;
  };
  readonly sessions: Sessions;
  /** Settings for downstream systems by kind of system. */
  readonly systems: { readonly [system: string]: Json };
  readonly legalOverride: LegalOverride | null;
}

const everythingButEmergency = actionsIn(ALL_BUT_EMERGENCY);
const plain = { intercepted: [], sessions: 'finish', systems: {}, legalOverride: null } as const;
const refusal = (text: string, announcement: string | null = null) => ({ sip: 403, http: 403, text, announcement });

/** The profiles that every installation has. They can be edited like any other, but not removed. */
export const BUILTIN_PROFILES: Readonly<Record<string, ProfileBody>> = {
  suspended: {
    ...plain,
    description: 'Nothing operates but emergency calls.',
    severity: 500,
    denied: everythingButEmergency,
    refusal: refusal('Account suspended'),
  },
  limited: {
    ...plain,
    description: 'Incoming and emergency calls only; mail can be read, nothing can be sent or ordered.',
    severity: 200,
    denied: ['call.out', 'message.out', 'mail.send', 'provision'],
    refusal: refusal('Service limited'),
  },
  bad_payer: {
    ...plain,
    description: 'Outgoing calls hear an announcement; incoming calls pass and mail can be read.',
    severity: 300,
    denied: ['message.out', 'mail.send', 'provision'],
    intercepted: ['call.out'],
    refusal: refusal('Payment overdue', 'bad_payer'),
  },
  fraud: {
    ...plain,
    description: 'Everything is off and running sessions are ended.',
    severity: 900,
    denied: everythingButEmergency,
    refusal: refusal('Account blocked'),
    sessions: 'end',
  },
  inactive: {
    ...plain,
    description: 'Not in service, without blame.',
    severity: 400,
    denied: everythingButEmergency,
    refusal: refusal('Account inactive'),
  },
  uninitialized: {
    ...plain,
    description: 'Not yet taken into service: only signing in is possible.',
    severity: 100,
    denied: everythingButEmergency.filter((action) => action !== 'sign_in'),
    refusal: refusal('Account not initialized'),
  },
};

export const PROFILE_NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const SEVERITY_MAX = 1000;
const TEXT_MAX = 255;
/** The longest time that a legal override may run before somebody has to sign it again, in days. */
const OVERRIDE_DAYS_MAX = 366;
const DAY_MS = 86_400_000;

/**
 * Reads a profile from input, with the values of `suspended` where nothing is said. Keeps the law that no profile
 * closes the emergency path without a legal override that has an author, a reason and an expiry in the future.
 */
export function readProfile(
  input: Readonly<Record<string, unknown>>,
  nowMs: number,
  errors: FieldError[],
): ProfileBody {
  const given = readObject(input['refusal'], 'refusal', ['sip', 'http', 'text', 'announcement'], errors);
  const body: ProfileBody = {
    description: readText(input['description'], 'description', '', errors),
    severity: readInteger(input['severity'], 'severity', 0, SEVERITY_MAX, 500, errors),
    denied: readActions(input['denied'], 'denied', errors),
    intercepted: readActions(input['intercepted'], 'intercepted', errors),
    refusal: {
      sip: readInteger(given['sip'], 'refusal.sip', 400, 699, 403, errors),
      http: readInteger(given['http'], 'refusal.http', 400, 499, 403, errors),
      text: readText(given['text'], 'refusal.text', 'Account suspended', errors),
      announcement:
        given['announcement'] == null ? null : readText(given['announcement'], 'refusal.announcement', '', errors),
    },
    sessions: readSessions(input['sessions'], errors),
    systems: readSystems(input['systems'], errors),
    legalOverride: readOverride(input['legalOverride'], nowMs, errors),
  };
  if (closesEmergency(body) && body.legalOverride === null)
    errors.push({
      field: 'denied',
      message: 'call.emergency can be closed only with a legalOverride that has author, reason and expiresAt',
    });
  if (/[\r\n]/.test(body.refusal.text))
    errors.push({ field: 'refusal.text', message: 'must be one line: it becomes a SIP reason phrase' });
  return body;
}

/** Whether the profile takes emergency calls away. */
export function closesEmergency(body: Pick<ProfileBody, 'denied' | 'intercepted'>): boolean {
  return ((maskOf(body.denied) | maskOf(body.intercepted)) & EMERGENCY) !== 0;
}

/** An object with no other members than these; an empty one when it is absent. */
function readObject(
  value: unknown,
  field: string,
  members: readonly string[],
  errors: FieldError[],
): Record<string, unknown> {
  if (value == null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    errors.push({ field, message: `must be an object with ${members.join(', ')}` });
    return {};
  }
  for (const name of Object.keys(value))
    if (!members.includes(name))
      errors.push({ field: `${field}.${name}`, message: `is none of ${members.join(', ')}` });
  return value as Record<string, unknown>; // An object that is no list.
}

function readSystems(value: unknown, errors: FieldError[]): ProfileBody['systems'] {
  if (value == null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) {
    const systems = value as ProfileBody['systems']; // It came from a JSON parser.
    for (const kind of SYSTEM_KINDS) {
      const part = systems[kind];
      if (part !== undefined) SYSTEM_KIND[kind].judgeProfile?.(part, errors);
    }
    return systems;
  }
  errors.push({ field: 'systems', message: 'must be an object with settings by kind of system' });
  return {};
}

function readActions(value: unknown, field: string, errors: FieldError[]): Action[] {
  if (value == null) return [];
  const list = Array.isArray(value) ? value : [value];
  const actions = list.filter((element): element is Action => typeof element === 'string' && isAction(element));
  if (actions.length !== list.length)
    errors.push({ field, message: `must be a list of actions, each one of ${ACTIONS.join(', ')}` });
  return actionsIn(maskOf(actions));
}

function readText(value: unknown, field: string, fallback: string, errors: FieldError[]): string {
  if (value == null) return fallback;
  if (typeof value === 'string' && value.length <= TEXT_MAX && !value.includes('\u0000')) return value;
  errors.push({ field, message: `must be text of at most ${TEXT_MAX} characters` });
  return fallback;
}

function readInteger(
  value: unknown,
  field: string,
  min: number,
  max: number,
  fallback: number,
  errors: FieldError[],
): number {
  if (value == null) return fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  errors.push({ field, message: `must be a whole number from ${min} to ${max}` });
  return fallback;
}

function readSessions(value: unknown, errors: FieldError[]): Sessions {
  if (value == null || value === 'finish') return 'finish';
  if (value === 'end') return 'end';
  errors.push({ field: 'sessions', message: 'must be finish or end' });
  return 'finish';
}

function readOverride(value: unknown, nowMs: number, errors: FieldError[]): LegalOverride | null {
  if (value == null) return null;
  const { author, reason, expiresAt } = readObject(value, 'legalOverride', ['author', 'reason', 'expiresAt'], errors);
  const expiresMs = typeof expiresAt === 'string' ? Date.parse(expiresAt) : Number.NaN;
  if (typeof author !== 'string' || author.trim() === '')
    errors.push({ field: 'legalOverride.author', message: 'must name the person who answers for it' });
  if (typeof reason !== 'string' || reason.trim() === '')
    errors.push({ field: 'legalOverride.reason', message: 'must name the law or order that demands it' });
  if (!(expiresMs > nowMs && expiresMs <= nowMs + OVERRIDE_DAYS_MAX * DAY_MS))
    errors.push({ field: 'legalOverride.expiresAt', message: `must be a time in the next ${OVERRIDE_DAYS_MAX} days` });
  if (errors.some((error) => error.field.startsWith('legalOverride'))) return null;
  return { author: String(author), reason: String(reason), expiresAt: new Date(expiresMs).toISOString() };
}
