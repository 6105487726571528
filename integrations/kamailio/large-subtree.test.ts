/** A large subtree is suspended and resumed over and over, while everybody else registers as if nothing happened. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { liftHold } from '#operations/lift-hold.ts';
import { placeHold } from '#operations/place-hold.ts';
import { DEFAULT_SETTINGS, type OperationContext } from '#operations/context.ts';
import { makeSealingKey } from '#store/sealing.ts';
import { lastFirst } from '#test/server-process.ts';
import { TEST_SECRET, testDatabase } from '#test/database.ts';
import { ADMIN, makeApp, makeEngine } from '#test/installation.ts';
import { makeOperator } from '#test/operator.ts';

import { loadTree } from '../../bench/generated-tree.ts';
import { Phones, type Subscriber } from '../../bench/register-client.ts';
import { startKamailio } from '../../bench/served.ts';

const SIP_ACCOUNTS = 100_000;
const ELSEWHERE = 50;
const SECONDS = 15;

test('registrations elsewhere never fail while 100,000 SIP accounts are suspended and resumed in a loop', async (context) => {
  const t = lastFirst(context);
  const database = await testDatabase(t);
  await loadTree(database.connectionString, {
    accounts: 500,
    sipAccounts: SIP_ACCOUNTS,
    depth: 6,
    numbers: 0,
    zones: 0,
    seed: 1,
    resellers: 1,
  });
  const engine = makeEngine(database);
  t.after(() => engine.stop());
  await engine.start();
  const here: OperationContext = {
    ...database,
    sealingKey: makeSealingKey(TEST_SECRET),
    engine,
    settings: { ...DEFAULT_SETTINGS, guardLimit: 1_000_000 },
    clock: () => new Date(),
  };
  const app = await makeApp(here);
  t.after(() => app.close());
  const operator = await makeOperator({ app });
  const domain = await operator.create('sip_domain', operator.entities.other.id, { domain: 'elsewhere.example' });
  const elsewhere: Subscriber[] = [];
  for (let n = 0; n < ELSEWHERE; n += 1) {
    const one = { username: `user${n}`, domain: 'elsewhere.example', ha1: n.toString(16).padStart(32, '0') };
    await operator.create('sip_account', domain.id, { username: one.username, ha1: one.ha1 });
    elsewhere.push(one);
  }
  const { rows: beneath } = await database.pool.query<Subscriber>(
    `select split_part(i.value, '@', 1) as username, split_part(i.value, '@', 2) as domain, s.ha1
      from sip_account s join identifier i on i.entity_id = s.entity_id where i.value like 'u%' limit 1000`,
  );

  const port = await startKamailio(t, database.connectionString, 4);
  const [others, inside] = [await Phones.open(port, 8), await Phones.open(port, 1)];
  t.after(() => others.close());
  t.after(() => inside.close());
  let [next, at] = [0, 0];
  const registering = others.registerFor(
    SECONDS,
    () => elsewhere[(next += 1) % ELSEWHERE] ?? { username: '', domain: '', ha1: '' },
  );
  const isOver = registering.then(() => true);
  let rounds = 0;
  for (let over = false; !over; rounds += 1) {
    const one = () => beneath[(at += 1) % beneath.length] ?? { username: '', domain: '', ha1: '' };
    const { value } = await placeHold(here, ADMIN, '1', { profile: 'suspended' });
    assert.equal(await inside.registerOnce(one()), 403, 'whoever is beneath is refused as soon as the hold is placed');
    await liftHold(here, ADMIN, '1', value.hold.id);
    assert.equal(await inside.registerOnce(one()), 200, 'and let in as soon as it is lifted');
    over = await Promise.race([isOver, sleep(20, false)]);
  }
  const { statuses, retransmissions } = await registering;
  context.diagnostic(`${rounds} rounds, ${statuses[200]} registrations elsewhere, ${retransmissions} sent again`);
  assert.deepEqual(statuses, { 200: statuses[200] });
  assert.ok(rounds > 10 && (statuses[200] ?? 0) > 100);
});
