/**
 * A provider that speaks as Twilio does: AvailablePhoneNumbers and IncomingPhoneNumbers of the API 2010-04-01.
 *
 * It knows no idempotency keys. A purchase names one number, which the provider sells once, and carries our request id in
 * its FriendlyName: by that we know our own purchase again, and take no number that was bought otherwise.
 */
import type { Capability, HeldNumber, NumberClass, OfferedNumber, Purchase } from '#core/number-market.ts';
import type { Values } from '#core/field.ts';
import { type CallAnswer, SystemFailure, isObject, placeOf, readJson } from '#systems/http-call.ts';

import { addressOf, ask, failedPurchase, unexpectedAnswer } from './ask.ts';
import type { Asking, NumberProvider } from './provider.ts';

const VERSION = '2010-04-01';
const CLASS_PATH: Readonly<Record<NumberClass, string>> = {
  local: 'Local.json',
  mobile: 'Mobile.json',
  toll_free: 'TollFree.json',
};
const MARK = 'Abeyance ';
/** "PhoneNumber is not available": Twilio has it not, or keeps it for another account. */
const NOT_AVAILABLE = 21422;
/** "No phone numbers found in area code", and what compatible servers answer for any number that they cannot sell. */
const NONE_FOUND = 21452;
const NOT_FOUND = 20404;

export function twilioProvider(settings: Values, secrets: Values): NumberProvider {
  const account = String(settings['accountSid']);
  const user = typeof settings['apiKeySid'] === 'string' ? settings['apiKeySid'] : account;
  const credentials = Buffer.from(`${user}:${String(secrets['token'])}`).toString('base64');
  const headers = { authorization: `Basic ${credentials}`, accept: 'application/json' };
  const address = (...parts: string[]) => addressOf(settings, VERSION, 'Accounts', account, ...parts);

  async function read(url: URL, asking: Asking): Promise<Readonly<Record<string, unknown>> | null> {
    const answer = await ask(url, { headers }, asking);
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw unexpectedAnswer(url, answer, errorOf(answer).message);
    const body = readJson(url, answer);
    if (!isObject(body)) throw malformed(url);
    return body;
  }

  async function find(number: string, asking: Asking): Promise<HeldNumber[]> {
    const url = address('IncomingPhoneNumbers.json');
    url.searchParams.set('PhoneNumber', number);
    const body = await read(url, asking);
    const list = body?.['incoming_phone_numbers'];
    if (!Array.isArray(list)) throw malformed(url);
    // The filter of the provider also finds parts of numbers.
    return list.map((given) => readHeld(url, given)).filter((one) => one.number === number);
  }

  async function refusedAsTaken(number: string, requestId: string, detail: string, asking: Asking): Promise<Purchase> {
    try {
      const held = await find(number, asking);
      const mine = held.find((one) => one.requestId === requestId);
      if (mine !== undefined) return { type: 'bought', held: mine };
      return { type: 'refused', code: held.length > 0 ? 'already_held' : 'not_available', detail };
    } catch (error) {
      if (error instanceof SystemFailure) return { type: 'unknown', detail: error.message };
      throw error;
    }
  }

  return {
    async search({ country, numberClass, areaCode, contains, limit }, asking) {
      const url = address('AvailablePhoneNumbers', country, CLASS_PATH[numberClass]);
      if (areaCode !== undefined) {
        // AreaCode is for the numbering plan of North America; elsewhere the digits are looked for.
        if (country === 'US' || country === 'CA') url.searchParams.set('AreaCode', areaCode);
        else if (contains === undefined) url.searchParams.set('Contains', areaCode);
      }
      if (contains !== undefined) url.searchParams.set('Contains', contains);
      url.searchParams.set('PageSize', String(limit));
      const body = await read(url, asking);
      if (body === null) return []; // It has no numbers of the class in that country.
      const list = body['available_phone_numbers'];
      if (!Array.isArray(list)) throw malformed(url);
      return list.slice(0, limit).map((given) => readOffered(url, given, country, numberClass));
    },
    async buy(number, requestId, asking) {
      const url = address('IncomingPhoneNumbers.json');
      const body = new URLSearchParams({ PhoneNumber: number, FriendlyName: `${MARK}${requestId}` }).toString();
      let answer: CallAnswer;
      try {
        answer = await ask(
          url,
          { method: 'POST', headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body },
          asking,
        );
      } catch (error) {
        return failedPurchase(error, null);
      }
      const { code, message } = errorOf(answer);
      if (answer.status === 200 || answer.status === 201)
        try {
          return { type: 'bought', held: readHeld(url, readJson(url, answer)) };
        } catch (error) {
          return failedPurchase(error, null); // Something was bought; what it is is known by looking.
        }
      if (code === NOT_AVAILABLE || code === NONE_FOUND)
        return refusedAsTaken(number, requestId, message ?? `refused with ${code}`, asking);
      return failedPurchase(unexpectedAnswer(url, answer, message), answer.status);
    },
    find,
    async read(reference, asking) {
      const url = address('IncomingPhoneNumbers', `${reference}.json`);
      const body = await read(url, asking);
      return body === null ? null : readHeld(url, body);
    },
    async release(reference, _requestId, asking) {
      const url = address('IncomingPhoneNumbers', `${reference}.json`);
      const answer = await ask(url, { method: 'DELETE', headers }, asking);
      if (answer.status === 204 || answer.status === 200) return 'released';
      const { code, message } = errorOf(answer);
      if (answer.status === 404 || code === NOT_FOUND) return 'gone';
      throw unexpectedAnswer(url, answer, message);
    },
  };
}

function malformed(url: URL): SystemFailure {
  return new SystemFailure(
    `${placeOf(url)} answered ${url.pathname} with something that is no list of numbers`,
    'never',
  );
}

function readHeld(url: URL, given: unknown): HeldNumber {
  if (!isObject(given) || typeof given['sid'] !== 'string' || typeof given['phone_number'] !== 'string')
    throw malformed(url);
  const name = given['friendly_name'];
  return {
    reference: given['sid'],
    number: given['phone_number'],
    requestId: typeof name === 'string' && name.startsWith(MARK) ? name.slice(MARK.length) : null,
    capabilities: readCapabilities(given['capabilities']),
    isReleasing: false,
  };
}

function readOffered(url: URL, given: unknown, country: string, numberClass: NumberClass): OfferedNumber {
  if (!isObject(given) || typeof given['phone_number'] !== 'string') throw malformed(url);
  const text = (name: string) => (typeof given[name] === 'string' ? given[name] : undefined);
  return {
    number: given['phone_number'],
    country: text('iso_country') ?? country,
    numberClass,
    friendlyName: text('friendly_name'),
    locality: text('locality'),
    region: text('region'),
    postalCode: text('postal_code'),
    capabilities: readCapabilities(given['capabilities']),
  };
}

/** `{"voice": true, "SMS": true, …}`, in capitals where numbers are offered and small where they are held. */
function readCapabilities(given: unknown): Capability[] {
  if (!isObject(given)) return [];
  const has = (name: string) => given[name] === true || given[name.toUpperCase()] === true;
  return (['voice', 'sms', 'mms', 'fax'] as const).filter(has);
}

/** The error object: `{"code": 20404, "message": "…", "more_info": "…", "status": 404}`. */
function errorOf({ text }: CallAnswer): { readonly code: number | null; readonly message: string | null } {
  try {
    const body = JSON.parse(text) as unknown;
    if (!isObject(body)) return { code: null, message: null };
    const { code, message } = body;
    return {
      code: typeof code === 'number' ? code : null,
      message: typeof message === 'string' ? (typeof code === 'number' ? `${message} (${code})` : message) : null,
    };
  } catch {
    return { code: null, message: null };
  }
}
