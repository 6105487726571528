/** Who may buy numbers, and what is refused before the provider hears of it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import type { Values } from '#core/field.ts';
import { Problem } from '#core/problem.ts';
import { buyNumber } from '#operations/buy-number.ts';
import { closeEntity } from '#operations/close-entity.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { putCredits } from '#operations/put-credits.ts';
import { searchNumbers } from '#operations/search-numbers.ts';
import { updateEntity } from '#operations/update-entity.ts';
import { ADMIN } from '#test/installation.ts';
import { NUMBER, type NumberWorld, customer, numberWorld } from '#test/number-world.ts';

function buy(context: OperationContext, account: number, more: Record<string, unknown> = { number: NUMBER }) {
  return buyNumber(context, ADMIN, 'carrier', { account, ...more });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => (error instanceof Problem ? error.code : String(error)),
  );
}

const REFUSED: readonly {
  readonly reason: string;
  readonly before: (here: NumberWorld, account: number) => Promise<unknown>;
  readonly code: string;
}[] = [
  {
    reason: 'a suspended account',
    before: ({ context }, account) => placeHold(context, ADMIN, account, { profile: 'suspended' }),
    code: 'held',
  },
  {
    reason: 'a closed account',
    before: ({ context }, account) => closeEntity(context, ADMIN, account),
    code: 'closed',
  },
  {
    reason: 'an account without credit',
    before: ({ context }, account) => putCredits(context, ADMIN, account, { number_credit: 0 }),
    code: 'over_credit',
  },
  {
    reason: 'a number that somebody has',
    before: ({ context }, account) =>
      createEntity(context, ADMIN, { kind: 'phone_number', e164: NUMBER, parent: account }),
    code: 'exists',
  },
  {
    reason: 'a provider that is paused',
    before: ({ pool }) => pool.query(`update system set paused_at = now()`),
    code: 'unavailable',
  },
  {
    reason: 'a provider that is none',
    before: ({ pool }) => pool.query(`update system set name = 'x'`),
    code: 'not_found',
  },
];
for (const { reason, before, code } of REFUSED)
  test(`nothing is asked of the carrier for ${reason}`, async (t: TestContext) => {
    const here = await numberWorld(t);
    const account = await customer(here);
    await before(here, account);
    assert.equal(await codeOf(buy(here.context, account)), code);
    assert.equal(here.carrier.count, 0);
  });

const WRONG: readonly { readonly input: Record<string, unknown>; readonly field: string }[] = [
  { input: {}, field: 'number' },
  { input: { number: NUMBER, criteria: { country: 'NL' } }, field: 'number' },
  { input: { number: '020' }, field: 'number' },
  { input: { number: 7 }, field: 'number' },
  { input: { criteria: {} }, field: 'country' },
  { input: { criteria: { country: 'NL', areaCode: 'x' } }, field: 'areaCode' },
  { input: { criteria: { country: 'NL', class: 'satellite' } }, field: 'class' },
  { input: { number: NUMBER, fields: { provider: 'other' } }, field: 'fields.provider' },
  { input: { number: NUMBER, fields: { e164: '+31' } }, field: 'fields.e164' },
  { input: { number: NUMBER, fields: { colour: 'red' } }, field: 'colour' },
  { input: { number: NUMBER, fields: [] }, field: 'fields' },
  { input: { number: NUMBER, price: 1 }, field: 'price' },
];
test('a wrong request is told by its field', async (t: TestContext) => {
  const here = await numberWorld(t);
  const account = await customer(here);
  for (const { input, field } of WRONG) {
    const error = await buy(here.context, account, input).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof Problem, field);
    assert.equal(error.code, 'invalid', field);
    assert.deepEqual(
      error.errors.map((one) => one.field),
      [field],
    );
  }
  assert.equal(here.carrier.count, 0);
});

const SELLING: readonly { readonly settings: Values; readonly may: readonly string[] }[] = [
  { settings: { buyers: 'platform' }, may: ['platform'] },
  { settings: { buyers: 'reseller' }, may: ['platform', 'reseller'] },
  { settings: { buyers: 'all' }, may: ['platform', 'reseller', 'customer'] },
];
for (const { settings, may } of SELLING)
  test(`a provider that sells to ${String(settings['buyers'])} sells to ${may.join(', ')}`, async (t: TestContext) => {
    const here = await numberWorld(t, { settings, stock: [1, 2, 3].map((n) => `+3120800510${n}`) });
    const { context } = here;
    const reseller = await customer(here);
    const account = await customer(here, reseller);
    const places = { platform: 0, reseller, customer: account } as const;
    for (const [authority, accountId] of Object.entries(places)) {
      const actor = { ...ADMIN, authority, accountId, ownAccountId: accountId } as Actor; // One of the three.
      const wanted = may.includes(authority) ? 'done' : 'forbidden';
      const criteria = { country: 'NL' };
      assert.equal(await codeOf(searchNumbers(context, actor, 'carrier', criteria)), wanted, authority);
      assert.equal(await codeOf(buyNumber(context, actor, 'carrier', { account, criteria })), wanted, authority);
      if (authority !== 'platform' && wanted === 'done')
        assert.equal(
          await codeOf(buyNumber(context, actor, 'carrier', { account: await customer(here), criteria })),
          'not_found',
          'and nobody buys for others',
        );
    }
    assert.equal(here.carrier.bought.size, may.length);
  });

test('at which provider a number is, and under which id, is for the platform to say', async (t: TestContext) => {
  const here = await numberWorld(t);
  const { context } = here;
  const account = await customer(here);
  const actor: Actor = { ...ADMIN, authority: 'customer', accountId: account, ownAccountId: account };
  const own = { kind: 'phone_number', e164: NUMBER, parent: account };
  for (const field of ['provider', 'providerReference']) {
    const error = await createEntity(context, actor, { ...own, [field]: 'carrier' }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof Problem && error.code === 'forbidden');
    assert.equal(error.errors[0]?.field, field);
  }
  const { value } = await createEntity(context, actor, own);
  assert.equal(await codeOf(updateEntity(context, actor, value.number, { provider: 'carrier' })), 'forbidden');
  assert.equal(await codeOf(updateEntity(context, ADMIN, value.number, { provider: 'carrier' })), 'done');
  assert.equal(await codeOf(updateEntity(context, actor, value.number, { providerReference: 'PN1' })), 'forbidden');
  assert.equal(await codeOf(updateEntity(context, actor, value.number, { provider: null })), 'forbidden');
  // What is as it was is no change.
  assert.equal(await codeOf(updateEntity(context, actor, value.number, { provider: 'carrier' })), 'done');
  // Whether it is being bought is for nobody to say.
  const given = await createEntity(context, ADMIN, { ...own, e164: '+31208005101', purchasePendingSince: 'now' });
  assert.equal(given.value['purchasePendingSince'], undefined);
});
