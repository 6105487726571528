/** From a hold to application servers that agree, by way of the reconciler. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { ALL_BUT_EMERGENCY, actionsIn } from '#core/action.ts';
import type { Values } from '#core/field.ts';
import { putProfile } from '#operations/put-profile.ts';
import { type World as Reconciled, reconcilerWorld } from '#reconciler/world-for-test.ts';
import { ADMIN } from '#test/installation.ts';

import { makeBroadworksDriver } from './broadworks.ts';
import { type BroadworksSimulator, SIMULATED, type SimulatorOptions, startBroadworks } from './simulator.ts';
import { makeSubscriber } from './simulator-world.ts';

async function server(t: TestContext, options: SimulatorOptions = {}): Promise<BroadworksSimulator> {
  const simulator = await startBroadworks(options);
  t.after(() => simulator.stop());
  return simulator;
}

function settingsFor({ port }: BroadworksSimulator, more: Values = {}): Values {
  return {
    transport: 'tcp',
    host: '127.0.0.1',
    port,
    userId: SIMULATED.userId,
    login: 'auto',
    family: 'auto',
    ...more,
  };
}

const add = (world: Reconciled, name: string, simulator: BroadworksSimulator, password = SIMULATED.password) =>
  world.system(
    name,
    { settings: settingsFor(simulator), secrets: { password }, timeoutMs: 5_000, flightMaxMs: 5_000 },
    'broadworks',
  );

const start = (world: Reconciled) => world.reconciler({ makeDriver: { broadworks: makeBroadworksDriver } });
const isActive = ({ world }: BroadworksSimulator) =>
  [...world.subscribers].filter(([, { settings }]) => settings.get('isActive') === 'true').map(([id]) => id);

test('a reseller is held and resumed on servers of two releases, each with its own requests', async (t) => {
  const world = await reconcilerWorld(t);
  const old = await server(t, { world: { family: '16' } });
  const current = await server(t);
  const own = { isActive: 'true', newPhoneNumber: '+3225550177', playNewPhoneNumber: 'true' };
  old.world.subscribers.set('acme-voice/Antwerp', makeSubscriber(own));
  current.world.subscribers.set('acme-voice/Antwerp', makeSubscriber());
  current.world.subscribers.set('other-voice/Antwerp', makeSubscriber());
  current.world.subscribers.set('alice@as.example', makeSubscriber());
  await add(world, 'old-as', old);
  await add(world, 'current-as', current);
  const reseller = await world.account('Reseller');
  const customer = await world.account('Customer', reseller);
  await world.foreign(customer, 'acme-voice/Antwerp', 'old-as');
  await world.foreign(customer, 'acme-voice/Antwerp', 'current-as');
  await world.foreign(customer, 'alice@as.example', 'current-as');
  await world.foreign(await world.account('Bystander'), 'other-voice/Antwerp', 'current-as');
  start(world);
  await world.settled();
  assert.deepEqual([old.log.length, current.log.length], [0, 0]);
  const held = await world.hold(reseller);
  await world.settled();
  assert.deepEqual(isActive(current), ['acme-voice/Antwerp', 'alice@as.example']);
  assert.equal(old.world.subscribers.get('acme-voice/Antwerp')?.settings.get('newPhoneNumber'), undefined);
  await world.lift(held);
  await world.settled();
  assert.deepEqual(isActive(current), []);
  assert.equal(old.world.subscribers.get('acme-voice/Antwerp')?.settings.get('newPhoneNumber'), '+3225550177');
  assert.deepEqual(isActive(old), ['acme-voice/Antwerp']);
  assert.deepEqual(world.troubles, []);
  assert.ok((await world.targets()).every(({ outcome }) => outcome === 'confirmed'));
});

test('a group without the service fails in the words of the server, and follows once it is assigned', async (t) => {
  const world = await reconcilerWorld(t);
  const simulator = await server(t);
  const groups = ['Antwerp', 'Bruges'].map((group) => `acme-voice/${group}`);
  for (const group of groups) simulator.world.subscribers.set(group, makeSubscriber());
  const bruges = simulator.world.subscribers.get('acme-voice/Bruges') ?? assert.fail();
  bruges.isAssigned = false;
  await add(world, 'as', simulator);
  const tenant = await world.account('Tenant');
  for (const group of groups) await world.foreign(tenant, group, 'as');
  start(world);
  await world.hold(tenant);
  const problems = async () =>
    (await world.targets()).map(({ problem_code: code, problem_detail: detail, needs_person: person }) => ({
      code,
      detail,
      person,
    }));
  await world.until('one group fails', async () => (await problems()).some(({ code }) => code !== null));
  await world.until('the other is held', () => isActive(simulator).length === 1);
  assert.deepEqual(
    (await problems()).filter(({ code }) => code !== null),
    [
      {
        code: 'service_not_assigned',
        detail: 'Service is not assigned to this subscriber: Intercept Group',
        person: true,
      },
    ],
  );
  bruges.isAssigned = true;
  // As an operator who does not wait for the slow retry.
  await world.pool.query("update target set due_at = now() where problem_code = 'service_not_assigned'");
  await world.settled();
  assert.deepEqual(isActive(simulator), groups);
});

test('a wrong password is tried once for all targets', async (t) => {
  const world = await reconcilerWorld(t);
  const simulator = await server(t);
  await add(world, 'as', simulator, 'hunter2');
  const tenant = await world.account('Tenant');
  for (let index = 0; index < 20; index += 1) await world.foreign(tenant, `acme-voice/G${index}`, 'as');
  start(world);
  await world.hold(tenant);
  const system = async () =>
    (
      await world.pool.query<{ open: boolean; problem: string }>(
        'select open_until is not null as open, last_problem as problem from system',
      )
    ).rows[0];
  await world.until('the circuit is open', async () => (await system())?.open === true);
  assert.equal((await system())?.problem, 'the log-in is refused: Invalid password');
  assert.equal(simulator.world.badLogIns, 1);
  assert.doesNotMatch(JSON.stringify([await world.targets(), world.troubles]), /hunter2/);
});

test('a profile is edited while it holds: every group gets it, and what was there before comes back', async (t) => {
  const world = await reconcilerWorld(t);
  const simulator = await server(t);
  simulator.world.subscribers.set(
    'acme-voice/Antwerp',
    makeSubscriber({ isActive: 'true', transferPhoneNumber: '+31' }),
  );
  const group = simulator.world.subscribers.get('acme-voice/Antwerp') ?? assert.fail();
  const before = new Map(group.settings);
  const profile = (broadworks: Values) => ({ denied: actionsIn(ALL_BUT_EMERGENCY), systems: { broadworks } });
  await putProfile(
    world.context,
    ADMIN,
    'stage',
    profile({ inboudTransferPhoneNumber: '+3225550100', inboudTransferOnZeroToPhoneNumber: true }),
  );
  await add(world, 'as', simulator);
  const tenant = await world.account('Tenant');
  await world.foreign(tenant, 'acme-voice/Antwerp', 'as');
  start(world);
  const held = await world.hold(tenant, 'stage');
  await world.settled();
  assert.equal(group.settings.get('transferPhoneNumber'), '+3225550100');
  await putProfile(world.context, ADMIN, 'stage', profile({ outboundAllowLocalCalls: true }));
  await world.until('the edit is there', () => group.settings.get('outboundCallMode') === 'Allow Outbound Local Calls');
  assert.equal(group.settings.get('transferPhoneNumber'), undefined);
  await world.settled();
  await world.lift(held);
  await world.settled();
  assert.deepEqual(group.settings, before);
});

test('lost replies, refusals and ended log-ins in the middle: everything settles as it should be', async (t) => {
  const world = await reconcilerWorld(t);
  const simulator = await server(t);
  const groups = Array.from({ length: 40 }, (_, index) => `acme-voice/G${index}`);
  for (const [index, group] of groups.entries())
    simulator.world.subscribers.set(group, makeSubscriber({ newPhoneNumber: `+3225550${100 + index}` }));
  const before = [...simulator.world.subscribers.values()].map(({ settings }) => new Map(settings));
  await add(world, 'as', simulator);
  const tenant = await world.account('Tenant');
  for (const group of groups) await world.foreign(tenant, group, 'as');
  start(world);
  await world.settled();
  Object.assign(simulator.knobs, { loseReply: 0.1, loseRequest: 0.1, onlyWrites: true });
  const held = await world.hold(tenant);
  await world.until('some are held', () => isActive(simulator).length > 10);
  simulator.knobs.logOutIn = 3;
  await world.until('all are held', () => isActive(simulator).length === groups.length);
  await world.lift(held);
  await world.until('some are free', () => isActive(simulator).length < groups.length / 2);
  Object.assign(simulator.knobs, { loseReply: 0, loseRequest: 0 });
  await world.settled();
  assert.deepEqual(
    [...simulator.world.subscribers.values()].map(({ settings }) => settings),
    before,
  );
  assert.deepEqual(world.troubles, []);
});

test('what somebody changes on a server is found and written over, and what a customer changes later is not', async (t) => {
  const world = await reconcilerWorld(t);
  const simulator = await server(t);
  simulator.world.subscribers.set('acme-voice/Antwerp', makeSubscriber());
  const group = simulator.world.subscribers.get('acme-voice/Antwerp') ?? assert.fail();
  const secrets = { password: SIMULATED.password };
  await world.system(
    'as',
    {
      settings: settingsFor(simulator),
      secrets,
      timeoutMs: 5_000,
      flightMaxMs: 5_000,
      drift: 'repair',
      driftEveryMs: 100,
    },
    'broadworks',
  );
  const tenant = await world.account('Tenant');
  await world.foreign(tenant, 'acme-voice/Antwerp', 'as');
  start(world);
  const held = await world.hold(tenant);
  await world.settled();
  group.settings.set('isActive', 'false');
  group.settings.set('transferPhoneNumber', '+31');
  await world.until('it is written over', () => group.settings.get('isActive') === 'true');
  const drifts = async () =>
    (await world.pool.query<{ kind: string }>("select kind from change where kind like 'drift.%' order by revision"))
      .rows;
  await world.until('both are in the log', async () => (await drifts()).length === 2);
  assert.equal(group.settings.get('transferPhoneNumber'), undefined);
  await world.lift(held);
  await world.settled();
  group.settings.set('isActive', 'true');
  const asked = simulator.log.length;
  await world.until('another sweep went by', async () => {
    const { rows } = await world.pool.query<{ seen: boolean }>('select observed_at > confirmed_at as seen from target');
    return rows[0]?.seen === true;
  });
  assert.equal(group.settings.get('isActive'), 'true');
  assert.equal(simulator.log.length, asked);
  assert.deepEqual(world.troubles, []);
});
