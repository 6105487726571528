/** From a committed change to an endpoint that agrees: the reconciler, the driver and a simulated endpoint together. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';

import type { Json, Values } from '#core/field.ts';
import { createEntity } from '#operations/create-entity.ts';
import { updateEntity } from '#operations/update-entity.ts';
import { type World, reconcilerWorld } from '#reconciler/world-for-test.ts';
import type { NewSystem } from '#store/system.ts';
import { ADMIN } from '#test/installation.ts';

import { makeApsDriver } from './aps.ts';
import { type ApsSimulator, startApsSimulator } from './simulator.ts';
import { INSTANCE, OAUTH_KEY, OAUTH_SECRET, systemFor } from './target-for-test.ts';

interface Scene {
  readonly world: World;
  readonly endpoint: ApsSimulator;
  /** Makes a resource in both places, and answers its id at the endpoint. */
  readonly resource: (parent: number, more?: Values) => Promise<{ readonly id: string; readonly entity: number }>;
  readonly outcomes: () => Promise<Record<string, number>>;
}

async function scene(t: TestContext, settings: Values = {}, pace: Partial<NewSystem> = {}): Promise<Scene> {
  const trust = { type: 'oauth', keys: new Map([[OAUTH_KEY, OAUTH_SECRET]]), instanceId: INSTANCE } as const;
  const endpoint = await startApsSimulator(trust);
  t.after(() => endpoint.stop());
  const world = await reconcilerWorld(t);
  const given = systemFor(`${endpoint.origin}/ext`, settings);
  const { settings: read, secrets } = given;
  await world.system('apps', { settings: read, secrets, ...pace });
  world.reconciler({ makeDriver: { aps: makeApsDriver } });
  return {
    world,
    endpoint,
    resource: async (parent, more = {}) => {
      const id = randomUUID();
      endpoint.resources.set(id, { status: 'aps:ready', properties: {}, effects: [] });
      const input = { kind: 'foreign', parent, name: id, system: 'apps', externalReference: id, ...more } as const;
      const made = await createEntity(world.context, ADMIN, input);
      return { id, entity: made.value.number };
    },
    outcomes: async () => {
      const counts: Record<string, number> = {};
      for (const { outcome } of await world.targets()) counts[String(outcome)] = (counts[String(outcome)] ?? 0) + 1;
      return counts;
    },
  };
}

test('two holds make one disable, and the end of the last makes one enable', async (t) => {
  const { world, endpoint, resource } = await scene(t);
  const customer = await world.account('A customer');
  const { id, entity } = await resource(customer);
  await world.settled();
  assert.equal(endpoint.count, 0, 'what was never held is told nothing');
  const above = await world.hold(customer);
  await world.settled();
  const own = await world.hold(entity, 'fraud');
  await world.settled();
  await world.lift(above);
  await world.settled();
  assert.deepEqual(endpoint.resources.get(id)?.effects, ['disable']);
  await world.lift(own);
  await world.settled();
  assert.deepEqual(endpoint.resources.get(id)?.effects, ['disable', 'enable']);
  assert.equal(endpoint.count, 2);
  assert.deepEqual(world.troubles, []);
});

test('of ten resources one fails: nine are disabled, one is retried, and each has its outcome', async (t) => {
  const { world, endpoint, resource, outcomes } = await scene(t);
  const customer = await world.account('A customer');
  const made = [];
  for (let count = 0; count < 10; count += 1) made.push(await resource(customer));
  const bad = made[4]?.id ?? '';
  endpoint.habits.instead.set(bad, {
    status: 500,
    body: { error: 'Exception', message: `no vendor, ${OAUTH_SECRET}` },
  });
  await world.hold(customer);
  await world.until('nine of ten', async () => {
    const counts = await outcomes();
    return counts['confirmed'] === 9 && counts['retrying'] === 1;
  });
  const disabled = [...endpoint.resources].filter(([, { status }]) => status === 'aps:disabled');
  assert.equal(disabled.length, 9);
  const row = (await world.targets()).find(({ outcome }) => outcome === 'retrying');
  assert.equal(row?.['problem_code'], 'endpoint_failed');
  assert.match(String(row?.['problem_detail']), /no vendor/);
  assert.ok(!JSON.stringify(await world.targets()).includes(OAUTH_SECRET));
  endpoint.habits.instead.clear();
  await world.settled();
  assert.equal(endpoint.resources.get(bad)?.status, 'aps:disabled');
});

test('a hold that is lifted while disable is polling ends enabled', async (t) => {
  const { world, endpoint, resource, outcomes } = await scene(t);
  Object.assign(endpoint.habits, { polls: 2, retryTimeout: '1', info: 'asking the vendor' });
  const customer = await world.account('A customer');
  const { id } = await resource(customer);
  const held = await world.hold(customer);
  await world.until('it waits', async () => (await outcomes())['waiting'] === 1);
  assert.equal((await world.targets())[0]?.['note'], 'asking the vendor');
  await world.lift(held);
  await world.settled();
  assert.deepEqual(endpoint.resources.get(id)?.effects, ['disable', 'enable']);
  assert.deepEqual(await outcomes(), { confirmed: 1 });
});

test('what becomes ready, or appears, during a suspension is disabled then', async (t) => {
  const { world, endpoint, resource, outcomes } = await scene(t);
  const customer = await world.account('A customer');
  const early = await resource(customer, { apsStatus: 'aps:provisioning' });
  await world.hold(customer);
  await world.until('it waits', async () => (await outcomes())['waiting'] === 1);
  assert.equal(endpoint.count, 0);
  await updateEntity(world.context, ADMIN, early.entity, { apsStatus: 'aps:ready' });
  await world.settled();
  assert.equal(endpoint.resources.get(early.id)?.status, 'aps:disabled');
});

test('a refusal that needs a person is shown, and leaves the others alone', async (t) => {
  const { world, endpoint, resource, outcomes } = await scene(t);
  const customer = await world.account('A customer');
  const drifted = await resource(customer);
  await resource(customer);
  await world.settled();
  Object.assign(endpoint.resources.get(drifted.id) ?? {}, { status: 'aps:disabled' });
  const held = await world.hold(customer);
  await world.until('both are told', async () => {
    const counts = await outcomes();
    return counts['confirmed'] === 1 && counts['failed'] === 1;
  });
  const row = (await world.targets()).find(({ outcome }) => outcome === 'failed');
  assert.equal(row?.['problem_code'], 'drift');
  assert.equal(row?.['due_at'], null, 'it is not tried again by itself');
  await world.lift(held);
  await world.settled();
  assert.equal(endpoint.resources.get(drifted.id)?.status, 'aps:ready', 'what was confirmed before is not believed');
});

test('what is changed behind our back is found and put right', async (t) => {
  const pace = { drift: 'repair', driftEveryMs: 200 } as const;
  const { world, endpoint, resource, outcomes } = await scene(t, { canRead: true }, pace);
  endpoint.habits.canRead = true;
  const customer = await world.account('A customer');
  const { id } = await resource(customer);
  await world.hold(customer);
  await world.settled();
  Object.assign(endpoint.resources.get(id) ?? {}, { status: 'aps:ready' });
  await world.until('it is disabled again', () => endpoint.resources.get(id)?.status === 'aps:disabled');
  await world.until('it is confirmed', async () => (await outcomes())['confirmed'] === 1);
  const { rows } = await world.pool.query<{ facts: { found: Json } }>(
    "select facts from change where kind = 'drift.found' order by revision",
  );
  assert.deepEqual(rows[0]?.facts.found, { disabled: false });
});

/** Random numbers that are the same for each run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

for (const [seed, habits, settings] of [
  [1, {}, {}],
  [2, { polls: 1 }, {}],
  [3, { canRead: true }, { canRead: true }],
  [4, { polls: 1, canRead: true, forgetsPolls: true }, { canRead: true, configures: true }],
] as const)
  test(`whatever is lost, late or refused, the endpoint ends as it should (${JSON.stringify(habits)})`, async (t) => {
    const { world, endpoint, resource } = await scene(t, settings, { breakerFailures: 1_000, flightMaxMs: 1_000 });
    Object.assign(endpoint.habits, habits, { retryTimeout: '1' });
    const random = seeded(seed);
    const customers = [await world.account('One'), await world.account('Two')];
    const made: { id: string; entity: number; customer: number }[] = [];
    for (const customer of customers)
      for (let count = 0; count < 3; count += 1) made.push({ ...(await resource(customer)), customer });
    await world.settled();
    Object.assign(endpoint.knobs, { random, loseReply: 0.2, loseRequest: 0.1, refuse: 0.1, late: 0.1, lateMs: 300 });
    const holds = new Map<number, Awaited<ReturnType<World['hold']>>>();
    for (let step = 0; step < 12; step += 1) {
      const node = customers[random() < 0.5 ? 0 : 1] ?? 0;
      const held = holds.get(node);
      if (held === undefined) holds.set(node, await world.hold(node));
      else {
        await world.lift(held);
        holds.delete(node);
      }
      // Some of what is desired is superseded before it is told, some while it is told, some after.
      const seen = endpoint.count;
      const wait = Math.floor(random() * 4);
      await world.until('some requests', async () => endpoint.count >= seen + wait || (await isQuiet(world)));
    }
    Object.assign(endpoint.knobs, { loseReply: 0, loseRequest: 0, refuse: 0, late: 0 });
    await world.settled();
    for (const { id, customer } of made)
      assert.equal(
        endpoint.resources.get(id)?.status,
        holds.has(customer) ? 'aps:disabled' : 'aps:ready',
        JSON.stringify((await world.targets()).map((row) => row as Json)),
      );
    assert.deepEqual(world.troubles, []);
  });

async function isQuiet(world: World): Promise<boolean> {
  return (await world.targets()).every((row) => row['due_at'] === null);
}
