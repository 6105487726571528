/** What somebody changed behind our back. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Json } from '#core/field.ts';

import { type World, reconcilerWorld } from './world-for-test.ts';

/** Three held things in a system whose far side can be tampered with. */
async function tampered(t: TestContext, drift: 'report' | 'repair') {
  const world = await reconcilerWorld(t);
  const far = new Map<string, Json>();
  await world.system('cloud', { drift, driftEveryMs: 150 });
  const customer = await world.account('A customer');
  const things = [];
  for (const name of ['one', 'two', 'three']) things.push(await world.foreign(customer, name));
  world.board.answer = ({ reference, desired }) => {
    far.set(String(reference), desired);
    return { type: 'done' };
  };
  world.board.observe = ({ reference }) =>
    Promise.resolve({ type: 'seen', state: far.get(String(reference)) ?? { disabled: false } });
  world.reconciler();
  await world.settled();
  await world.hold(customer);
  await world.settled();
  return { world, far, things };
}

async function driftsOf(world: World) {
  const { rows } = await world.pool.query<{
    kind: string;
    entity_id: number;
    actor: string;
    facts: Record<string, Json>;
  }>(`select kind, entity_id, actor, facts from change where kind like 'drift.%' order by revision`);
  return rows;
}

test('what was changed there is found, told again, and both are in the log', async (t: TestContext) => {
  const { world, far, things } = await tampered(t, 'repair');
  far.set('two', { disabled: false });
  await world.until('it is repaired', () => (far.get('two') as { disabled: boolean }).disabled);
  await world.until('it is told', async () => (await driftsOf(world)).length === 2);
  const [found, repaired] = await driftsOf(world);
  assert.deepEqual(
    [found?.kind, found?.entity_id, found?.actor, found?.facts['found'], found?.facts['wanted'], found?.facts['name']],
    ['drift.found', things[1], 'system:reconciler', { disabled: false }, { disabled: true }, 'cloud'],
  );
  assert.deepEqual([repaired?.kind, repaired?.entity_id], ['drift.repaired', things[1]]);
  assert.equal(world.board.calls.at(-1)?.isForced, true);
  assert.equal(world.board.calls.length, 4);
  await sleep(400);
  assert.equal((await driftsOf(world)).length, 2);
  assert.deepEqual(new Set((await world.targets()).map((target) => target['outcome'])), new Set(['confirmed']));
});

test('where it is only reported it is told once, shown, and gone when somebody puts it right', async (t: TestContext) => {
  const { world, far } = await tampered(t, 'report');
  far.set('one', { disabled: false });
  await world.until('it is found', async () => (await driftsOf(world)).length === 1);
  await sleep(400);
  assert.equal((await driftsOf(world)).length, 1, 'the same drift is no news');
  assert.equal((await world.targets())[0]?.['outcome'], 'drifted');
  assert.equal(world.board.calls.length, 3, 'nothing is told');
  far.set('one', { disabled: true });
  await world.until('it is gone', async () => (await world.targets())[0]?.['outcome'] === 'confirmed');
  assert.deepEqual(
    (await driftsOf(world)).map(({ kind }) => kind),
    ['drift.found', 'drift.repaired'],
  );
});

test('a system that cannot be asked has not drifted', async (t: TestContext) => {
  const { world, far } = await tampered(t, 'repair');
  far.set('one', { disabled: false });
  let asked = 0;
  const observe = world.board.observe;
  world.board.observe = (order, call) => {
    asked++;
    if (asked < 7) return Promise.resolve({ type: 'unseen', code: 'unreachable', detail: 'nobody is there' });
    return observe?.(order, call) ?? Promise.reject(new Error('nobody observes'));
  };
  await world.until('it was asked', () => asked >= 6);
  assert.deepEqual(await driftsOf(world), []);
  await world.until('it is found all the same', async () => (await driftsOf(world)).length === 2);
});
