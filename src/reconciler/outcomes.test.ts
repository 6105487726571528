/** What becomes of targets when systems fail, are silent, or are told twice. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { SystemFailure } from '#systems/http-call.ts';

import { type World, reconcilerWorld } from './world-for-test.ts';

/** One customer with one thing in the system, settled, and a reconciler. */
async function oneTarget(t: TestContext, pace: Parameters<World['system']>[1] = {}) {
  const world = await reconcilerWorld(t);
  const system = await world.system('cloud', pace);
  const customer = await world.account('A customer');
  const thing = await world.foreign(customer, 'one');
  world.reconciler();
  await world.settled();
  return { world, system, customer, thing };
}

async function only(world: World) {
  const [target, ...others] = await world.targets();
  assert.ok(target !== undefined && others.length === 0);
  return target;
}

test('a failure is tried again until it works, with the same request id', async (t: TestContext) => {
  const { world, customer } = await oneTarget(t);
  let failures = 3;
  world.board.answer = () =>
    failures-- > 0 ? { type: 'later', code: 'locked', detail: 'in use' } : { type: 'done', note: 'well' };
  await world.hold(customer);
  await world.settled();
  assert.equal(world.board.calls.length, 4);
  assert.equal(new Set(world.board.calls.map((order) => order.requestId)).size, 1);
  assert.deepEqual(
    world.board.calls.map((order) => order.attempts),
    [0, 1, 2, 3],
  );
  const target = await only(world);
  assert.deepEqual(
    [target['outcome'], target['attempts'], target['problem_code'], target['note'], target['applied']],
    ['confirmed', 0, null, 'well', { disabled: true }],
  );
});

test('what needs a person waits for one, and a later change tries it anew', async (t: TestContext) => {
  const { world, customer } = await oneTarget(t);
  world.board.answer = () => ({ type: 'never', code: 'no_such_thing', detail: 'There is none.' });
  const held = await world.hold(customer);
  await world.until('it failed', async () => (await only(world))['outcome'] === 'failed');
  const failed = await only(world);
  assert.deepEqual([failed['problem_code'], failed['due_at'], failed['attempts']], ['no_such_thing', null, 1]);
  assert.equal(world.board.calls.length, 1);
  world.board.answer = () => ({ type: 'done' });
  await world.hold(customer, 'fraud');
  await world.settled();
  const target = await only(world);
  assert.deepEqual([target['outcome'], target['problem_code'], target['problem_since']], ['confirmed', null, null]);
  assert.equal(world.board.calls.length, 2);
  await world.lift(held);
  await world.settled();
  assert.equal(world.board.calls.length, 2, 'the other hold still stands: there is nothing to tell');
});

test('suspended and resumed before delivery is nothing told', async (t: TestContext) => {
  const { world, system, customer } = await oneTarget(t);
  await world.pool.query('update system set paused_at = now() where id = $1', [system.id]);
  const held = await world.hold(customer);
  await world.until('it is due', async () => (await world.targets())[0]?.['generation_desired'] === held.revision);
  const lifted = await world.lift(held);
  await world.until('it is due again', async () => (await only(world))['generation_desired'] === lifted);
  assert.equal(world.board.calls.length, 0, 'a pause holds everything back');
  await world.pool.query('update system set paused_at = null where id = $1', [system.id]);
  await world.settled();
  assert.equal(world.board.calls.length, 0);
  const target = await only(world);
  assert.deepEqual([target['generation_applied'], target['applied']], [lifted, null]);
  const { rows } = await world.pool.query('select passed_open from sweep_count where revision = $1', [held.revision]);
  assert.deepEqual(rows, [{ passed_open: 1 }]);
});

test('an answer that never came is told again, and once more when no request can arrive any more', async (t: TestContext) => {
  const { world, customer } = await oneTarget(t, { timeoutMs: 50, flightMaxMs: 700 });
  let isFirst = true;
  world.board.answer = async (_order, { signal }) => {
    if (!isFirst) return { type: 'done' };
    isFirst = false;
    await sleep(10_000, undefined, { signal });
    return { type: 'done' };
  };
  await world.hold(customer);
  await world.settled();
  const [first, second, third, ...more] = world.board.calls;
  assert.deepEqual([first?.mayHaveActed, second?.mayHaveActed, second?.isForced], [false, true, false]);
  assert.deepEqual([third?.isForced, third?.applied, more.length], [true, { disabled: true }, 0]);
  const target = await only(world);
  assert.deepEqual([target['outcome'], target['is_unproven'], target['unsure_until']], ['confirmed', false, null]);
});

test('a request that arrives late does not win', async (t: TestContext) => {
  const { world, customer } = await oneTarget(t, { timeoutMs: 50, flightMaxMs: 600 });
  let far = false;
  let isFirst = true;
  world.board.answer = async ({ desired }) => {
    const next = JSON.stringify(desired) === '{"disabled":true}';
    if (!isFirst) {
      far = next;
      return { type: 'done' };
    }
    isFirst = false;
    // It is given up, and takes effect half a second later, after its successor.
    setTimeout(() => (far = next), 400);
    return { type: 'unknown', code: 'timeout', detail: 'silence' };
  };
  const held = await world.hold(customer);
  await world.until('it was told', () => world.board.calls.length >= 1);
  await world.lift(held);
  await world.settled();
  assert.equal(far, false, 'active, as the last change says');
  assert.equal((await only(world))['outcome'], 'confirmed');
});

test('a driver that fails is no end of the worker, and its message says nothing of the inside', async (t: TestContext) => {
  const { world, customer } = await oneTarget(t, { flightMaxMs: 1_000 });
  const thrown = [new TypeError('a bug with a secret'), new SystemFailure('nobody is there', 'later')];
  world.board.answer = () => {
    const error = thrown.shift();
    if (error !== undefined) throw error;
    return { type: 'done' };
  };
  await world.hold(customer);
  await world.until(
    'the bug is seen',
    async () => (await world.targets())[0]?.['problem_code'] === 'bug' || thrown.length < 2,
  );
  await world.settled();
  assert.equal((await only(world))['outcome'], 'confirmed');
  assert.equal(world.troubles.length, 1);
  const { rows } = await world.pool.query('select failures, open_until, last_problem from system');
  assert.deepEqual(rows, [{ failures: 0, open_until: null, last_problem: null }], 'it works again');
});

test('a task is asked for until it is done, and its text is shown', async (t: TestContext) => {
  const { world, customer } = await oneTarget(t);
  let polls = 0;
  world.board.answer = ({ task }) => {
    if (task === null) return { type: 'waiting', task: { id: 7 }, pollAfterMs: 60, text: 'At it.' };
    polls++;
    return polls < 3 ? { type: 'waiting', task, pollAfterMs: 60 } : { type: 'done' };
  };
  await world.hold(customer);
  await world.until('it waits', async () => (await world.targets())[0]?.['outcome'] === 'waiting');
  assert.deepEqual((await only(world))['task'], { id: 7 });
  await world.settled();
  assert.equal(polls, 3);
  assert.equal((await only(world))['task'], null);
});

test('what was configured before is kept at once, and lost with the lease', async (t: TestContext) => {
  const { world, customer } = await oneTarget(t);
  world.board.answer = async (order, call) => {
    if (order.kept === null) await call.keep({ before: 'all of it' });
    await world.pool.query(`update target set lease_token = gen_random_uuid() where lease_token is not null`);
    await assert.rejects(call.keep({ before: 'stolen' }), /lease/);
    return { type: 'done' };
  };
  await world.hold(customer);
  await world.until('it was told', () => world.board.calls.length === 1);
  await sleep(100);
  const target = await only(world);
  assert.deepEqual([target['kept'], target['applied']], [{ before: 'all of it' }, null], 'the outcome came to nothing');
});

test('a lease that ran out is taken over, and the one who had it writes nothing', async (t: TestContext) => {
  const { world, customer } = await oneTarget(t, { timeoutMs: 5_000, flightMaxMs: 5_000 });
  const late = Promise.withResolvers<void>();
  world.board.answer = async (order) => {
    if (order.mayHaveActed) return { type: 'done' };
    await late.promise;
    return { type: 'never', code: 'late', detail: 'too late' };
  };
  const held = await world.hold(customer);
  await world.until('it is told', () => world.board.calls.length === 1);
  await world.pool.query(`update target set leased_until = now() - interval '1 second'`);
  await world.until('it is told again', () => world.board.calls.length === 2);
  await world.until('it was done', async () => (await only(world))['applied'] !== null);
  const doubtful = await only(world);
  assert.ok(Number(doubtful['generation_applied']) < held.revision, 'the first request may still arrive');
  assert.notEqual(doubtful['unsure_until'], null);
  late.resolve();
  await world.pool.query(`update target set unsure_until = now(), due_at = now()`);
  await world.settled();
  const target = await only(world);
  assert.deepEqual([target['outcome'], target['problem_code']], ['confirmed', null]);
  assert.equal(world.board.calls.at(-1)?.isForced, true);
});

test('a value that cannot be stored is a failure of its target alone', async (t: TestContext) => {
  const { world, customer } = await oneTarget(t);
  await world.foreign(customer, 'two');
  await world.settled();
  world.board.answer = ({ reference }) =>
    reference === 'one' ? { type: 'done', applied: { text: 'a\u0000b' } } : { type: 'done' };
  await world.hold(customer);
  await world.until('both are answered', async () => {
    const outcomes = (await world.targets()).map((target) => target['outcome']);
    return outcomes.join() === 'failed,confirmed';
  });
  assert.equal((await world.targets())[0]?.['problem_code'], 'unstorable');
});
