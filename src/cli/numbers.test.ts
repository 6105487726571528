import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './canned-server.ts';
import { entity } from './canned-views.ts';

const SEARCH = 'GET /v1/number-providers/carrier/available-numbers';
const BUY = 'POST /v1/number-providers/carrier/purchases';
const number = entity({ kind: 'phone_number', label: '+31208005100' });

test('numbers that are offered are listed', async () => {
  const items = [
    {
      number: '+31208005100',
      country: 'NL',
      numberClass: 'local',
      locality: 'Amsterdam',
      capabilities: ['voice', 'sms'],
      monthlyCost: { amount: '1.00', currency: 'EUR' },
    },
    { number: '+31208005101', country: 'NL', numberClass: 'local', capabilities: [] },
  ];
  const ran = await run({ [SEARCH]: { items } }, [
    'numbers',
    'search',
    'carrier',
    '--country',
    'NL',
    '--area-code',
    '20',
  ]);
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /\+31208005100 +local +Amsterdam +voice, sms +1\.00 EUR/);
  assert.match(ran.out, /\+31208005101 +local +- +- +-/);
  assert.match(ran.asked[0]?.path ?? '', /country=NL&areaCode=20&limit=20$/);
  const none = await run({ [SEARCH]: { items: [] } }, ['numbers', 'search', 'carrier', '--country', 'NL']);
  assert.match(none.out, /Nothing that fits is offered/);
});

const bodies = [
  {
    args: ['+31208005100', 'friendlyName=Desk'],
    body: { account: 'ref:C-1', number: '+31208005100', fields: { friendlyName: 'Desk' } },
    reason: 'a number with a field',
  },
  {
    args: ['--country', 'NL', '--class', 'mobile', '--contains', '51'],
    body: { account: 'ref:C-1', criteria: { country: 'NL', class: 'mobile', contains: '51' } },
    reason: 'any that fits',
  },
  { args: [], body: null, reason: 'nothing at all' },
  { args: ['+31208005100', '--country', 'NL'], body: null, reason: 'both' },
  { args: ['+31208005100', '+31208005101'], body: null, reason: 'two numbers' },
];
for (const { args, body, reason } of bodies)
  test(`a number is bought: ${reason}`, async () => {
    const ran = await run({ [BUY]: number }, ['numbers', 'buy', 'carrier', 'ref:C-1', ...args]);
    assert.equal(ran.code, body === null ? 2 : 0, ran.err);
    assert.deepEqual(ran.asked[0]?.body ?? null, body);
    if (body !== null) assert.match(ran.out, /^Bought: phone number \+31208005100/);
  });

test('a purchase that is not settled is told as such', async () => {
  const pending = { ...number, purchasePendingSince: '2026-01-01T00:00:00Z' };
  const ran = await run({ [BUY]: pending }, ['numbers', 'buy', 'carrier', 'ref:C-1', '+31208005100']);
  assert.equal(ran.code, 0);
  assert.match(ran.out, /^Being bought: phone number \+31208005100.*The provider has not answered/);
});
