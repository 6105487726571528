/** One HTTP request to a system: it ends in time, and fails with words that anybody may read. */

/** A system did not do as it was told. The message names the system and holds no credential. */
export class SystemFailure extends Error {
  override readonly name = 'SystemFailure';
  /** `later`: trying again may help. `never`: a person has to put something right. */
  readonly again: 'later' | 'never';
  /** It was sent, and no reply came: it may have acted. */
  readonly isUnanswered: boolean;
  /** How long the system asks to be left alone, in milliseconds. */
  readonly afterMs: number | undefined;

  constructor(
    message: string,
    again: 'later' | 'never',
    more: { readonly isUnanswered?: boolean; readonly afterMs?: number | undefined } = {},
  ) {
    super(message);
    this.again = again;
    this.isUnanswered = more.isUnanswered ?? false;
    this.afterMs = more.afterMs;
  }
}

/** It knows us not, or not with this key: whatever else it is asked, it refuses too. */
export class CredentialsRefused extends SystemFailure {
  readonly code = 'credentials';

  constructor(message: string) {
    super(message, 'never');
  }
}

export interface CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CallAnswer {
  readonly status: number;
  readonly text: string;
  /** What `Retry-After` says, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** A server on the same network that is silent for so long is not well. */
export const TIMEOUT_MS = 5_000;

/** The whole answer, whatever its status. Throws `SystemFailure`, or the reason of an aborted signal. */
export async function callSystem(url: URL, options: CallOptions = {}): Promise<CallAnswer> {
  const { method = 'GET', headers = {}, body, timeoutMs = TIMEOUT_MS, signal } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method,
      headers,
      // A redirect would carry the key to where nobody sent it.
      redirect: 'manual',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(body === undefined ? {} : { body }),
    });
    const retryAfterMs = readRetryAfter(response.headers.get('retry-after'));
    return { status: response.status, text: await response.text(), retryAfterMs };
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    if (timeout.aborted)
      throw new SystemFailure(`${placeOf(url)} did not answer within ${timeoutMs} ms`, 'later', { isUnanswered: true });
    const cause = causeOf(error);
    throw new SystemFailure(`${placeOf(url)} cannot be reached (${cause})`, 'later', {
      isUnanswered: !UNSENT.has(cause),
    });
  }
}

/** What a connection fails with before anything was sent on it. */
const UNSENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** A system that asks for more than a day is asked again after a day. */
const RETRY_AFTER_MAX_MS = 86_400_000;

/** Seconds, or a date (RFC 9110 section 10.2.3); undefined for anything else. */
function readRetryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS);
}

/** Where a system is, without anything that might be secret. */
export function placeOf(url: URL): string {
  return url.origin;
}

/** What an answer means that is none of the expected. */
export function unexpected(url: URL, { status }: CallAnswer): SystemFailure {
  if (status === 401 || status === 403)
    return new CredentialsRefused(`${placeOf(url)} refuses the key or the address (${status})`);
  if (status >= 500) return new SystemFailure(`${placeOf(url)} answered ${status}`, 'later');
  return new SystemFailure(
    `${placeOf(url)} answered ${status} to ${url.pathname}, which is not what was asked`,
    'never',
  );
}

/** The value of a JSON text; throws `SystemFailure` for anything else. */
export function readJson(url: URL, { text }: CallAnswer): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new SystemFailure(`${placeOf(url)} answered something that is no JSON`, 'never');
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : String(cause);
}
