/**
 * Handing calls and messages over for operations, as JSON over HTTP. Nothing is kept between two requests.
 *
 * It is described for those who implement it in docs/systems/call-platform.md.
 */
import type { CallPlatform, Handed, PlatformPlace } from '#core/call-platform.ts';
import { sidOf } from '#core/sid.ts';
import { type CallAnswer, SystemFailure, callSystem, isObject, placeOf } from '#systems/http-call.ts';

const TOLD_MAX = 300;

export function makeCallPlatform(): CallPlatform {
  return {
    call: (place, order) => post(place, ['calls'], order.id, { ...order, sid: sidOf('call', order.id) }),
    changeCall: (place, id, change) => post(place, ['calls', id], null, change),
    message: (place, order) => post(place, ['messages'], order.id, { ...order, sid: sidOf('message', order.id) }),
  };
}

async function post(
  { settings, secrets, timeoutMs }: PlatformPlace,
  path: readonly string[],
  key: string | null,
  body: object,
): Promise<Handed> {
  const base = String(settings['url']).replace(/\/+$/, '');
  const url = new URL(`${base}/${path.map(encodeURIComponent).join('/')}`);
  let answer: CallAnswer;
  try {
    answer = await callSystem(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${String(secrets['token'])}`,
        accept: 'application/json',
        'content-type': 'application/json',
        ...(key === null ? {} : { 'idempotency-key': key }),
      },
      body: JSON.stringify(body),
      timeoutMs,
    });
  } catch (error) {
    if (!(error instanceof SystemFailure)) throw error;
    return { type: error.isUnanswered ? 'unknown' : 'failed', detail: error.message };
  }
  return handed(url, answer);
}

function handed(url: URL, answer: CallAnswer): Handed {
  const { status } = answer;
  const body = read(answer);
  if (status >= 200 && status < 300) {
    const said = body['status'];
    return { type: 'accepted', status: typeof said === 'string' ? said : null };
  }
  const error = body['error'];
  const told = isObject(error) && typeof error['message'] === 'string' ? `: ${shorten(error['message'])}` : '';
  const detail = `${placeOf(url)} answered ${status}${told}`;
  if (status === 404 || status === 410) return { type: 'gone', detail };
  // A token that is mended, and a platform that is less busy, take it later.
  if (status === 401 || status === 403 || status === 429 || status === 503) return { type: 'failed', detail };
  return { type: status >= 500 ? 'unknown' : 'refused', detail };
}

function read({ text }: CallAnswer): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) ? body : {};
  } catch {
    return {};
  }
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > TOLD_MAX ? `${line.slice(0, TOLD_MAX)}…` : line;
}
