/** Searching and buying, in both dialects, against a carrier that misbehaves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Purchase } from '#core/number-market.ts';

import { DIALECTS, type Dialect, placeOf } from './carrier-for-test.ts';
import { makeNumberMarket } from './market.ts';
import { type CarrierSimulator, SIMULATED_TOKEN, startCarrier } from './simulator.ts';

const NUMBER = '+31208005100';
const ID = '00000000-0000-4000-8000-000000000001';
const market = makeNumberMarket();

interface Row {
  readonly reason: string;
  readonly dialects?: readonly Dialect[];
  readonly before?: (carrier: CarrierSimulator) => void;
  readonly token?: string;
  readonly type: Purchase['type'];
  readonly code?: string;
  readonly sold: number;
}

const ROWS: readonly Row[] = [
  { reason: 'a number that is offered is bought', type: 'bought', sold: 1 },
  {
    reason: 'a number that nobody offers is refused',
    before: (c) => c.stock.clear(),
    type: 'refused',
    code: 'not_available',
    sold: 0,
  },
  {
    reason: 'a number that was bought by hand is not taken for ours',
    dialects: ['twilio'],
    before: (c) => {
      c.stock.clear();
      c.give(NUMBER);
    },
    type: 'refused',
    code: 'already_held',
    sold: 0,
  },
  {
    reason: 'nor in the generic dialect',
    dialects: ['generic'],
    before: (c) => {
      c.stock.clear();
      c.give(NUMBER);
    },
    type: 'refused',
    code: 'not_available',
    sold: 0,
  },
  { reason: 'a wrong token buys nothing', token: 'wrong', type: 'failed', sold: 0 },
  {
    reason: 'a carrier that breaks may have sold it',
    before: (c) => void (c.knobs.refuse = 1),
    type: 'unknown',
    sold: 0,
  },
  { reason: 'so may one that says nothing', before: (c) => void (c.knobs.loseReply = 1), type: 'unknown', sold: 1 },
];
for (const row of ROWS)
  for (const dialect of row.dialects ?? DIALECTS)
    test(`${dialect}: ${row.reason}`, async () => {
      const carrier = await startCarrier(dialect, [NUMBER]);
      try {
        row.before?.(carrier);
        const purchase = await market.buy(placeOf(dialect, carrier, row.token ?? SIMULATED_TOKEN), NUMBER, ID);
        assert.equal(purchase.type, row.type, JSON.stringify(purchase));
        assert.equal('code' in purchase ? purchase.code : undefined, row.code);
        assert.equal(carrier.bought.get(NUMBER) ?? 0, row.sold);
      } finally {
        await carrier.stop();
      }
    });

for (const [dialect, honoursKeys] of [
  ['generic', true],
  ['generic', false],
  ['twilio', false],
] as const)
  test(`${dialect}, keys ${honoursKeys ? 'honoured' : 'unknown'}: a purchase whose reply was lost is found again and not made twice`, async () => {
    const carrier = await startCarrier(dialect, [NUMBER]);
    try {
      carrier.carrier.honoursKeys = honoursKeys;
      const place = placeOf(dialect, carrier);
      carrier.knobs.loseReply = 1;
      assert.equal((await market.buy(place, NUMBER, ID)).type, 'unknown');
      carrier.knobs.loseReply = 0;
      const found = await market.findPurchase(place, NUMBER, ID);
      const again = await market.buy(place, NUMBER, ID);
      assert.equal(again.type, 'bought');
      assert.deepEqual(
        found.type === 'bought' ? found.held.reference : found,
        again.type === 'bought' ? again.held.reference : again,
      );
      assert.equal(carrier.bought.get(NUMBER), 1);
      const another = await market.buy(place, NUMBER, '00000000-0000-4000-8000-000000000002');
      assert.equal(another.type, 'refused');
      assert.equal((await market.findPurchase(place, NUMBER, '00000000-0000-4000-8000-000000000002')).type, 'refused');
    } finally {
      await carrier.stop();
    }
  });

test('a port on which nobody listens bought nothing', async () => {
  for (const dialect of DIALECTS) {
    const carrier = await startCarrier(dialect, [NUMBER]);
    const place = placeOf(dialect, carrier);
    await carrier.stop();
    assert.equal((await market.buy(place, NUMBER, ID)).type, 'failed');
    assert.equal((await market.search(place, { country: 'NL', numberClass: 'local', limit: 5 })).type, 'failed');
  }
});

for (const dialect of DIALECTS)
  test(`${dialect}: what is offered is found by its digits, over all pages`, async () => {
    const stock = Array.from({ length: 9 }, (_, n) => `+3120800510${n}`);
    const carrier = await startCarrier(dialect, [...stock, '+31708005100']);
    try {
      const place = placeOf(dialect, carrier);
      const search = await market.search(place, { country: 'NL', numberClass: 'local', areaCode: '20', limit: 7 });
      assert.ok(search.type === 'found');
      assert.deepEqual(
        search.numbers.map(({ number }) => number),
        stock.slice(0, 7),
      );
      const [first] = search.numbers;
      assert.equal(first?.country, 'NL');
      assert.ok(first?.capabilities.includes('voice'));
      const none = await market.search(place, { country: 'NL', numberClass: 'local', contains: '999', limit: 7 });
      assert.deepEqual(none, { type: 'found', numbers: [] });
    } finally {
      await carrier.stop();
    }
  });
