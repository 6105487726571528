/** The dialect of Twilio, byte by byte as its documentation has it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Asked, type Replied, startSimulator } from '#systems/simulator.ts';

import { placeOf } from './carrier-for-test.ts';
import { makeNumberMarket } from './market.ts';
import { SIMULATED_ACCOUNT, SIMULATED_TOKEN } from './simulator.ts';
import { twilioProvider } from './twilio.ts';

const BASE = `/2010-04-01/Accounts/${SIMULATED_ACCOUNT}`;
const ID = '00000000-0000-4000-8000-000000000001';
const ASKING = { timeoutMs: 20_000 };

/** An account's number, with all that Twilio answers. */
const HELD = {
  account_sid: SIMULATED_ACCOUNT,
  address_requirements: 'none',
  address_sid: null,
  api_version: '2010-04-01',
  beta: false,
  bundle_sid: null,
  capabilities: { fax: false, mms: true, sms: true, voice: true },
  date_created: 'Thu, 30 Jul 2015 23:19:04 +0000',
  date_updated: 'Thu, 30 Jul 2015 23:19:04 +0000',
  emergency_address_sid: null,
  emergency_address_status: 'unregistered',
  emergency_status: 'Active',
  friendly_name: `Abeyance ${ID}`,
  identity_sid: null,
  origin: 'origin',
  phone_number: '+18089255327',
  sid: 'PNaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  sms_application_sid: '',
  sms_fallback_method: 'POST',
  sms_fallback_url: '',
  sms_method: 'POST',
  sms_url: '',
  status: 'in-use',
  status_callback: '',
  status_callback_method: 'POST',
  trunk_sid: null,
  type: 'local',
  uri: `${BASE}/IncomingPhoneNumbers/PNaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.json`,
  voice_application_sid: '',
  voice_caller_id_lookup: false,
  voice_fallback_method: 'POST',
  voice_fallback_url: null,
  voice_method: 'POST',
  voice_url: null,
};

async function withServer(
  answer: (asked: Asked) => Replied,
  work: (origin: string, asked: Asked[]) => Promise<void>,
): Promise<void> {
  const asked: Asked[] = [];
  const server = await startSimulator((one) => {
    asked.push(one);
    return answer(one);
  });
  try {
    await work(server.origin, asked);
  } finally {
    await server.stop();
  }
}

function providerAt(origin: string, more: Readonly<Record<string, string>> = {}) {
  return twilioProvider({ url: `${origin}/`, accountSid: SIMULATED_ACCOUNT, ...more }, { token: SIMULATED_TOKEN });
}

const basic = (user: string) => `Basic ${Buffer.from(`${user}:${SIMULATED_TOKEN}`).toString('base64')}`;

test('a number is bought by a form, and read from the whole answer', () =>
  withServer(
    () => ({ status: 201, body: HELD }),
    async (origin, asked) => {
      assert.deepEqual(await providerAt(origin).buy('+18089255327', ID, ASKING), {
        type: 'bought',
        held: {
          reference: HELD.sid,
          number: '+18089255327',
          requestId: ID,
          capabilities: ['voice', 'sms', 'mms'],
          isReleasing: false,
        },
      });
      const [one] = asked;
      assert.equal(one?.method, 'POST');
      assert.equal(one?.url.pathname, `${BASE}/IncomingPhoneNumbers.json`);
      assert.equal(one?.headers['content-type'], 'application/x-www-form-urlencoded');
      assert.equal(one?.headers.authorization, basic(SIMULATED_ACCOUNT));
      assert.deepEqual(Object.fromEntries(new URLSearchParams(one?.body)), {
        PhoneNumber: '+18089255327',
        FriendlyName: `Abeyance ${ID}`,
      });
    },
  ));

test('a number is released by DELETE with an API key, and 404 with 20404 is gone', () =>
  withServer(
    ({ url }) =>
      url.pathname.includes('PNaaaa')
        ? { status: 204 }
        : {
            status: 404,
            body: { code: 20404, message: 'The requested resource was not found', more_info: 'x', status: 404 },
          },
    async (origin, asked) => {
      const key = `SK${'0'.repeat(32)}`;
      const provider = providerAt(origin, { apiKeySid: key });
      assert.equal(await provider.release(HELD.sid, ID, ASKING), 'released');
      assert.equal(await provider.release('PN00000000000000000000000000000000', ID, ASKING), 'gone');
      assert.equal(asked[0]?.method, 'DELETE');
      assert.equal(asked[0]?.url.pathname, `${BASE}/IncomingPhoneNumbers/${HELD.sid}.json`);
      assert.equal(asked[0]?.headers.authorization, basic(key));
    },
  ));

test('each class has its list, AreaCode is for North America, and elsewhere the digits are looked for', () =>
  withServer(
    () => ({
      status: 200,
      body: {
        available_phone_numbers: [
          {
            address_requirements: 'none',
            beta: false,
            capabilities: { MMS: true, SMS: false, voice: true },
            friendly_name: '(808) 925-1571',
            iso_country: 'US',
            lata: '834',
            latitude: '19.720000',
            locality: 'Hilo',
            longitude: '-155.090000',
            phone_number: '+18089251571',
            postal_code: '96720',
            rate_center: 'HILO',
            region: 'HI',
          },
        ],
        uri: '/x',
      },
    }),
    async (origin, asked) => {
      const provider = providerAt(origin);
      const found = await provider.search(
        { country: 'US', numberClass: 'toll_free', areaCode: '808', contains: '925', limit: 5 },
        ASKING,
      );
      assert.deepEqual(found, [
        {
          number: '+18089251571',
          country: 'US',
          numberClass: 'toll_free',
          friendlyName: '(808) 925-1571',
          locality: 'Hilo',
          region: 'HI',
          postalCode: '96720',
          capabilities: ['voice', 'mms'],
        },
      ]);
      await provider.search({ country: 'NL', numberClass: 'mobile', areaCode: '20', limit: 5 }, ASKING);
      await provider.search({ country: 'NL', numberClass: 'local', limit: 5 }, ASKING);
      assert.deepEqual(
        asked.map(({ url }) => `${url.pathname.slice(BASE.length)}${url.search}`),
        [
          '/AvailablePhoneNumbers/US/TollFree.json?AreaCode=808&Contains=925&PageSize=5',
          '/AvailablePhoneNumbers/NL/Mobile.json?Contains=20&PageSize=5',
          '/AvailablePhoneNumbers/NL/Local.json?PageSize=5',
        ],
      );
    },
  ));

const refusals = [
  { status: 400, code: 21421, type: 'refused', reason: 'a number that is invalid' },
  { status: 400, code: 21422, type: 'refused', reason: 'a number that is not available' },
  { status: 400, code: 21452, type: 'refused', reason: 'none of that area' },
  { status: 400, code: 21631, type: 'refused', reason: 'an address is needed' },
  { status: 400, code: 21649, type: 'refused', reason: 'a regulatory bundle is needed' },
  { status: 401, code: 20003, type: 'failed', reason: 'a wrong token' },
  { status: 403, code: 20003, type: 'failed', reason: 'a suspended account there' },
  { status: 429, code: 20429, type: 'failed', reason: 'too many requests' },
  { status: 500, code: 20500, type: 'unknown', reason: 'something went wrong inside' },
  { status: 503, code: 20503, type: 'unknown', reason: 'it is overloaded' },
  { status: 302, code: null, type: 'refused', reason: 'a redirect, which would carry the token elsewhere' },
] as const;
for (const { status, code, type, reason } of refusals)
  test(`a purchase that meets ${status} ${code ?? ''} is ${type}: ${reason}`, () =>
    withServer(
      ({ method }) =>
        method === 'GET'
          ? { status: 200, body: { incoming_phone_numbers: [] } }
          : { status, body: code === null ? '' : { code, message: 'No.', more_info: 'x', status } },
      async (origin) => {
        const place = placeOf('twilio', { origin });
        const purchase = await makeNumberMarket().buy(place, '+18089255327', ID);
        assert.equal(purchase.type, type, JSON.stringify(purchase));
        assert.ok(!JSON.stringify(purchase).includes(SIMULATED_TOKEN));
        if (code !== null && 'detail' in purchase) assert.match(purchase.detail, new RegExp(String(code)));
      },
    ));

test('Retry-After says when to come back', () =>
  withServer(
    () => ({ status: 429, headers: { 'retry-after': '7' }, body: { code: 20429, message: 'Slow down.' } }),
    async (origin) => {
      await assert.rejects(providerAt(origin).release(HELD.sid, ID, ASKING), { again: 'later', afterMs: 7_000 });
    },
  ));

test('a list that finds parts of numbers does not mislead', () =>
  withServer(
    () => ({ status: 200, body: { incoming_phone_numbers: [{ ...HELD, phone_number: '+180892553270' }] } }),
    async (origin) => assert.deepEqual(await providerAt(origin).find('+18089255327', ASKING), []),
  ));
