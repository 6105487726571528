/** One request to a number provider, and what an answer means that is none of the expected. */
import type { Purchase } from '#core/number-market.ts';
import type { Values } from '#core/field.ts';
import { type CallAnswer, type CallOptions, SystemFailure, callSystem, placeOf } from '#systems/http-call.ts';

import type { Asking } from './provider.ts';

/** The address beneath the base address; each part is one segment. */
export function addressOf(settings: Values, ...parts: readonly string[]): URL {
  const base = String(settings['url']).replace(/\/+$/, '');
  return new URL(`${base}/${parts.map(encodeURIComponent).join('/')}`);
}

export function ask(url: URL, options: CallOptions, { timeoutMs, signal }: Asking): Promise<CallAnswer> {
  return callSystem(url, { ...options, timeoutMs, signal });
}

/** What an answer means that is none of the expected; `told` is what the provider said, for people. */
export function unexpectedAnswer(url: URL, { status, retryAfterMs }: CallAnswer, told: string | null): SystemFailure {
  const said = told === null ? '' : `: ${shorten(told)}`;
  if (status === 401 || status === 403)
    return new SystemFailure(`${placeOf(url)} refuses the token (${status})${said}`, 'never');
  if (status === 429)
    return new SystemFailure(`${placeOf(url)} is asked too often (429)${said}`, 'later', { afterMs: retryAfterMs });
  if (status >= 500)
    return new SystemFailure(`${placeOf(url)} answered ${status}${said}`, 'later', { afterMs: retryAfterMs });
  return new SystemFailure(`${placeOf(url)} answered ${status} to ${url.pathname}${said}`, 'never');
}

/** What a purchase came to whose request failed. Only what cannot have arrived, or was refused, bought nothing. */
export function failedPurchase(error: unknown, status: number | null): Purchase {
  if (!(error instanceof SystemFailure)) throw error;
  const detail = error.message;
  if (status === null && error.again === 'later' && !error.isUnanswered) return { type: 'failed', detail };
  if (status === 429) return { type: 'failed', detail };
  // An operator who mends the token can ask again; nothing was bought by a request that was not let in.
  if (status === 401 || status === 403) return { type: 'failed', detail };
  if (status !== null && status < 500) return { type: 'refused', code: 'refused', detail };
  return { type: 'unknown', detail };
}

const TOLD_MAX = 300;

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > TOLD_MAX ? `${line.slice(0, TOLD_MAX)}…` : line;
}
