/** What must not stop the rest: bugs, drivers that never end, text that no database takes, systems that go away meanwhile. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { SYSTEM_KIND } from '#core/system-kinds.ts';
import { systemAuthor } from '#store/change.ts';
import { Session } from '#store/database.ts';
import { readLogPage } from '#store/sweep-log.ts';
import { lockSystem } from '#store/system.ts';
import { storable } from '#store/target.ts';
import { transact } from '#store/transaction.ts';
import type { Outcome } from '#systems/system.ts';

import { CircuitBreaker } from './circuit-breaker.ts';
import { type World, reconcilerWorld } from './world-for-test.ts';

async function three(t: TestContext, pace: Parameters<World['system']>[1] = {}) {
  const world = await reconcilerWorld(t);
  const system = await world.system('cloud', pace);
  const customer = await world.account('A customer');
  for (const name of ['one', 'poison', 'three']) await world.foreign(customer, name);
  return { world, system, customer };
}

test('one target that cannot be worked out stops no other, and is not tried in a loop', async (t: TestContext) => {
  const { world, customer } = await three(t);
  const { aps } = SYSTEM_KIND;
  const desired: typeof aps.desired = aps.desired.bind(aps);
  let broken = 0;
  t.mock.method(aps, 'desired', (...given: Parameters<typeof desired>) => {
    if (given[0].reference !== 'poison') return desired(...given);
    broken++;
    throw new Error('a bug');
  });
  world.reconciler();
  await world.hold(customer);
  const outcomes = async () => (await world.targets()).map((target) => target['outcome']);
  await world.until('the others are told', async () => (await outcomes()).join() === 'confirmed,retrying,confirmed');
  const poisoned = (await world.targets())[1];
  assert.deepEqual([poisoned?.['problem_code'], poisoned?.['lease_token']], ['bug', null]);
  assert.ok(broken <= 4, `it was tried ${broken} times`);
  assert.ok(world.troubles.some(({ what }) => what.includes('cannot be worked out')));
});

test('the search for drift goes on behind what cannot be judged or stored', async (t: TestContext) => {
  const { world, customer } = await three(t, { drift: 'report', driftEveryMs: 100 });
  world.board.observe = ({ reference }) =>
    Promise.resolve({
      type: 'seen',
      state: reference === 'poison' ? { disabled: 'a\u0000b' } : { disabled: reference !== 'three' },
    });
  world.reconciler();
  await world.hold(customer);
  await world.until('drift is found behind it', async () => (await world.targets())[2]?.['outcome'] === 'drifted');
  assert.equal((await world.targets())[1]?.['outcome'], 'confirmed');
});

test('a driver that is deaf while it observes or closes does not hold up the end', async (t: TestContext) => {
  const { world, customer } = await three(t, { drift: 'report', driftEveryMs: 100, timeoutMs: 200 });
  let asked = 0;
  const observe = () => {
    asked++;
    return new Promise<never>(() => {});
  };
  const close = () => new Promise<never>(() => {});
  const worker = world.reconciler({
    makeDriver: { aps: () => ({ converge: () => Promise.resolve({ type: 'done' }), observe, close }) },
  });
  await world.hold(customer);
  await world.until('each slot was free again', () => asked > 4);
  await worker.stop();
});

test('many failures at once are counted in a few statements, and none is lost', async (t: TestContext) => {
  const { world, system } = await three(t, { breakerFailures: 100 });
  let statements = 0;
  const counting = new Session({
    query: (query) => {
      statements++;
      return world.pool.query(query);
    },
  });
  const breaker = new CircuitBreaker(counting);
  const failure: Outcome = { type: 'later', code: 'unreachable', detail: 'it says \u0000' };
  await Promise.all(Array.from({ length: 99 }, () => breaker.judge(system.id, failure)));
  const state = async () =>
    (await world.pool.query('select failures, last_problem, open_until is not null as is_open from system')).rows[0];
  assert.deepEqual(await state(), { failures: 99, last_problem: 'it says ', is_open: false });
  assert.ok(statements <= 3, `${statements} statements`);
  assert.ok(Number(await breaker.judge(system.id, failure)) > 0);
  assert.equal(breaker.state, 'open');
  await Promise.all([breaker.judge(system.id, failure), breaker.judge(system.id, { type: 'done' })]);
  assert.deepEqual(await state(), { failures: 0, last_problem: null, is_open: false });
  assert.equal(breaker.state, 'closed');
  assert.equal(await breaker.judge(system.id, failure), null);
  assert.equal((await state()).failures, 1);
});

test('whoever may not send the probe leaves the system alone until the next look', async (t: TestContext) => {
  const { world, system } = await three(t);
  await world.pool.query(`update system set open_until = now() + interval '1 minute'`);
  const breaker = new CircuitBreaker(new Session(world.pool));
  breaker.update({ ...system, open_for_ms: -1, due_in_ms: 0, drift_due_in_ms: null });
  assert.equal(breaker.state, 'half_open');
  assert.equal(await breaker.probe(system.id, 1_000), false);
  assert.equal(breaker.state, 'open');
});

test('a system is not removed under the reader of the log, and can be changed meanwhile', async (t: TestContext) => {
  const { world, system } = await three(t);
  let removing: Promise<unknown> = Promise.resolve();
  await transact(world.pool, world.chainKey, 'none', systemAuthor('system:reconciler'), async (reading) => {
    const page = await readLogPage(reading, 0, 10_000);
    assert.deepEqual(
      page.systems.map(({ id }) => id),
      [system.id],
    );
    await transact(world.pool, world.chainKey, 'none', systemAuthor('token:admin'), async (changing) => {
      assert.equal((await lockSystem(changing, system.uuid))?.id, system.id);
    });
    removing = world.pool.query('delete from system');
    await world.until('the removal waits', async () => {
      const { rows } = await world.pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query = 'delete from system'`,
      );
      return rows.length === 1;
    });
  });
  await removing;
  assert.equal((await world.pool.query('select from system')).rowCount, 0);
});

test('what is cut of a long text is whole characters', () => {
  assert.ok(storable(`${'x'.repeat(1_999)}😀`).isWellFormed());
});
