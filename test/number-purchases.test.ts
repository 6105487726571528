/** Buying numbers: once, whatever crashes, and nothing is left of what was not bought. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import type { NumberMarket } from '#core/number-market.ts';
import { Problem } from '#core/problem.ts';
import { buyNumber } from '#operations/buy-number.ts';
import { closeEntity } from '#operations/close-entity.ts';
import type { OperationContext } from '#operations/context.ts';
import { readEntity } from '#operations/read-entity.ts';
import { settlePurchases } from '#operations/settle-purchases.ts';
import { updateEntity } from '#operations/update-entity.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import { removeSystem } from '#store/system.ts';
import { ADMIN } from '#test/installation.ts';
import { NUMBER, type NumberWorld, customer, expireLeases, market, numberWorld } from '#test/number-world.ts';
import { findingsOf } from '#test/outcomes.ts';

const DIALECTS = ['generic', 'twilio'] as const;

function buy(context: OperationContext, account: number, more: Record<string, unknown> = { number: NUMBER }) {
  return buyNumber(context, ADMIN, 'carrier', { account, ...more });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => (error instanceof Problem ? error.code : String(error)),
  );
}

async function usedOf({ pool }: NumberWorld, account: number): Promise<number> {
  const { rows } = await pool.query<{ used: number }>(
    `select used from credit where account_id = $1 and credit = 'number_credit'`,
    [account],
  );
  return rows[0]?.used ?? 0;
}

async function nameIsFree({ pool }: NumberWorld): Promise<boolean> {
  return (await pool.query(`select from identifier where scheme = 'tel'`)).rowCount === 0;
}

for (const dialect of DIALECTS)
  test(`${dialect}: a number is bought, charged and there with the provider's id`, async (t: TestContext) => {
    const here = await numberWorld(t, { dialect });
    const account = await customer(here);
    const { value } = await buy(here.context, account, { number: '+31 20 800 5100', fields: { friendlyName: 'Desk' } });
    assert.equal(value['provider'], 'carrier');
    assert.equal(value['providerReference'], [...here.carrier.held.keys()][0]);
    assert.equal(value['purchasePendingSince'], undefined);
    assert.equal(value['friendlyName'], 'Desk');
    assert.equal(value['voiceCapable'], true);
    assert.equal(value.standing, 'active');
    assert.equal(here.carrier.bought.get(NUMBER), 1);
    assert.equal(await usedOf(here, account), 1);
    await expireLeases(here);
    assert.equal(await settlePurchases(here.context), 0);
    assert.deepEqual(await findingsOf(here), []);
  });

test('what the carrier does not sell leaves no name and no charge, and the log tells of it', async (t: TestContext) => {
  const here = await numberWorld(t, { stock: [] });
  const account = await customer(here);
  assert.equal(await codeOf(buy(here.context, account)), 'conflict');
  assert.equal(await usedOf(here, account), 0);
  assert.ok(await nameIsFree(here));
  const { rows } = await here.pool.query<{ kind: string; facts: unknown }>(
    `select kind, facts from change order by revision desc limit 2`,
  );
  assert.deepEqual(
    rows.map(({ kind }) => kind),
    ['entity.released', 'entity.closed'],
  );
  assert.deepEqual(rows[1]?.facts, { notBought: 'not_available' });
  // At once, and without a rest: it was never in service.
  here.carrier.stock.add(NUMBER);
  assert.equal((await buy(here.context, account)).value.lifecycle, 'open');
  assert.deepEqual(await findingsOf(here), []);
});

test('a carrier that cannot be reached bought nothing, and that is said', async (t: TestContext) => {
  const here = await numberWorld(t);
  const account = await customer(here);
  await here.carrier.stop();
  assert.equal(await codeOf(buy(here.context, account)), 'unavailable');
  assert.equal(await usedOf(here, account), 0);
  assert.ok(await nameIsFree(here));
  t.after(() => Promise.resolve());
});

/** The process dies: before its request, or when the carrier has done it. */
const CRASHES: Readonly<Record<string, NumberMarket['buy']>> = {
  'before the request': () => Promise.reject(new Error('the process died')),
  'after the request': async (...order) => {
    await market.buy(...order);
    throw new Error('the process died');
  },
};
for (const [when, crash] of Object.entries(CRASHES))
  for (const [dialect, honoursKeys] of [
    ['generic', true],
    ['generic', false],
    ['twilio', false],
  ] as const)
    for (const meanwhile of ['nothing', 'the account is closed', 'the provider is removed'] as const)
      test(`${dialect}, keys ${honoursKeys ? 'honoured' : 'unknown'}: a crash ${when}, and ${meanwhile === 'nothing' ? 'nothing else happens' : meanwhile}: it ends well`, async (t: TestContext) => {
        const here = await numberWorld(t, { dialect });
        here.carrier.carrier.honoursKeys = honoursKeys;
        const account = await customer(here);
        await assert.rejects(buy(here.withMarket({ buy: crash }), account), /the process died/);
        const wasSold = when === 'after the request' ? 1 : 0;
        // Nobody takes it over before the request may be over.
        assert.equal(await settlePurchases(here.context), 0);
        const { rows } = await here.pool.query<{ id: number }>(`select entity_id as id from number_purchase`);
        const number = rows[0]?.id ?? 0;
        const pending = await readEntity(here.context, ADMIN, number);
        assert.equal(typeof pending['purchasePendingSince'], 'string');
        assert.equal(await codeOf(buy(here.context, account)), 'exists');
        assert.equal(await codeOf(updateEntity(here.context, ADMIN, number, { provider: 'other' })), 'conflict');
        if (meanwhile === 'the account is closed') await closeEntity(here.context, ADMIN, account);
        if (meanwhile === 'the provider is removed') await removeSystem(here.session, here.system);
        await expireLeases(here);
        assert.equal(await settlePurchases(here.context), 1);
        const after = await readEntity(here.context, ADMIN, number);
        assert.equal(after['purchasePendingSince'], undefined);
        if (meanwhile === 'nothing') {
          assert.equal(after['providerReference'], [...here.carrier.held.keys()][0]);
          assert.equal(after.standing, 'active');
          assert.equal(here.carrier.bought.get(NUMBER), 1);
          assert.equal(await usedOf(here, account), 1);
        } else if (meanwhile === 'the account is closed') {
          // What was bought is known, so that it can be given back; what was not is not bought any more.
          assert.equal(here.carrier.bought.get(NUMBER) ?? 0, wasSold);
          assert.equal(after['providerReference'], [...here.carrier.held.keys()][0]);
          assert.equal(after['releasePending'], wasSold === 1 ? true : undefined);
        } else {
          assert.equal(here.carrier.bought.get(NUMBER) ?? 0, wasSold);
          assert.equal(after.lifecycle, 'closed');
          assert.ok(await nameIsFree(here));
          assert.equal(await usedOf(here, account), 0);
        }
        assert.deepEqual(await findingsOf(here), []);
      });

for (const dialect of DIALECTS)
  test(`${dialect}: a purchase whose reply is lost is answered as pending, and is not made twice`, async (t: TestContext) => {
    const here = await numberWorld(t, { dialect });
    const account = await customer(here);
    here.carrier.knobs.loseReply = 1;
    const { value } = await buy(here.context, account);
    assert.equal(typeof value['purchasePendingSince'], 'string');
    await expireLeases(here);
    assert.equal(await settlePurchases(here.context), 0);
    here.carrier.knobs.loseReply = 0;
    await expireLeases(here);
    assert.equal(await settlePurchases(here.context), 1);
    assert.equal(here.carrier.bought.get(NUMBER), 1);
    const after = await readEntity(here.context, ADMIN, value.number);
    assert.equal(after['providerReference'], [...here.carrier.held.keys()][0]);
  });

test('a thousand buyers of one number make one purchase', async (t: TestContext) => {
  const here = await numberWorld(t);
  const account = await customer(here);
  const codes: string[] = [];
  // A hundred at once: more only wait for connections.
  const buyer = async () => {
    while (codes.length < 1_000) {
      const place = codes.push('asking') - 1;
      codes[place] = await codeOf(buy(here.context, account));
    }
  };
  await Promise.all(Array.from({ length: 100 }, buyer));
  assert.equal(codes.filter((code) => code === 'done').length, 1);
  assert.deepEqual(new Set(codes), new Set(['done', 'exists']));
  assert.equal(here.carrier.bought.get(NUMBER), 1);
  assert.equal(await usedOf(here, account), 1);
  assert.deepEqual(await findingsOf(here), []);
});

test('buyers by criteria get one number each, as long as there are some', async (t: TestContext) => {
  const stock = Array.from({ length: 5 }, (_, n) => `+3120800510${n}`);
  const here = await numberWorld(t, { stock });
  const account = await customer(here);
  const criteria = { country: 'nl', areaCode: '20' };
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => buy(here.context, account, { criteria })));
  const bought = results.flatMap((result) =>
    result.status === 'fulfilled' ? [String(result.value.value['e164'])] : [],
  );
  assert.equal(new Set(bought).size, bought.length);
  assert.deepEqual([...here.carrier.bought.keys()].toSorted(), bought.toSorted());
  assert.ok([...here.carrier.bought.values()].every((count) => count === 1));
  // Whoever found all five taken may ask again.
  while (here.carrier.stock.size > 0) await buy(here.context, account, { criteria });
  assert.equal(await codeOf(buy(here.context, account, { criteria })), 'conflict');
  assert.equal(await usedOf(here, account), 5);
  const view = await readEntity(here.context, ADMIN, `tel:${stock[0]}`);
  assert.equal(view['country'], 'NL');
  assert.equal(view['numberClass'], 'local');
});

const keyed = (key: string): IdempotencyKey => ({
  actor: 'token:admin@0',
  key,
  route: 'POST /x',
  digest: Buffer.alloc(32),
});

test('a repeated request buys nothing more, whatever became of the first', async (t: TestContext) => {
  const stock = Array.from({ length: 5 }, (_, n) => `+3120800510${n}`);
  const here = await numberWorld(t, { stock });
  const account = await customer(here);
  const input = { account, criteria: { country: 'NL' } };
  const ask = (key: string, context = here.context) => buyNumber(context, ADMIN, 'carrier', input, keyed(key));
  const first = await ask('a');
  const again = await ask('a');
  assert.equal(again.replayed, true);
  assert.equal(again.value.id, first.value.id);
  assert.equal(again.value['providerReference'], first.value['providerReference']);
  // A crash in between: the repeated request tells how it stands, and buys nothing beside.
  await assert.rejects(ask('b', here.withMarket({ buy: () => Promise.reject(new Error('the process died')) })));
  const pending = await ask('b');
  assert.equal(typeof pending.value['purchasePendingSince'], 'string');
  assert.equal(here.carrier.bought.size, 1);
  await expireLeases(here);
  await settlePurchases(here.context);
  assert.equal((await ask('b')).value['purchasePendingSince'], undefined);
  assert.equal(here.carrier.bought.size, 2);
  // Its first choice was gone: the repeated request finds the second.
  const taken = [...here.carrier.stock].toSorted()[0] ?? '';
  const late = here.withMarket({
    buy: (place, number, id) => {
      if (number === taken) here.carrier.stock.delete(taken);
      return market.buy(place, number, id);
    },
  });
  const second = await ask('c', late);
  assert.notEqual(second.value['e164'], taken);
  assert.equal((await ask('c')).value.id, second.value.id);
  assert.equal(here.carrier.bought.size, 3);
  const other = { ...keyed('a'), digest: Buffer.alloc(32, 1) };
  assert.equal(await codeOf(buyNumber(here.context, ADMIN, 'carrier', input, other)), 'conflict');
});

test('a failed purchase stays failed under its key', async (t: TestContext) => {
  const here = await numberWorld(t, { stock: [] });
  const account = await customer(here);
  const ask = () => buyNumber(here.context, ADMIN, 'carrier', { account, number: NUMBER }, keyed('a'));
  assert.equal(await codeOf(ask()), 'conflict');
  here.carrier.stock.add(NUMBER);
  assert.equal(await codeOf(ask()), 'conflict');
  assert.equal(here.carrier.bought.size, 0);
});

test('a purchase that fails hinders no other', async (t: TestContext) => {
  const stock = Array.from({ length: 3 }, (_, n) => `+3120800510${n}`);
  const here = await numberWorld(t, { stock });
  const account = await customer(here);
  const died = here.withMarket({ buy: () => Promise.reject(new Error('the process died')) });
  for (const number of stock) await assert.rejects(buy(died, account, { number }));
  await expireLeases(here);
  const broken = here.withMarket({
    buy: (place, number, id) =>
      number === stock[0] ? Promise.reject(new Error('a fault')) : market.buy(place, number, id),
  });
  await assert.rejects(settlePurchases(broken), /a fault/);
  assert.deepEqual([...here.carrier.bought.keys()].toSorted(), stock.slice(1));
  await expireLeases(here);
  assert.equal(await settlePurchases(here.context), 1);
  assert.equal(here.carrier.bought.get(stock[0] ?? ''), 1);
});
