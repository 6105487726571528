/** What the answer of an endpoint means: done, running, already so, or failed, and whether trying again helps. */
import type { ApsVerb } from '#core/systems/aps-state.ts';
import { isObject } from '#systems/http-call.ts';

import type { Clean } from './foreign-text.ts';
import type { ApsReply } from './request.ts';

export interface Failed {
  readonly type: 'failed';
  readonly again: 'later' | 'never';
  readonly code: string;
  readonly detail: string;
  readonly afterMs?: number | undefined;
  /** It broke in the middle: it may have done it. */
  readonly mayHaveActed?: boolean;
  /** The endpoint could not be asked: what runs there goes on. */
  readonly isPassing: boolean;
}

export type Answer =
  | { readonly type: 'done'; readonly note: string | undefined }
  | { readonly type: 'running'; readonly afterMs: number; readonly text: string | undefined }
  /** It is already so: done after a lost reply, and else as `otherwise`. */
  | { readonly type: 'already'; readonly otherwise: Failed }
  | { readonly type: 'lost'; readonly detail: string }
  | Failed;

const ACCEPTED: Readonly<Record<ApsVerb, readonly number[]>> = {
  provision: [200, 201, 204],
  configure: [200, 204],
  disable: [200, 204],
  enable: [200, 204],
  // 405: the endpoint has nothing to remove.
  unprovision: [200, 204, 405],
};
/** The answers that say "it is already so". */
const ALREADY: Readonly<Record<ApsVerb, readonly number[]>> = {
  provision: [409],
  configure: [],
  disable: [409],
  enable: [409],
  unprovision: [404, 410],
};
/** What a 409 may call itself that says something else than "already so". */
const NOT_ALREADY: ReadonlySet<string> = new Set(['Busy', 'Suspended']);
const OPPOSITE: Readonly<Partial<Record<ApsVerb, string>>> = { disable: 'AlreadyReady', enable: 'AlreadyDisabled' };
/** Passing troubles of the endpoint, or of what stands before it. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);
const HOUR_MS = 3_600_000;
/** An endpoint that asks for more than this is asked after an hour all the same. */
const RETRY_AFTER_MAX_MS = HOUR_MS;
const POLL_DEFAULT_S = 30;
const POLL_MIN_S = 1;
const POLL_MAX_S = 600;

/** Reads what came of a verb. `instanceId` is named where the endpoint does not know us; `nowMs` is milliseconds since 1970. */
export function readAnswer(
  verb: ApsVerb,
  reply: ApsReply,
  context: { readonly clean: Clean; readonly instanceId: string; readonly nowMs: number },
): Answer {
  if (reply.type === 'lost') return { type: 'lost', detail: `${verb}: ${reply.detail}.` };
  if (reply.type === 'unsent') {
    const detail = `${verb}: ${reply.detail}.`;
    return reply.code === 'tls'
      ? { type: 'failed', again: 'never', code: 'tls', detail, afterMs: HOUR_MS, isPassing: true }
      : { type: 'failed', again: 'later', code: reply.code, detail, isPassing: true };
  }
  const { clean } = context;
  const body = readBody(reply.text);
  const inBody = reply.status >= 200 && reply.status < 300 ? errorIn(body) : null;
  const status = inBody ?? reply.status;
  if (inBody === null) {
    if (status === 202) {
      const info = textOf(reply.headers['aps-info']);
      const afterMs = pollAfterMs(reply.headers['aps-retry-timeout']);
      return { type: 'running', afterMs, text: info === null ? undefined : clean(info) };
    }
    if (ACCEPTED[verb].includes(status)) return { type: 'done', note: noteOn(verb, status, reply.text, body) };
  }
  const said = sentenceIn(body) ?? (reply.text.trim() === '' ? null : 'an answer that is no JSON with a message');
  const words = said === null ? '' : `: ${clean(said)}`;
  const where = inBody === null ? '' : ` with an error in its body (${inBody})`;
  const failed: Failed = {
    type: 'failed',
    ...judge(verb, status, reply.headers['retry-after'], context),
    detail: `${verb} was answered ${reply.status}${where}${words}${words.endsWith('.') ? '' : '.'}`,
    isPassing: PASSING.has(status),
    mayHaveActed: status >= 500,
  };
  const isTransient = textOf(reply.headers['aps-transient-error']);
  if (isTransient !== null && /^\s*false\s*$/i.test(isTransient))
    return byHand({ ...failed, again: 'never', code: 'not_transient' }, 'It says that repeating does not help.');
  const name = nameIn(body);
  if (status === 409 && name === 'Busy')
    return { ...failed, again: 'later', code: 'resource_busy', isPassing: true, afterMs: undefined };
  if (status === 401 || status === 403)
    return {
      ...failed,
      code: 'credentials',
      detail: `${failed.detail} It refuses our key or certificate, or does not know the instance ${context.instanceId}.`,
    };
  if (!ALREADY[verb].includes(status) || isTransient !== null) return failed;
  if (NOT_ALREADY.has(name) || OPPOSITE[verb] === name) return failed;
  // What was confirmed last is not so there: whatever is desired next is told, even if it is just that.
  return {
    type: 'already',
    otherwise: byHand(
      { ...failed, again: 'never', code: 'drift', mayHaveActed: true },
      'The endpoint says it is already so, though it was not told: possible drift.',
    ),
  };
}

/** The object in an answer; null for anything else. */
export function readBody(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) ? body : null;
  } catch {
    return null;
  }
}

/** The code of an error in the body of a 2xx; null when there is none. An error without a number counts as 500. */
export function errorIn(body: Readonly<Record<string, unknown>> | null): number | null {
  if (body === null) return null;
  const code = [body['code'], body['status_code']].find((value) => typeof value === 'number' && value >= 400);
  if (typeof code === 'number') return code;
  const { error } = body;
  const isNamed = error !== undefined && error !== null && error !== '' && error !== false;
  return isNamed && body['aps'] === undefined ? 500 : null;
}

function judge(
  verb: ApsVerb,
  status: number,
  retryAfter: string | undefined,
  { nowMs }: { readonly nowMs: number },
): Pick<Failed, 'again' | 'code' | 'afterMs'> {
  if ((status >= 500 && status < 600) || PASSING.has(status))
    return {
      again: 'later',
      // A 500 may be the trouble of one resource; the others speak of the endpoint as a whole.
      code: status === 429 ? 'overloaded' : PASSING.has(status) ? 'unavailable' : 'endpoint_failed',
      afterMs: readRetryAfter(retryAfter, nowMs),
    };
  const code =
    status >= 300 && status < 400 ? 'redirected' : status === 409 && verb === 'configure' ? 'suspended' : 'refused';
  return { again: 'never', code, afterMs: HOUR_MS };
}

function byHand(failed: Failed, sentence: string): Failed {
  return { ...failed, detail: `${failed.detail} ${sentence}`, afterMs: undefined, isPassing: false };
}

function noteOn(verb: ApsVerb, status: number, text: string, body: unknown): string | undefined {
  if (status === 405) return 'The endpoint has no removal (405).';
  if (status === 204 && (verb === 'disable' || verb === 'enable'))
    return 'The endpoint answered 204: it may not know the resource at all.';
  return text.trim() === '' || body !== null ? undefined : 'The endpoint answered something that is no JSON object.';
}

/** `message` before `error`; the shapes in use carry a sentence in one of them, or in both. */
function sentenceIn(body: Readonly<Record<string, unknown>> | null): string | null {
  for (const value of [body?.['message'], body?.['error']])
    if (typeof value === 'string' && value.trim() !== '') return value;
  return null;
}

/** What an error calls itself: `error`, or `type` with the same value. */
function nameIn(body: Readonly<Record<string, unknown>> | null): string {
  for (const value of [body?.['error'], body?.['type']]) if (typeof value === 'string') return value;
  return '';
}

function pollAfterMs(header: string | string[] | undefined): number {
  const seconds = Number(textOf(header)?.trim() || Number.NaN);
  const asked = Number.isFinite(seconds) ? seconds : POLL_DEFAULT_S;
  return Math.round(Math.min(Math.max(asked, POLL_MIN_S), POLL_MAX_S) * 1000);
}

/** Seconds or a date, as HTTP has it; undefined when there is none. */
function readRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const afterMs = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(afterMs) ? Math.min(Math.max(afterMs, 0), RETRY_AFTER_MAX_MS) : undefined;
}

function textOf(header: string | string[] | undefined): string | null {
  return Array.isArray(header) ? (header[0] ?? null) : (header ?? null);
}
