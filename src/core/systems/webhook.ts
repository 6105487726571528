/** Webhooks: somebody's address that is told of each transition. */
import type { EventNews } from '#core/event.ts';
import { EVENT_TYPES } from '#core/event.ts';
import { type Json, type Values } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';
import { type Reading, accepted, refused } from '#core/reading.ts';
import { type Pace, REMOTE_PACE, type SystemKind } from '#core/system-kind.ts';

import { httpUrl } from './url.ts';

const NOTHING: Json = {};
const SECRET_PREFIX = 'whsec_';
/** The bounds of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Signature scheme". */
const SECRET_BYTES = { min: 24, max: 64, made: 32 } as const;
const HEADERS_MAX = 20;

export const WEBHOOK_FORMS = ['standard', 'restcomm'] as const;
export type WebhookForm = (typeof WEBHOOK_FORMS)[number];

/** `skipped`: its form has no words for the event. */
export const DELIVERY_OUTCOMES = ['pending', 'delivered', 'failed', 'skipped'] as const;
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];
export const DELIVERY_REASONS = ['event', 'replay', 'test'] as const;
export type DeliveryReason = (typeof DELIVERY_REASONS)[number];

/** What one attempt sends, and to whom. */
export interface WebhookOrder {
  readonly settings: Values;
  readonly secrets: Values;
  /** Whether it is the platform's own: only such a one may lie in a private network. */
  readonly isPlatform: boolean;
  /** The same for each attempt at one event. */
  readonly messageId: string;
  /** Null for a test. */
  readonly event: EventNews | null;
  readonly name: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What became of an attempt. Problems are sentences without credentials. */
export type WebhookAnswer =
  | { readonly type: 'answered'; readonly code: number; readonly text: string; readonly retryAfterMs: number | null }
  | { readonly type: 'failed'; readonly problem: string }
  | { readonly type: 'skipped' };

export type SendWebhook = (order: WebhookOrder) => Promise<WebhookAnswer>;

/** After so many failures in a row the attempts of one delivery come this much later: three days in all. Milliseconds. */
export const RETRY_AFTER_MS = [
  5_000,
  5 * 60_000,
  30 * 60_000,
  2 * 3_600_000,
  5 * 3_600_000,
  10 * 3_600_000,
  14 * 3_600_000,
  20 * 3_600_000,
  24 * 3_600_000,
] as const;

/**
 * How long to wait after attempt number `attempts`, in milliseconds, within the bounds of the system; null: give up. What the
 * receiver asks for counts where it is longer. `dice` is from 0 to 1, and adds up to a tenth, so that what failed together does
 * not come back together.
 */
export function retryDelayMs(
  attempts: number,
  bounds: { readonly minMs: number; readonly maxMs: number },
  askedMs: number | null,
  dice: number,
): number | null {
  const planned = RETRY_AFTER_MS[attempts - 1];
  if (planned === undefined) return null;
  const wanted = Math.max(planned, askedMs ?? 0);
  return Math.round(Math.min(Math.max(wanted, bounds.minMs), bounds.maxMs) * (1 + dice / 10));
}

/** The bytes of a secret as text, or what would be right. Never shows what was given. */
export function readWebhookSecret(text: string): Reading<string> {
  const base64 = text.startsWith(SECRET_PREFIX) ? text.slice(SECRET_PREFIX.length) : null;
  const bytes = base64 === null ? 0 : bytesIn(base64);
  if (bytes >= SECRET_BYTES.min && bytes <= SECRET_BYTES.max) return accepted(text);
  return refused(`must be ${SECRET_PREFIX} and then ${SECRET_BYTES.min} to ${SECRET_BYTES.max} bytes in base64`);
}

function bytesIn(base64: string): number {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return 0;
  return (base64.length / 4) * 3 - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);
}

const pace: Pace = {
  ...REMOTE_PACE,
  timeoutMs: 15_000,
  flightMaxMs: 60_000,
  retryMinMs: 1_000,
  retryMaxMs: 24 * 3_600_000,
  breakerFailures: 20,
  breakerOpenMs: 60_000,
};

export const webhook: SystemKind = {
  name: 'webhook',
  note: 'An address that is told of each transition, one event for each.',
  reach: 'events',
  serves: [],
  settings: {
    url: httpUrl('Where events are posted; in the form restcomm the base, before /notifications.'),
    form: {
      type: 'text',
      max: 16,
      oneOf: WEBHOOK_FORMS,
      default: 'standard',
      note: 'standard: Standard Webhooks. restcomm: the notification of an application server.',
    },
    types: {
      type: 'text_list',
      max: 64,
      read: (text) =>
        (EVENT_TYPES as readonly string[]).includes(text)
          ? accepted(text)
          : refused(`must be one of ${EVENT_TYPES.join(', ')}`, text),
      note: 'Only events of these types; all when it is empty.',
    },
  },
  secrets: {
    secret: {
      type: 'text',
      max: 128,
      read: readWebhookSecret,
      secret: true,
      note: 'Signs what is sent in the form standard; made when it is absent, and shown once.',
    },
    formerSecret: {
      type: 'text',
      max: 128,
      read: readWebhookSecret,
      secret: true,
      note: 'Signs too, while the receiver changes over to another.',
    },
    headers: { type: 'json', read: readHeaders, secret: true, note: 'Headers that go with each request, by name.' },
    sid: { type: 'text', max: 128, secret: true, note: 'The name for Basic authentication in the form restcomm.' },
    token: { type: 'text', max: 256, secret: true, note: 'The password that goes with it.' },
  },
  sends: ['headers', 'sid', 'token'],
  pace,
  observes: false,
  judge(settings: Values, secrets: Values, errors: FieldError[]) {
    if (settings['form'] !== 'restcomm') return;
    for (const name of ['sid', 'token'])
      if (typeof secrets[name] !== 'string')
        errors.push({ field: name, message: 'is missing: the form restcomm sends it by Basic authentication' });
  },
  generate(settings: Values, secrets: Values, random: (bytes: number) => Uint8Array): Values {
    if (settings['form'] === 'restcomm' || typeof secrets['secret'] === 'string') return {};
    return { secret: `${SECRET_PREFIX}${base64Of(random(SECRET_BYTES.made))}` };
  },
  readReference: () => refused('cannot be given: a webhook follows events'),
  desired: () => NOTHING,
  verb: () => null,
};

function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** What the request itself needs, or what would make it another one. */
const RESERVED =
  /^(?:webhook-.*|host|content-.*|connection|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*)$/;

function readHeaders(value: unknown): Reading<Json> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refused('must be an object of names and texts');
  const headers = Object.entries(value as Readonly<Record<string, unknown>>); // An object, as was just seen.
  if (headers.length > HEADERS_MAX) return refused(`must have at most ${HEADERS_MAX} headers`);
  for (const [name, text] of headers) {
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name)) return refused('must have names of headers');
    if (RESERVED.test(name.toLowerCase())) return refused('must not have a header that is set by itself', name);
    if (typeof text !== 'string' || !/^[\t\x20-\x7e]{0,4096}$/.test(text))
      return refused(`must have printable text for ${name}`);
  }
  return accepted(value as Json); // Its members were just read.
}
