/** Which changes reach which targets, and what the receipts count. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { ALL_BUT_EMERGENCY, actionsIn } from '#core/action.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { createEntity } from '#operations/create-entity.ts';
import { moveEntity } from '#operations/move-entity.ts';
import { putProfile } from '#operations/put-profile.ts';
import { transferEntity } from '#operations/transfer-entity.ts';
import { updateEntity } from '#operations/update-entity.ts';
import { ADMIN } from '#test/installation.ts';

import { type World, reconcilerWorld } from './world-for-test.ts';

/** The states that were told, by reference, in order; forgotten then. */
function told(world: World): Record<string, unknown[]> {
  const states: Record<string, unknown[]> = {};
  for (const { reference, desired } of world.board.calls.splice(0))
    (states[String(reference)] ??= []).push((desired as { disabled?: boolean }).disabled);
  return states;
}

async function countsOf(world: World, revision: number) {
  const { rows } = await world.pool.query<Record<string, number>>(
    'select system_id, targets, passed_confirmed, passed_open from sweep_count where revision = $1 order by 1',
    [revision],
  );
  return rows;
}

test('a system that is added later catches up', async (t: TestContext) => {
  const world = await reconcilerWorld(t);
  const customer = await world.account('A customer');
  await world.foreign(customer, 'one');
  await world.hold(customer);
  await world.foreign(await world.account('Another'), 'two');
  world.reconciler();
  await world.settled();
  assert.deepEqual(await world.targets(), [], 'where nobody is told nothing is written');
  await world.system('cloud');
  await world.settled();
  assert.deepEqual(told(world), { one: [true] });
  assert.equal((await world.targets()).length, 2);
});

test('a later hold is no second call, and the last lift is what resumes', async (t: TestContext) => {
  const world = await reconcilerWorld(t);
  await world.system('cloud');
  const reseller = await world.account('A reseller');
  const customer = await world.account('A customer', reseller);
  await world.foreign(customer, 'one');
  world.reconciler();
  const first = await world.hold(customer);
  await world.settled();
  const second = await world.hold(reseller, 'fraud');
  await world.settled();
  await world.lift(first);
  await world.settled();
  assert.deepEqual(told(world), { one: [true] });
  await world.lift(second);
  await world.settled();
  assert.deepEqual(told(world), { one: [false] });
  const { rows } = await world.pool.query(
    'select sum(targets) as reached, sum(passed_confirmed + passed_open) as passed from sweep_count',
  );
  assert.equal(
    rows[0].reached - rows[0].passed,
    1,
    'each target is with its last sweep, and with all others it was passed on',
  );
});

test('what moves takes on what holds where it goes, and is found from there', async (t: TestContext) => {
  const world = await reconcilerWorld(t);
  await world.system('cloud');
  const [held, free] = [await world.account('Held'), await world.account('Free')];
  const thing = await world.foreign(free, 'one');
  world.reconciler();
  await world.hold(held);
  await world.settled();
  assert.deepEqual(told(world), {});
  await moveEntity(world.context, ADMIN, thing, held);
  await world.settled();
  assert.deepEqual(told(world), { one: [true] });
  assert.equal((await world.targets())[0]?.['account_id'], held);
  const { revision } = await world.hold(held, 'fraud');
  await world.settled();
  assert.deepEqual(await countsOf(world, revision), [
    { system_id: 1, targets: 1, passed_confirmed: 0, passed_open: 0 },
  ]);
  const account = await world.account('Below', free);
  await world.foreign(account, 'two');
  await moveEntity(world.context, ADMIN, account, held);
  await world.settled();
  assert.deepEqual(told(world), { two: [true] });
});

test('what an account owns elsewhere is reached with it, and once', async (t: TestContext) => {
  const world = await reconcilerWorld(t);
  await world.system('numbers', {}, 'number_provider');
  const reseller = await world.account('A reseller');
  const [pool, owner] = [await world.account('Pool', reseller), await world.account('Owner', reseller)];
  const number = (
    await createEntity(world.context, ADMIN, {
      kind: 'phone_number',
      parent: pool,
      e164: '+31208005100',
      provider: 'numbers',
      providerReference: 'PN1',
    })
  ).value.number;
  world.reconciler();
  await world.settled();
  await transferEntity(world.context, ADMIN, number, owner);
  await world.settled();
  assert.equal((await world.targets())[0]?.['owner_id'], owner);
  const held = await world.hold(owner);
  await world.settled();
  assert.deepEqual(await countsOf(world, held.revision), [
    { system_id: 1, targets: 1, passed_confirmed: 0, passed_open: 0 },
  ]);
  const all = await world.hold(reseller);
  await world.settled();
  assert.equal(
    (await countsOf(world, all.revision))[0]?.['targets'],
    1,
    'by its container and by its owner, and counted once',
  );
  await world.lift(all);
  await world.lift(held);
  assert.deepEqual(told(world), {}, 'a hold releases no number');
  await closeEntity(world.context, ADMIN, number, {});
  await world.settled();
  assert.equal(world.board.calls.length, 1);
});

test('an edited profile reaches whatever it holds', async (t: TestContext) => {
  const world = await reconcilerWorld(t);
  await world.system('cloud');
  await putProfile(world.context, ADMIN, 'soft', { denied: ['call.out'] });
  const customers = [await world.account('One'), await world.account('Two')];
  for (const customer of customers) await world.foreign(customer, `of-${customer}`);
  await world.foreign(await world.account('Free'), 'free');
  world.reconciler();
  for (const customer of customers) await world.hold(customer, 'soft');
  await world.settled();
  assert.deepEqual(told(world), {});
  await putProfile(world.context, ADMIN, 'soft', { denied: actionsIn(ALL_BUT_EMERGENCY) });
  await world.settled();
  assert.deepEqual(told(world), Object.fromEntries(customers.map((customer) => [`of-${customer}`, [true]])));
});

test('an entity that names another system goes over to it, and one that is called otherwise is another thing', async (t: TestContext) => {
  const world = await reconcilerWorld(t);
  const [first, second] = [
    await world.system('first', {}, 'number_provider'),
    await world.system('second', {}, 'number_provider'),
  ];
  const number = (
    await createEntity(world.context, ADMIN, {
      kind: 'phone_number',
      parent: await world.account('A customer'),
      e164: '+31208005100',
      provider: 'first',
      providerReference: 'PN1',
    })
  ).value.number;
  world.reconciler();
  await world.settled();
  await world.pool.query(`update target set applied = '{"held": true}', kept = '1'`);
  const look = async () => {
    await world.settled();
    return (await world.targets()).map((target) => [target['system_id'], target['reference'], target['kept']]);
  };
  assert.deepEqual(await look(), [[first.id, 'PN1', 1]]);
  await updateEntity(world.context, ADMIN, number, { friendlyName: 'Front desk' });
  assert.deepEqual(await look(), [[first.id, 'PN1', 1]]);
  await updateEntity(world.context, ADMIN, number, { providerReference: 'PN2' });
  assert.deepEqual(await look(), [[first.id, 'PN2', null]]);
  await updateEntity(world.context, ADMIN, number, { provider: 'second' });
  assert.deepEqual(await look(), [[second.id, 'PN2', null]]);
  const { rows } = await world.pool.query(
    'select sum(targets - passed_confirmed - passed_open) as open from sweep_count where system_id = $1',
    [first.id],
  );
  assert.deepEqual(rows, [{ open: '0' }]);
});

test('a held node is one target of a server, whatever lies beneath it', async (t: TestContext) => {
  const world = await reconcilerWorld(t);
  const reseller = await world.account('A reseller');
  const customer = await world.account('A customer', reseller);
  await world.system('edge', {}, 'kamailio');
  world.reconciler();
  const held = await world.hold(customer);
  await world.hold(reseller);
  await world.settled();
  const targets = await world.targets();
  assert.deepEqual(
    targets.map((target) => [target['entity_id'], target['is_node'], target['outcome']]),
    [
      [reseller, true, 'confirmed'],
      [customer, true, 'confirmed'],
    ],
  );
  assert.equal(targets[1]?.['generation_desired'], held.revision, 'the node above is told, not those beneath');
});

test('after a restore everything is told once more', async (t: TestContext) => {
  const world = await reconcilerWorld(t);
  await world.system('cloud');
  const customer = await world.account('A customer');
  await world.foreign(customer, 'one');
  await world.foreign(await world.account('Free'), 'two');
  world.reconciler();
  await world.hold(customer);
  await world.settled();
  assert.deepEqual(told(world), { one: [true] });
  await world.pool.query('update change_counter set epoch = gen_random_uuid()');
  await world.until('it is told', () => world.board.calls.length >= 2);
  await world.settled();
  assert.ok(world.board.calls.every((order) => order.isForced && order.mayHaveActed));
  assert.deepEqual(told(world), { one: [true], two: [false] });
});

test('what is scheduled, or never came into force, reaches nobody', async (t: TestContext) => {
  const world = await reconcilerWorld(t);
  await world.system('cloud');
  const customer = await world.account('A customer');
  await world.foreign(customer, 'one');
  world.reconciler();
  const { placeHold } = await import('#operations/place-hold.ts');
  const { liftHold } = await import('#operations/lift-hold.ts');
  const startsAt = new Date(Date.now() + 3_600_000).toISOString();
  const placed = await placeHold(world.context, ADMIN, customer, { profile: 'suspended', startsAt });
  await world.settled();
  await liftHold(world.context, ADMIN, customer, placed.value.hold.id);
  await world.settled();
  const { rows } = await world.pool.query(`select count(*) from sweep where cause like 'hold.%'`);
  assert.deepEqual(rows, [{ count: 0 }]);
});
