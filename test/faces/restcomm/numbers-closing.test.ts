/** What is seen of the numbers of a closed account until the provider has taken them back, and who wins when two come at once. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, test } from 'node:test';

import { closeEntity } from '#operations/close-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { Reconciler } from '#reconciler/reconciler.ts';
import { makeNumberProviderDriver } from '#systems/number-provider/driver.ts';
import { ADMIN, makeApp } from '#test/installation.ts';
import { market } from '#test/number-world.ts';
import { restcommNumbers } from '#test/restcomm-numbers.ts';
import { addAccount, restAs } from '#test/telephony-world.ts';

const WAIT_MS = 30_000;
const here = await restcommNumbers({ after });
const { parent, child, sibling, as, path, buy } = here;
await here.pool.query(`update system set retry_min_ms = 20, retry_max_ms = 50, breaker_failures = 100000`);

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + WAIT_MS; !(await condition()); await sleep(20))
    if (performance.now() > endMs) throw new Error(`it never came: ${what}`);
}

function reconcile(): Reconciler {
  const reconciler = new Reconciler({
    pool: here.pool,
    connectionString: here.connectionString,
    sealingKey: () => here.context.sealingKey,
    chainKey: () => here.context.chainKey,
    makeDriver: { number_provider: makeNumberProviderDriver },
    workerName: 'test',
    onTrouble: () => {},
    pollMs: 50,
  });
  reconciler.start();
  return reconciler;
}

test('of a closed account only what its provider still has is seen, by an ancestor, until it is taken back', async (t) => {
  const closing = await addAccount(here.context, parent, { organization: here.organizations[0] });
  await here.follow();
  const numbers = ['+31208005110', '+31208005111', '+31208005112'];
  const bought: string[] = [];
  for (const number of numbers) bought.push(await buy(number, closing));
  const deleted = await buy('+31208005113', closing);
  const pure = await buy('7000', closing, { isSIP: 'true' });
  assert.equal((await as(closing)('DELETE', path(closing, `/${deleted}`))).status, 204);
  here.carrier.knobs.refuse = 1;
  await closeEntity(here.context, ADMIN, closing.id);
  await here.follow();
  const reconciler = reconcile();
  t.after(() => reconciler.stop());
  await until('the provider refused', async () => {
    const { rows } = await here.pool.query(`select from target where problem_detail is not null`);
    return rows.length >= numbers.length;
  });
  const seen = async () => {
    const list = await as(parent)('GET', path(closing, '.json'));
    const items = list.body['incomingPhoneNumbers'] as { sid: string }[];
    return items.map(({ sid }) => sid);
  };
  assert.deepEqual(await seen(), bought);
  assert.equal((await as(parent)('GET', `${path(closing, '.json')}?PageSize=1`)).body['total'], 3);
  for (const sid of bought) assert.equal((await as(parent)('GET', path(closing, `/${sid}.json`))).status, 200);
  for (const sid of [deleted, pure]) assert.equal((await as(parent)('GET', path(closing, `/${sid}`))).status, 404, sid);
  for (const method of ['PUT', 'DELETE'] as const)
    for (const sid of [bought[0], pure]) {
      const form = method === 'PUT' ? { VoiceUrl: 'https://x.example' } : undefined;
      assert.equal((await as(parent)(method, path(closing, `/${sid}`), form)).status, 404, method);
    }
  assert.equal((await as(parent)('POST', path(closing), { PhoneNumber: '+31208005114' })).status, 403);
  assert.equal((await as(parent)('GET', `/Accounts/${closing.sid}/AvailablePhoneNumbers/NL/Local.json`)).text, '[]');
  assert.equal((await as(closing)('GET', path(closing))).status, 403);
  here.carrier.knobs.refuse = 0;
  await until('all are taken back', async () => (await seen()).length === 0);
  for (const sid of bought) assert.equal((await as(parent)('GET', path(closing, `/${sid}`))).status, 404);
  for (const number of [...numbers, '+31208005113']) assert.equal(here.carrier.released.get(number), 1, number);
});

test('of two accounts that buy one number at once one has it, and it is bought once', async () => {
  const answers = await Promise.all(
    [child, sibling, parent, child].map((who) => as(who)('POST', path(who), { PhoneNumber: '+31208005115' })),
  );
  const texts = answers.filter(({ status }) => status === 400).map(({ text }) => text);
  assert.deepEqual(texts, ['21452', '21452', '21452']);
  assert.equal(here.carrier.bought.get('+31208005115'), 1);
});

test('a purchase that was begun before a suspension goes on, and is under the hold at once', async (t) => {
  const account = await addAccount(here.context, parent);
  await here.follow();
  const app = await makeApp(
    here.withMarket({
      async buy(place, number, id) {
        await placeHold(here.context, ADMIN, account.id, { profile: 'suspended' });
        return market.buy(place, number, id);
      },
    }),
  );
  t.after(() => app.close());
  const rest = restAs(app, '/restcomm/2012-04-24', account);
  const bought = await rest('POST', path(account, '.json'), { PhoneNumber: '+31208005116' });
  assert.equal(bought.status, 200, bought.text);
  await here.follow();
  assert.equal(here.context.engine.decide('tel:+31208005116', 'call.in').effect, 'deny');
});

test('a suspension that comes before the purchase is begun prevents it, whenever the account was looked at', async (t) => {
  const account = await addAccount(here.context, parent);
  await here.follow();
  const app = await makeApp(
    here.withMarket({
      async search(place, criteria) {
        // Only calls are intercepted: nothing else would keep the account from getting a number.
        await placeHold(here.context, ADMIN, account.id, { profile: 'notice' });
        return market.search(place, criteria);
      },
    }),
  );
  t.after(() => app.close());
  await here.pool.query(
    `insert into profile (name, severity, denied, intercepted, refusal_text) values ('notice', 1, 0, 2, 'Call us')`,
  );
  const before = here.carrier.held.size;
  const refused = await restAs(app, '/restcomm/2012-04-24', account)('POST', path(account), { AreaCode: '20' });
  assert.deepEqual([refused.status, refused.headers['x-abeyance-problem']], [403, 'held'], refused.text);
  assert.equal(here.carrier.held.size, before);
});
