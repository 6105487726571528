/**
 * Payment at any moment of a suspension that is being carried out ends active: ten thousand interleavings of people, two workers and
 * a system that may lose, refuse or delay. `ABEYANCE_TEST_SEED` plays those of an earlier run again.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestContext, test } from 'node:test';

import { type BulkItem, runBulk } from '#operations/run-bulk.ts';
import { ADMIN, type Installation, testInstallation } from '#test/installation.ts';
import { keepPlans } from '#test/history-world.ts';
import { whatIsLeft } from '#test/reconcile-judge.ts';
import { type Customer, LEAP_MS, MOMENTS, Play } from '#test/reconcile-payment.ts';
import { Stage } from '#test/reconcile-stage.ts';
import { passTime } from '#test/reconcile-time.ts';
import {
  addSystem,
  generationsThatWentBack,
  isSettled,
  readUnsettled,
  watchGenerations,
} from '#test/reconcile-world.ts';

import { makeRandom } from '../scripts/random.ts';

const INTERLEAVINGS = 10_000;
/** Customers whose suspensions are carried out side by side, and what each has in the system. */
const CUSTOMERS = 200;
const THINGS_EACH = 10;
const WORKERS = 2;
/** Only a test that never comes to some moment needs so many runs. */
const RUNS_MAX = 100;
const FLIGHT_MAX_MS = 600_000;

const seed = Number(process.env['ABEYANCE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

async function create(here: Installation, bodies: readonly BulkItem['body'][]): Promise<number[]> {
  const items = bodies.map((body) => ({ op: 'create', ...(body === undefined ? {} : { body }) }) as const);
  const { outcomes } = await runBulk(here.context, ADMIN, items, { isBrief: true });
  return outcomes.map((outcome) => {
    assert.ok(outcome.ok);
    return (outcome.body as { number: number }).number; // A view of what was created.
  });
}

async function plant(here: Installation): Promise<Customer[]> {
  const ids = await create(
    here,
    Array.from({ length: CUSTOMERS }, () => ({ kind: 'account', name: 'A customer' })),
  );
  const things = await create(
    here,
    ids.flatMap((parent) =>
      Array.from({ length: THINGS_EACH }, (_, n) => ({
        kind: 'foreign',
        parent,
        system: 'switches',
        externalReference: `thing-${parent}-${n}`,
      })),
    ),
  );
  return ids.map((id, at) => ({
    id,
    things: things.slice(at * THINGS_EACH, (at + 1) * THINGS_EACH).map((thing) => ({ id: thing, trace: [] })),
    hold: null,
    placed: 0,
    isPaid: false,
  }));
}

test('payment at any moment of a running suspension ends active', async (t: TestContext) => {
  const here = keepPlans(t, await testInstallation(t));
  await watchGenerations(here.pool);
  t.diagnostic(`seed ${seed}`);
  const startedAt = Date.now(); // The other clock is moved while it plays.
  const random = makeRandom(seed);
  await addSystem(here, 'switches', 'http://switches.invalid', {
    concurrency: 400,
    timeoutMs: 300_000,
    flightMaxMs: FLIGHT_MAX_MS,
    breakerFailures: 1_000_000,
  });
  const customers = await plant(here);
  const things = customers.flatMap((customer) => customer.things);
  const byId = new Map(things.map((thing) => [thing.id, thing]));
  const stage = new Stage();
  const play = new Play(here, stage, customers, random);
  stage.onEvent = (id, event) => {
    const thing = byId.get(id);
    if (thing !== undefined) play.note(thing, event);
  };
  const distinct = new Set<string>();
  stage.start(here, WORKERS);
  try {
    let runs = 0;
    const isEnough = () => distinct.size >= INTERLEAVINGS && MOMENTS.every((moment) => play.moments.has(moment));
    for (; !isEnough() && runs < RUNS_MAX; runs++) {
      stage.hold();
      await play.run();
      stage.free();
      await settleFreely(here);
      for (const { id, trace } of things) {
        assert.notEqual(stage.switches.get(id) ?? 'on', 'off', `thing ${id} of run ${runs}: ${trace.join('; ')}`);
        distinct.add(`${runs}: ${trace.join('; ')}`);
      }
      const { rows } = await here.pool.query(
        `select target_outcome(t) as outcome, standing_word(r.denied, r.intercepted, r.closed) as standing, count(*)::integer
          from target t cross join lateral restrictions(t.entity_id) r group by 1, 2`,
      );
      assert.deepEqual(rows, [{ outcome: 'confirmed', standing: 'active', count: things.length }]);
      for (const customer of customers) Object.assign(customer, { hold: null, isPaid: false });
      for (const thing of things) thing.trace = [];
    }
    t.diagnostic(
      `${distinct.size} interleavings in ${runs} runs of ${stage.steps} steps and ${stage.leaps} leaps in time, in ${Math.round((Date.now() - startedAt) / 1_000)} s`,
    );
  } finally {
    await stage.stop();
  }
  t.diagnostic(
    `payment came when the suspension was ${MOMENTS.map((moment) => `${moment} ${play.moments.get(moment) ?? 0}`).join(', ')}`,
  );
  assert.ok(distinct.size >= INTERLEAVINGS);
  for (const moment of MOMENTS) assert.ok((play.moments.get(moment) ?? 0) > 0, `payments came when it was ${moment}`);
  assert.deepEqual(stage.troubles, []);
  assert.deepEqual(await generationsThatWentBack(here.pool), []);
});

const LOOK_AGAIN_MS = 10;
/** Looks at which nothing was due soon. */
const IDLE_LOOKS = 30;
/** Only a test that hangs needs so many hours. */
const HOURS_MAX = 50;

/** Nothing is held back and nothing on its way: time may pass as it will, where nobody gets on without. */
async function settleFreely({ pool }: Installation): Promise<void> {
  for (let [idle, hours] = [0, 0]; hours < HOURS_MAX;) {
    const left = await readUnsettled(pool);
    if (isSettled(left)) return;
    idle = left.nextMs > 10 * LOOK_AGAIN_MS ? idle + 1 : 0;
    if (idle < IDLE_LOOKS) await sleep(LOOK_AGAIN_MS);
    else {
      await passTime(pool, LEAP_MS);
      [idle, hours] = [0, hours + 1];
    }
  }
  assert.fail(`it does not settle: ${await whatIsLeft({ pool })}`);
}
