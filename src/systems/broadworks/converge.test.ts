/** Lost answers, late requests and log-ins that end: nothing is claimed that is not so, and nothing is lost. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import fc from 'fast-check';

import type { SystemDriver } from '#systems/system.ts';

import { type BroadworksSimulator, type SimulatorOptions, startBroadworks } from './simulator.ts';
import { type World, makeSubscriber } from './simulator-world.ts';
import { Target, driverFor, profileOf } from './target-for-test.ts';

async function start(
  t: TestContext,
  options: SimulatorOptions = {},
  settings = {},
): Promise<[BroadworksSimulator, SystemDriver]> {
  const simulator = await startBroadworks(options);
  const { subscribers } = simulator.world;
  if (subscribers.size === 0) subscribers.set('acme-voice/Antwerp', makeSubscriber());
  const driver = driverFor(simulator, settings);
  t.after(async () => {
    await driver.close?.();
    await simulator.stop();
  });
  return [simulator, driver];
}

const antwerp = ({ subscribers }: World) => subscribers.get('acme-voice/Antwerp') ?? assert.fail('no such group');
const settingsOf = (world: World) => Object.fromEntries(antwerp(world).settings);
const SUSPENDED = profileOf('suspended');
/** What a customer had configured for itself. */
const OWN = {
  isActive: 'true',
  announcementSelection: 'Personal',
  inboundCallMode: 'Allow System Dns',
  playNewPhoneNumber: 'true',
  newPhoneNumber: '+3225550177',
  routeToVoiceMail: 'true',
  allowOutboundLocalCalls: 'true',
  outboundCallMode: 'Allow Outbound Local Calls',
};

test('a lost answer of a write is unknown, and is read back before anything is written again', async (t) => {
  const [{ world, knobs, log }, driver] = await start(t, {
    world: { subscribers: new Map([['acme-voice/Antwerp', makeSubscriber(OWN)]]) },
  });
  const before = settingsOf(world);
  const target = new Target(driver, 'acme-voice/Antwerp');
  Object.assign(knobs, { loseReply: 1, onlyWrites: true });
  assert.equal((await target.tell([SUSPENDED])).type, 'unknown');
  assert.equal(antwerp(world).writes, 1);
  assert.equal((await target.tell([SUSPENDED])).type, 'done', 'it acted already');
  assert.equal(antwerp(world).writes, 1);
  assert.equal(target.keeps, 1, 'what our own write left is not taken for what was there before');
  assert.equal((await target.tell([])).type, 'unknown');
  assert.equal((await target.tell([])).type, 'done');
  assert.deepEqual(settingsOf(world), before);
  knobs.loseReply = 0;
  assert.ok(log.filter((text) => text.includes('ModifyRequest')).length === 2);
});

test('a connection that is cut before the write acted is no success either', async (t) => {
  const [{ world, knobs }, driver] = await start(t);
  const target = new Target(driver, 'acme-voice/Antwerp');
  Object.assign(knobs, { loseRequest: 1, onlyWrites: true });
  assert.equal((await target.tell([SUSPENDED])).type, 'unknown');
  assert.equal(antwerp(world).writes, 0);
  knobs.loseRequest = 0;
  assert.equal((await target.tell([SUSPENDED])).type, 'done');
  assert.equal(antwerp(world).writes, 1);
  assert.equal(settingsOf(world)['isActive'], 'true');
});

test('a suspension whose answer was lost is given back when the hold is lifted before it is told again', async (t) => {
  const [{ world, knobs }, driver] = await start(t, {
    world: { subscribers: new Map([['acme-voice/Antwerp', makeSubscriber(OWN)]]) },
  });
  const before = settingsOf(world);
  const target = new Target(driver, 'acme-voice/Antwerp');
  Object.assign(knobs, { loseReply: 1, onlyWrites: true });
  await target.tell([SUSPENDED]);
  knobs.loseReply = 0;
  assert.equal((await target.tell([])).type, 'done');
  assert.deepEqual(settingsOf(world), before);
});

test('a server that ends the log-in in the middle does not stop the rest', async (t) => {
  const subscribers = new Map(Array.from({ length: 12 }, (_, index) => [`acme-voice/G${index}`, makeSubscriber()]));
  const [{ knobs, world }, driver] = await start(t, { world: { subscribers } });
  const targets = [...subscribers.keys()].map((reference) => new Target(driver, reference));
  for (const [index, target] of targets.entries()) {
    if (index % 3 === 1) knobs.logOutIn = 1 + (index % 4);
    const outcome = await target.tell([SUSPENDED]);
    if (outcome.type === 'unknown') assert.equal((await target.tell([SUSPENDED])).type, 'done');
    else assert.equal(outcome.type, 'done');
  }
  assert.ok([...subscribers.values()].every(({ settings }) => settings.get('isActive') === 'true'));
  assert.ok(world.logIns > 1);
});

/** As if the write were on its way for long: its connection is cut at once, and it acts when it is let in. */
async function lateSuspension(t: TestContext) {
  const subscribers = new Map([['acme-voice/Antwerp', makeSubscriber(OWN)]]);
  const [{ world, knobs }, driver] = await start(t, { world: { subscribers } });
  const before = settingsOf(world);
  const target = new Target(driver, 'acme-voice/Antwerp');
  Object.assign(knobs, { late: 1, lateMs: 300, onlyWrites: true });
  assert.equal((await target.tell([SUSPENDED])).type, 'unknown');
  knobs.late = 0;
  const arrived = async (writes: number) => {
    while (antwerp(world).writes < writes) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  return { world, knobs, target, before, arrived };
}

test('a suspension that arrives after the resumption is undone once more', async (t) => {
  const { world, target, before, arrived } = await lateSuspension(t);
  assert.equal((await target.tell([])).type, 'done');
  assert.deepEqual(settingsOf(world), before);
  assert.notEqual(target.kept, null, 'what was there stays kept while a request may arrive');
  await arrived(1);
  assert.notDeepEqual(settingsOf(world), before);
  assert.equal((await target.settle()).type, 'done');
  assert.deepEqual(settingsOf(world), before);
  assert.equal(target.kept, null);
});

test('what the customer changes after the resumption is left alone', async (t) => {
  const { world, target, arrived } = await lateSuspension(t);
  await arrived(1);
  await target.tell([]);
  antwerp(world).settings.set('newPhoneNumber', '+3225550166');
  assert.equal((await target.settle()).type, 'done');
  assert.equal(settingsOf(world)['newPhoneNumber'], '+3225550166');
});

test('a second suspension keeps what is there then, and never its own work', async (t) => {
  const { world, target, before, arrived } = await lateSuspension(t);
  await target.tell([]);
  await arrived(1);
  // The late request has come; whoever reads now reads our own work.
  assert.equal((await target.tell([SUSPENDED])).type, 'done');
  await target.tell([]);
  assert.deepEqual(settingsOf(world), before);
  await target.settle();
  antwerp(world).settings.set('newPhoneNumber', '+3225550166');
  const changed = settingsOf(world);
  await target.tell([SUSPENDED]);
  await target.tell([]);
  assert.deepEqual(settingsOf(world), changed);
});

test('what somebody changes in our work is not taken for what was there before', async (t) => {
  const subscribers = new Map([['acme-voice/Antwerp', makeSubscriber(OWN)]]);
  const [{ world, knobs }, driver] = await start(t, { world: { subscribers } });
  const before = settingsOf(world);
  const target = new Target(driver, 'acme-voice/Antwerp');
  Object.assign(knobs, { loseReply: 1, onlyWrites: true });
  assert.equal((await target.tell([SUSPENDED])).type, 'unknown');
  knobs.loseReply = 0;
  antwerp(world).settings.set('transferPhoneNumber', '+31');
  assert.equal((await target.tell([SUSPENDED])).type, 'done');
  assert.equal((await target.tell([])).type, 'done');
  assert.deepEqual(settingsOf(world), before);
});

test('a second suspension without an answer is given back although somebody changed it', async (t) => {
  const { world, knobs, target, before, arrived } = await lateSuspension(t);
  await target.tell([]);
  await arrived(1);
  knobs.loseReply = 1;
  assert.equal((await target.tell([profileOf('local', { outboundAllowLocalCalls: true })])).type, 'unknown');
  antwerp(world).settings.set('transferPhoneNumber', '+31');
  knobs.loseReply = 0;
  assert.equal((await target.tell([])).type, 'done');
  assert.deepEqual(settingsOf(world), before);
});

test('in any history of holds, lost and refused writes, the end is what the holds say', async (t) => {
  const subscribers = new Map([['acme-voice/Antwerp', makeSubscriber(OWN)]]);
  const [{ world, knobs }, driver] = await start(t, { world: { subscribers } });
  const stages = [
    SUSPENDED,
    profileOf('local', { outboundAllowLocalCalls: true }),
    profileOf('open', { inboundInterceptionMode: 'Allow All' }),
  ];
  const step = fc.record({
    profile: fc.option(fc.nat(2), { nil: null }),
    fault: fc.constantFrom('none', 'loseReply', 'loseRequest', 'refuse'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const target = new Target(driver, 'acme-voice/Antwerp');
      antwerp(world).settings.clear();
      for (const [name, value] of makeSubscriber(OWN).settings) antwerp(world).settings.set(name, value);
      const before = settingsOf(world);
      for (const { profile, fault } of [...steps, { profile: null, fault: 'none' } as const]) {
        Object.assign(knobs, {
          loseReply: 0,
          loseRequest: 0,
          refuse: 0,
          onlyWrites: true,
          ...(fault === 'none' ? {} : { [fault]: 1 }),
        });
        const stage = profile === null ? undefined : stages[profile];
        const outcome = await target.tell(stage === undefined ? [] : [stage]);
        if (fault === 'none') assert.equal(outcome.type, 'done');
        if (outcome.type !== 'done') continue;
        const wanted = { 0: 'Block All', 1: 'Allow Outbound Local Calls', 2: 'Block All' }[profile ?? 3];
        if (wanted === undefined) assert.deepEqual(settingsOf(world), before);
        else
          assert.deepEqual(
            [settingsOf(world)['outboundCallMode'], settingsOf(world)['newPhoneNumber']],
            [wanted, undefined],
          );
      }
      if (target.isInDoubt) await target.settle();
      assert.deepEqual(settingsOf(world), before);
      assert.equal(target.kept, null);
    }),
    { numRuns: 60 },
  );
});
