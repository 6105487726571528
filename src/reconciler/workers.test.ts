/** Pace, breaker, pause, and several workers on one database. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { makePool } from '#store/database.ts';

import { type World, reconcilerWorld } from './world-for-test.ts';

async function crowd(t: TestContext, count: number, pace: Parameters<World['system']>[1] = {}) {
  const world = await reconcilerWorld(t);
  const system = await world.system('cloud', pace);
  const customer = await world.account('A customer');
  for (let n = 0; n < count; n++) await world.foreign(customer, `thing-${n}`);
  return { world, system, customer };
}

test('two workers share one system, and never do more at once than it may bear', async (t: TestContext) => {
  const { world, customer } = await crowd(t, 120, { concurrency: 5, timeoutMs: 20_000, flightMaxMs: 20_000 });
  const pool = makePool({ connectionString: world.connectionString });
  t.after(() => pool.end());
  world.board.answer = async () => {
    // Nobody goes on before all slots are in use.
    await world.until('all slots are in use', () => world.board.mostRunning >= 5);
    await sleep(2);
    return { type: 'done' };
  };
  const [one, other] = [world.reconciler(), world.reconciler({ pool })];
  await world.until('both have their share', () =>
    [one, other].every((worker) => worker.runners[0] !== undefined && worker.runners[0].slots.size >= 2),
  );
  await world.hold(customer);
  await world.settled();
  assert.equal(world.board.calls.length, 120, 'each once');
  assert.equal(new Set(world.board.calls.map((order) => order.reference)).size, 120);
  assert.equal(world.board.mostRunning, 5);
  assert.ok(
    [one, other].every((worker) => [...worker.calls.values()].some(({ count }) => count > 0)),
    'both took part',
  );
  await one.stop();
  await world.until('the other has it all', () => other.runners[0]?.slots.size === 5);
  const { rows } = await world.pool.query('select id from worker');
  assert.deepEqual(rows, [{ id: other.id }]);
  await other.stop();
});

test('a system is sent no more requests a second than it may bear', async (t: TestContext) => {
  const { world, customer } = await crowd(t, 12, { concurrency: 3, rate: 30 });
  const times: number[] = [];
  world.board.answer = () => {
    times.push(performance.now());
    return { type: 'done' };
  };
  world.reconciler();
  const startMs = performance.now();
  await world.hold(customer);
  await world.settled();
  assert.equal(times.length, 12);
  const spanMs = (times.at(-1) ?? 0) - startMs;
  // Of 12 requests in 3 slots some slot has four, the last three intervals of 100 ms after the first.
  assert.ok(spanMs >= 300, `12 requests within ${spanMs} ms`);
});

test('a system that fails is left alone, probed by one call, and driven again', async (t: TestContext) => {
  const { world, customer } = await crowd(t, 10, { concurrency: 4, breakerFailures: 4, breakerOpenMs: 300 });
  const probed = Promise.withResolvers<void>();
  let [isDown, probes] = [true, 0];
  world.board.answer = async () => {
    if (!isDown) return { type: 'done' };
    if (worker.runners[0]?.circuit === 'closed') {
      await sleep(5);
      return { type: 'later', code: 'unreachable', detail: 'nobody is there' };
    }
    probes++;
    await probed.promise;
    return { type: 'done' };
  };
  const worker = world.reconciler();
  await world.hold(customer);
  await world.until('it was probed', () => probes > 0);
  const told = world.board.calls.length;
  assert.ok(told > 4 && told <= 13, `${told} calls`);
  await world.until('the probe is alone', () => world.board.running === 1);
  world.board.mostRunning = 1;
  await sleep(100); // In which others would come, if they may.
  assert.deepEqual([probes, world.board.mostRunning, world.board.calls.length], [1, 1, told], 'one call alone');
  isDown = false;
  probed.resolve();
  await world.settled();
  const { rows } = await world.pool.query('select failures, open_until from system');
  assert.deepEqual(rows, [{ failures: 0, open_until: null }]);
});

test('refusals of single targets do not open the circuit', async (t: TestContext) => {
  const { world, customer } = await crowd(t, 8, { breakerFailures: 2 });
  world.board.answer = ({ reference }) =>
    reference === 'thing 7' ? { type: 'done' } : { type: 'never', code: 'refused', detail: 'not this one' };
  world.reconciler();
  await world.hold(customer);
  await world.until('all are answered', () => world.board.calls.length === 8);
  await world.until('they are written', async () =>
    (await world.targets()).every((target) => ['failed', 'confirmed'].includes(String(target['outcome']))),
  );
  const { rows } = await world.pool.query('select failures, open_until from system');
  assert.deepEqual(rows, [{ failures: 0, open_until: null }]);
});

test('a pause stops new calls at once, and keeps what is due', async (t: TestContext) => {
  const { world, system, customer } = await crowd(t, 30, { concurrency: 1 });
  const gate = Promise.withResolvers<void>();
  world.board.answer = async () => {
    if (world.board.calls.length >= 3) await gate.promise;
    return { type: 'done' };
  };
  world.reconciler();
  await world.hold(customer);
  await world.until('some are told', () => world.board.calls.length === 3);
  await world.pool.query('update system set paused_at = now() where id = $1', [system.id]);
  const leased = async () => (await world.targets()).filter((target) => target['lease_token'] !== null).length;
  await world.until('what had been claimed was given back', async () => (await leased()) <= 1);
  gate.resolve();
  await world.until('what was told is written', async () => (await leased()) === 0);
  await sleep(200); // In which others would be told, if they may.
  assert.equal(world.board.calls.length, 3);
  await world.pool.query('update system set paused_at = null where id = $1', [system.id]);
  await world.settled();
  assert.equal(world.board.calls.length, 30, 'each once');
});

test('a system that is changed gets another driver, and one that is removed leaves nothing', async (t: TestContext) => {
  const { world, system, customer } = await crowd(t, 3, { concurrency: 1 });
  const gate = Promise.withResolvers<void>();
  world.board.answer = async () => {
    await gate.promise;
    return { type: 'done' };
  };
  const worker = world.reconciler();
  await world.hold(customer);
  await world.until('it is told', () => world.board.calls.length === 1);
  await world.pool.query('update system set version = version + 1 where id = $1', [system.id]);
  await sleep(300);
  assert.equal(world.board.closed, 0, 'a call is running');
  gate.resolve();
  await world.settled();
  assert.equal(world.board.closed, 1);
  const stuck = Promise.withResolvers<void>();
  world.board.answer = async () => {
    await stuck.promise;
    return { type: 'done' };
  };
  await world.hold(customer, 'fraud');
  await world.settled();
  const calls = world.board.calls.length;
  await world.pool.query(
    `update target set is_drifted = true, due_at = now() where entity_id = (select min(entity_id) from target)`,
  );
  await world.until('it is told', () => world.board.calls.length > calls);
  await world.pool.query('delete from system');
  stuck.resolve();
  await world.until('nobody drives it', () => worker.runners.length === 0);
  await world.until('its driver is closed', () => world.board.closed === 2);
  assert.deepEqual(await world.targets(), []);
  await world.settled();
  assert.deepEqual(world.troubles, []);
});

test('a worker that stops gives back what it did not begin', async (t: TestContext) => {
  const { world, customer } = await crowd(t, 20, { concurrency: 2, timeoutMs: 30_000, flightMaxMs: 30_000 });
  world.board.answer = async () => {
    await sleep(50);
    return { type: 'done' };
  };
  const first = world.reconciler();
  await world.hold(customer);
  await world.until('some are told', () => world.board.calls.length >= 2);
  await first.stop();
  assert.ok(world.board.calls.length < 20);
  assert.deepEqual(
    (await world.targets()).filter((target) => target['lease_token'] !== null || target['is_unproven']),
    [],
  );
  world.reconciler();
  await world.settled();
  assert.equal(world.board.calls.length, 20, 'each once');
});
