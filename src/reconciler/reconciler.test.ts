/** From a committed change to a system that agrees. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { reconcilerWorld } from './world-for-test.ts';

test('a suspension reaches what lies beneath, once, and a resumption gives it back', async (t: TestContext) => {
  const world = await reconcilerWorld(t);
  await world.system('cloud');
  const reseller = await world.account('A reseller');
  const customer = await world.account('A customer', reseller);
  await world.foreign(customer, 'one');
  await world.foreign(customer, 'two');
  await world.foreign(await world.account('Another'), 'three');
  world.reconciler();
  await world.settled();
  assert.equal(world.board.calls.length, 0, 'what was never held is told nothing');
  const held = await world.hold(reseller);
  await world.settled();
  assert.deepEqual(world.board.calls.map((order) => String(order.reference)).toSorted(), ['one', 'two']);
  assert.ok(world.board.calls.every((order) => JSON.stringify(order.desired) === '{"disabled":true}'));
  const { rows } = await world.pool.query(
    'select targets, passed_confirmed, passed_open from sweep_count where revision = $1',
    [held.revision],
  );
  assert.deepEqual(rows, [{ targets: 2, passed_confirmed: 0, passed_open: 0 }]);
  await world.lift(held);
  await world.settled();
  assert.equal(world.board.calls.length, 4);
  assert.deepEqual(world.troubles, []);
  assert.deepEqual(
    (await world.targets()).map((target) => target['outcome']),
    ['confirmed', 'confirmed', 'confirmed'],
  );
});
