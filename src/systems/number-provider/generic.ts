/**
 * The generic provider: a small JSON interface over HTTP, which an operator can put before any carrier.
 *
 * It is described for those who implement it in docs/systems/number-provider.md.
 */
import {
  CAPABILITIES,
  type Capability,
  type HeldNumber,
  type NumberCriteria,
  type OfferedNumber,
  type Purchase,
} from '#core/number-market.ts';
import type { Values } from '#core/field.ts';
import { type CallAnswer, SystemFailure, isObject, placeOf, readJson } from '#systems/http-call.ts';

import { addressOf, ask, failedPurchase, unexpectedAnswer } from './ask.ts';
import type { Asking, NumberProvider, Release } from './provider.ts';

/** So many pages of a search are followed: a provider that always has another one is not asked for ever. */
const PAGES_MAX = 20;

export function genericProvider(settings: Values, secrets: Values): NumberProvider {
  const headers = { authorization: `Bearer ${String(secrets['token'])}`, accept: 'application/json' };
  const get = (url: URL, asking: Asking) => ask(url, { headers }, asking);

  async function pages<T>(url: URL, limit: number, asking: Asking, readOne: (given: unknown) => T): Promise<T[]> {
    const found: T[] = [];
    for (let page = 0; page < PAGES_MAX && found.length < limit; page++) {
      const answer = await get(url, asking);
      if (answer.status !== 200) throw unexpectedAnswer(url, answer, messageOf(answer));
      const body = readJson(url, answer);
      if (!isObject(body) || !Array.isArray(body['numbers'])) throw malformed(url, 'numbers');
      found.push(...body['numbers'].map(readOne));
      if (typeof body['next'] !== 'string') break;
      url.searchParams.set('cursor', body['next']);
    }
    return found.slice(0, limit);
  }

  async function find(number: string, asking: Asking): Promise<HeldNumber[]> {
    const url = addressOf(settings, 'numbers');
    url.searchParams.set('number', number);
    const held = await pages(url, Number.POSITIVE_INFINITY, asking, (given) => readHeld(url, given));
    return held.filter((one) => one.number === number);
  }

  async function buy(number: string, requestId: string, asking: Asking): Promise<Purchase> {
    const url = addressOf(settings, 'numbers');
    let answer: CallAnswer;
    try {
      answer = await ask(
        url,
        {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': requestId },
          body: JSON.stringify({ number, requestId }),
        },
        asking,
      );
    } catch (error) {
      return failedPurchase(error, null);
    }
    if (answer.status === 200 || answer.status === 201) {
      const held = tryRead(() => readHeld(url, readJson(url, answer)));
      // What was bought is known by asking again.
      if (held === null || held.number !== number)
        return { type: 'unknown', detail: `${placeOf(url)} answered a purchase without saying what it is` };
      return { type: 'bought', held };
    }
    if (answer.status === 409 && codeOf(answer) === 'not_available') {
      // An earlier request may have bought it whose answer was lost, with a provider that forgets keys.
      try {
        const mine = (await find(number, asking)).find((one) => one.requestId === requestId);
        if (mine !== undefined) return { type: 'bought', held: mine };
      } catch (error) {
        return { ...failedPurchase(error, null), type: 'unknown', detail: detailOf(error) };
      }
      return { type: 'refused', code: 'not_available', detail: messageOf(answer) ?? 'somebody else has the number' };
    }
    if (answer.status === 409 && codeOf(answer) === 'already_held')
      return { type: 'refused', code: 'already_held', detail: messageOf(answer) ?? 'the provider has it for you' };
    return failedPurchase(unexpectedAnswer(url, answer, messageOf(answer)), answer.status);
  }

  return {
    search(criteria: NumberCriteria, asking) {
      const url = addressOf(settings, 'available-numbers');
      const { country, numberClass, areaCode, contains, limit } = criteria;
      for (const [name, value] of Object.entries({ country, class: numberClass, areaCode, contains, limit }))
        if (value !== undefined) url.searchParams.set(name, String(value));
      return pages(url, limit, asking, (given) => readOffered(url, given, criteria));
    },
    buy,
    find,
    async read(reference, asking) {
      const url = addressOf(settings, 'numbers', reference);
      const answer = await get(url, asking);
      if (answer.status === 404 || answer.status === 410) return null;
      if (answer.status !== 200) throw unexpectedAnswer(url, answer, messageOf(answer));
      return readHeld(url, readJson(url, answer));
    },
    async release(reference, requestId, asking): Promise<Release> {
      const url = addressOf(settings, 'numbers', reference);
      const answer = await ask(
        url,
        { method: 'DELETE', headers: { ...headers, 'idempotency-key': requestId } },
        asking,
      );
      switch (answer.status) {
        case 200:
        case 204:
          return 'released';
        case 202:
          return 'releasing';
        case 404:
        case 410:
          return 'gone';
        default:
          if (answer.status === 409 && codeOf(answer) === 'port_out_pending') return 'port_out_pending';
          throw unexpectedAnswer(url, answer, messageOf(answer));
      }
    },
  };
}

function malformed(url: URL, what: string): SystemFailure {
  return new SystemFailure(`${placeOf(url)} answered without a right "${what}"`, 'never');
}

function readHeld(url: URL, given: unknown): HeldNumber {
  if (!isObject(given)) throw malformed(url, 'number');
  const { reference, number, requestId, capabilities, releasing } = given;
  if (typeof reference !== 'string' || reference === '') throw malformed(url, 'reference');
  if (typeof number !== 'string') throw malformed(url, 'number');
  return {
    reference,
    number,
    requestId: typeof requestId === 'string' ? requestId : null,
    capabilities: readCapabilities(capabilities),
    isReleasing: releasing === true,
  };
}

function readOffered(url: URL, given: unknown, criteria: NumberCriteria): OfferedNumber {
  if (!isObject(given) || typeof given['number'] !== 'string') throw malformed(url, 'number');
  const text = (name: string) => (typeof given[name] === 'string' ? given[name] : undefined);
  const cost = given['monthlyCost'];
  return {
    number: given['number'],
    country: text('country') ?? criteria.country,
    numberClass: criteria.numberClass,
    friendlyName: text('friendlyName'),
    locality: text('locality'),
    region: text('region'),
    postalCode: text('postalCode'),
    capabilities: readCapabilities(given['capabilities']),
    monthlyCost:
      isObject(cost) && typeof cost['amount'] === 'string' && typeof cost['currency'] === 'string'
        ? { amount: cost['amount'], currency: cost['currency'] }
        : undefined,
  };
}

function readCapabilities(given: unknown): Capability[] {
  return Array.isArray(given) ? CAPABILITIES.filter((one) => given.includes(one)) : [];
}

function errorOf(answer: CallAnswer): Readonly<Record<string, unknown>> {
  const body = tryRead(() => JSON.parse(answer.text) as unknown);
  return isObject(body) && isObject(body['error']) ? body['error'] : {};
}

function codeOf(answer: CallAnswer): string | null {
  const { code } = errorOf(answer);
  return typeof code === 'string' ? code : null;
}

function messageOf(answer: CallAnswer): string | null {
  const { message } = errorOf(answer);
  return typeof message === 'string' ? message : null;
}

function tryRead<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
