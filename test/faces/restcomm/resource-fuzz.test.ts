/** Whatever is written into the forms and queries about resources, the answer is one of Restcomm's, and can be read. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { XMLValidator } from 'fast-xml-parser';

import { HOSTILE_TEXTS } from '#test/hostile.ts';
import { restcommNumbers } from '#test/restcomm-numbers.ts';
import type { Form } from '#test/telephony-world.ts';

import { makeRandom } from '../../../scripts/random.ts';

const here = await restcommNumbers({ after });
const { child, as, buy } = here;
const random = makeRandom(20_120_424);
const pick = <T>(list: readonly T[]): T => {
  const one = list[Math.floor(random() * list.length)];
  if (one === undefined) throw new Error('nothing to pick from');
  return one;
};

const NAMES: Readonly<Record<string, readonly string[]>> = {
  Clients: [
    'Login',
    'Password',
    'FriendlyName',
    'Status',
    'VoiceUrl',
    'VoiceMethod',
    'VoiceApplicationSid',
    'IsPushEnabled',
  ],
  Applications: ['FriendlyName', 'RcmlUrl', 'Kind', 'VoiceCallerIdLookup'],
  OutgoingCallerIds: ['PhoneNumber', 'FriendlyName'],
  IncomingPhoneNumbers:
    `PhoneNumber AreaCode isSIP FriendlyName VoiceUrl VoiceMethod SmsFallbackMethod StatusCallback ReferUrl SmsApplicationSid
      UssdApplicationSid VoiceCapable OrganizationSid`.split(/\s+/),
};
const QUERIES = [
  'Page',
  'PageSize',
  'PhoneNumber',
  'FriendlyName',
  'SortBy',
  'Reverse',
  'AreaCode',
  'Contains',
  'RangeSize',
];
const QUERIES_MORE = ['RangeIndex', 'InRegion', 'InPostalCode', 'SmsEnabled', 'AfterSid'];
const VALUES = [
  ...HOSTILE_TEXTS,
  'true',
  '-1',
  '0',
  '1',
  '99999999',
  '9999999999999999999999',
  'Infinity',
  'GET',
  'RestComm1234',
  '+31208005110',
  'alice',
  'x'.repeat(5000),
  '*'.repeat(200),
  '\uD800',
  '\uFFFE',
  child.sid,
];

function formOf(names: readonly string[]): Form {
  return Object.fromEntries(names.filter(() => random() < 0.6).map((name) => [name, pick(VALUES)]));
}

test('nothing makes an error of ours, and every answer is XML or JSON that can be read', async () => {
  const ones: Record<string, string> = { IncomingPhoneNumbers: await buy('+31208005111') };
  for (const [kind, form] of [
    ['Clients', { Login: 'fuzzed', Password: 'RestComm1234' }],
    ['Applications', { FriendlyName: 'fuzzed' }],
    ['OutgoingCallerIds', { PhoneNumber: '+31208005111' }],
  ] as const)
    ones[kind] = String((await as(child)('POST', `/Accounts/${child.sid}/${kind}.json`, form)).body['sid']);
  const statuses = new Map<number, number>();
  for (let turn = 0; turn < 600; turn++) {
    const kind = pick(Object.keys(NAMES));
    const query = new URLSearchParams(formOf(pick([QUERIES, QUERIES_MORE]))).toString();
    const place = `/Accounts/${child.sid}/${kind}`;
    const [method, path] = pick([
      ['GET', `${place}?${query}`],
      [
        'GET',
        `/Accounts/${child.sid}/AvailablePhoneNumbers/${encodeURIComponent(pick(['NL', 'x', ...VALUES]).toWellFormed())}/Local?${query}`,
      ],
      ['POST', place],
      ['POST', `${place}/${encodeURIComponent(pick(VALUES).toWellFormed())}`],
      ['PUT', `${place}/${ones[kind]}`],
      ['GET', `${place}/${ones[kind]}`],
    ] as const);
    const format = pick(['application/json', 'text/xml']);
    const answer = await as(child)(method, path, method === 'GET' ? undefined : formOf(NAMES[kind] ?? []), {
      accept: format,
    });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    assert.ok(answer.status < 500, `${method} ${path}: ${answer.status} ${answer.text}`);
    const type = String(answer.headers['content-type'] ?? '');
    if (type.includes('xml')) {
      assert.equal(XMLValidator.validate(answer.text), true, `${method} ${path}: ${answer.text}`);
      // XML 1.0 has no such characters, however they are written.
      // oxlint-disable-next-line no-control-regex -- They are what is looked for.
      assert.doesNotMatch(answer.text, /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|&#(x0*[01]?[0-8bcef];)/i);
    }
  }
  for (const status of [200, 400, 404])
    assert.ok((statuses.get(status) ?? 0) > 10, `${status} of ${[...statuses].join(' ')}`);
});
