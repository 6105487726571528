/** What becomes of a release, in both dialects, against a carrier that misbehaves. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { Order, Outcome } from '#systems/system.ts';

import { DIALECTS, type Dialect, UUID, callOf, driverOf, orderOf, placeOf } from './carrier-for-test.ts';
import { makeNumberMarket } from './market.ts';
import { type CarrierSimulator, startCarrier } from './simulator.ts';

const NUMBER = '+31208005100';
const OTHER = '+31208005199';

interface Row {
  readonly reason: string;
  readonly dialects?: readonly Dialect[];
  /** What is there before; answers the order. */
  readonly order: (carrier: CarrierSimulator) => Order;
  readonly token?: string;
  readonly type: Outcome['type'];
  readonly code?: string;
  /** How often the carrier took the number back. */
  readonly released: number;
  /** How many requests it met, where that matters. */
  readonly asked?: number;
}

const withReference = (carrier: CarrierSimulator, more: Partial<Order> = {}) =>
  orderOf({ e164: NUMBER, providerReference: carrier.give(NUMBER) }, more);

const ROWS: readonly Row[] = [
  { reason: 'a number is released by its id', order: (c) => withReference(c), type: 'done', released: 1 },
  {
    reason: 'a number without an id is found, and released',
    order: (c) => {
      c.give(NUMBER);
      return orderOf({ e164: NUMBER });
    },
    type: 'done',
    released: 1,
  },
  {
    reason: 'a number as the reference is no id',
    order: (c) => {
      c.give(NUMBER);
      return orderOf({ e164: NUMBER }, { reference: NUMBER });
    },
    type: 'done',
    released: 1,
  },
  {
    reason: 'an id in the reference counts where the number has none',
    order: (c) => orderOf({ e164: NUMBER }, { reference: c.give(NUMBER) }),
    type: 'done',
    released: 1,
  },
  {
    reason: 'what the carrier does not know any more is released',
    order: () => orderOf({ e164: NUMBER, providerReference: 'PN00000000000000000000000000000000' }),
    type: 'done',
    released: 0,
  },
  { reason: 'so is a number that it never had', order: () => orderOf({ e164: NUMBER }), type: 'done', released: 0 },
  {
    reason: 'a wrong id gives nothing back',
    order: (c) => orderOf({ e164: NUMBER, providerReference: c.give(OTHER) }),
    type: 'never',
    code: 'other_number',
    released: 0,
  },
  {
    reason: 'a number that it has twice is not guessed at',
    order: (c) => {
      c.give(NUMBER);
      c.give(NUMBER);
      return orderOf({ e164: NUMBER });
    },
    type: 'never',
    code: 'ambiguous_number',
    released: 0,
  },
  {
    reason: 'what was given back without an id is not looked for again: somebody else may have it',
    order: (c) => {
      c.give(NUMBER);
      return orderOf({ e164: NUMBER }, { applied: { held: false }, isForced: true });
    },
    type: 'done',
    released: 0,
    asked: 0,
  },
  {
    reason: 'a pending port keeps the number, without a request',
    order: (c) => withReference(c, { desired: { held: true, waits: 'port_out_pending' } }),
    type: 'waiting',
    code: 'port_out_pending',
    released: 0,
    asked: 0,
  },
  {
    reason: 'a number that can still be ported is kept, without a request',
    order: (c) => withReference(c, { desired: { held: false, notBefore: '2999-01-01T00:00:00Z' } }),
    type: 'waiting',
    code: 'portable',
    released: 0,
    asked: 0,
  },
  {
    reason: 'a number that could be ported until now is released',
    order: (c) => withReference(c, { desired: { held: false, notBefore: '2001-01-01T00:00:00Z' } }),
    type: 'done',
    released: 1,
  },
  {
    reason: 'a carrier that knows of a port refuses, and is asked again later',
    dialects: ['generic'],
    order: (c) => {
      c.carrier.porting.add(NUMBER);
      return withReference(c);
    },
    type: 'waiting',
    code: 'port_out_pending',
    released: 0,
  },
  {
    reason: 'a carrier that takes its time is asked again',
    dialects: ['generic'],
    order: (c) => {
      c.carrier.releasesLater = true;
      return withReference(c);
    },
    type: 'waiting',
    code: 'releasing',
    released: 0,
  },
  {
    reason: 'a wrong token needs a person',
    order: (c) => withReference(c),
    token: 'wrong',
    type: 'never',
    code: 'provider_refuses',
    released: 0,
  },
  {
    reason: 'a carrier that refuses for a while is asked again',
    order: (c) => {
      c.knobs.refuse = 1;
      return withReference(c);
    },
    type: 'later',
    code: 'provider_away',
    released: 0,
  },
  {
    reason: 'a carrier that is down is asked again',
    order: (c) => {
      c.knobs.isDown = true;
      return withReference(c);
    },
    type: 'later',
    code: 'provider_away',
    released: 0,
  },
  {
    reason: 'an open number that somebody looked for and that is gone needs a person',
    order: () => orderOf({ e164: NUMBER }, { desired: { held: true }, isForced: true }),
    type: 'never',
    code: 'number_lost',
    released: 0,
  },
  {
    reason: 'an open number that is there is well',
    order: (c) => withReference(c, { desired: { held: true }, isForced: true }),
    type: 'done',
    released: 0,
  },
];

for (const row of ROWS)
  for (const dialect of row.dialects ?? DIALECTS)
    test(`${dialect}: ${row.reason}`, async () => {
      const carrier = await startCarrier(dialect, []);
      try {
        const order = row.order(carrier);
        const outcome = await driverOf(dialect, carrier, row.token).converge(order, callOf());
        assert.equal(outcome.type, row.type, JSON.stringify(outcome));
        assert.equal('code' in outcome ? outcome.code : undefined, row.code);
        if (outcome.type === 'done' && 'held' in (order.desired as object))
          assert.deepEqual(
            outcome.applied ?? order.desired,
            (order.desired as { held: boolean }).held ? order.desired : { held: false },
          );
        assert.equal(carrier.released.get(NUMBER) ?? 0, row.released);
        assert.equal(carrier.released.get(OTHER) ?? 0, 0);
        if (row.asked !== undefined) assert.equal(carrier.count, row.asked);
        assert.ok(!JSON.stringify(outcome).includes('token of the carrier'), 'no credential is told');
      } finally {
        await carrier.stop();
      }
    });

for (const dialect of DIALECTS) {
  test(`${dialect}: a release whose reply is lost is unknown, and done when it is told again`, async () => {
    const carrier = await startCarrier(dialect, []);
    try {
      const order = withReference(carrier);
      const driver = driverOf(dialect, carrier);
      // The look is answered, the release is not.
      let asked = 0;
      carrier.knobs.random = () => (asked++ === 1 ? 0 : 0.9);
      carrier.knobs.loseReply = 0.5;
      assert.equal((await driver.converge(order, callOf())).type, 'unknown');
      assert.equal(carrier.released.get(NUMBER), 1);
      carrier.knobs.loseReply = 0;
      assert.equal((await driver.converge({ ...order, mayHaveActed: true }, callOf())).type, 'done');
      assert.equal(carrier.released.get(NUMBER), 1);
    } finally {
      await carrier.stop();
    }
  });

  test(`${dialect}: it is seen what is there, and a number that was bought again is none of the old one's`, async () => {
    const carrier = await startCarrier(dialect, [NUMBER]);
    try {
      const driver = driverOf(dialect, carrier);
      const open = withReference(carrier, { desired: { held: true } });
      const see = async (order: Order) => (await driver.observe?.(order, callOf())) ?? null;
      assert.deepEqual(await see(open), { type: 'seen', state: { held: true } });
      assert.equal((await driver.converge({ ...open, desired: { held: false } }, callOf())).type, 'done');
      assert.deepEqual(await see(open), { type: 'seen', state: { held: false } });
      const closed = { ...open, desired: { held: false, notBefore: '2001-01-01T00:00:00Z' }, applied: { held: false } };
      carrier.give(NUMBER);
      assert.deepEqual(await see(closed), { type: 'seen', state: closed.desired });
      carrier.knobs.isDown = true;
      assert.equal((await see(open))?.type, 'unseen');
    } finally {
      await carrier.stop();
    }
  });

  test(`${dialect}: what another entity bought is not released for want of an id`, async () => {
    const carrier = await startCarrier(dialect, [NUMBER]);
    after(() => carrier.stop());
    const market = makeNumberMarket();
    const bought = await market.buy(placeOf(dialect, carrier), NUMBER, '00000000-0000-4000-8000-00000000000b');
    assert.equal(bought.type, 'bought');
    const order = orderOf({ e164: NUMBER });
    assert.notEqual(order.uuid, '00000000-0000-4000-8000-00000000000b');
    assert.equal((await driverOf(dialect, carrier).converge(order, callOf())).type, 'done');
    assert.equal(carrier.held.size, 1);
    const own = await market.buy(placeOf(dialect, carrier), OTHER, UUID);
    assert.equal(own.type, 'refused');
  });
}
