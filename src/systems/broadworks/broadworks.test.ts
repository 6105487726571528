/** Groups and users are intercepted and given back as they were, on a simulated application server. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

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
const TRANSFER = profileOf('transfer', {
  inboudTransferOnZeroToPhoneNumber: true,
  inboudTransferPhoneNumber: '+3225550100',
  outboundRerouteCalls: true,
  outboundReroutePhoneNumber: 'billing@pay.example',
});
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

for (const family of ['16', '21sp1'] as const) {
  test(`a group is intercepted and given back as it was, by the requests of ${family}`, async (t) => {
    const [{ world, log }, driver] = await start(t, {
      world: { family, subscribers: new Map([['acme-voice/Antwerp', makeSubscriber(OWN)]]) },
    });
    const before = settingsOf(world);
    const target = new Target(driver, 'acme-voice/Antwerp');
    assert.deepEqual(await target.tell([SUSPENDED]), { type: 'done', note: undefined });
    const held = settingsOf(world);
    assert.deepEqual(
      [
        held['isActive'],
        held['announcementSelection'],
        held['inboundCallMode'],
        held['newPhoneNumber'],
        held['routeToVoiceMail'],
      ],
      ['true', 'Default', 'Intercept All', undefined, 'false'],
    );
    assert.equal(
      family === '16' ? held['allowOutboundLocalCalls'] : held['outboundCallMode'],
      family === '16' ? 'false' : 'Block All',
    );
    assert.equal(target.keeps, 1);
    assert.equal((await target.tell([])).type, 'done');
    assert.deepEqual(settingsOf(world), before);
    assert.equal(target.kept, null);
    assert.equal(antwerp(world).writes, 2);
    assert.ok(log.every((text) => !text.includes(family === '16' ? '21sp1' : 'Request16')));
  });
}

test('a switch of profiles leaves nothing of the former one, and what was there before stays kept', async (t) => {
  const [{ world }, driver] = await start(t);
  const before = settingsOf(world);
  const target = new Target(driver, 'acme-voice/Antwerp');
  await target.tell([TRANSFER]);
  assert.equal(settingsOf(world)['transferPhoneNumber'], '+3225550100');
  await target.tell([SUSPENDED]);
  assert.equal(settingsOf(world)['transferPhoneNumber'], undefined);
  assert.equal(settingsOf(world)['outboundReroutePhoneNumber'], undefined);
  assert.equal(settingsOf(world)['rerouteOutboundCalls'], 'false');
  await target.tell([]);
  assert.deepEqual(settingsOf(world), before);
});

test('nothing is written before what was there is kept', async (t) => {
  const [simulator, driver] = await start(t);
  const target = new Target(driver, 'acme-voice/Antwerp');
  target.isKeepBroken = true;
  await assert.rejects(target.tell([SUSPENDED]), /the lease is lost/);
  antwerp(simulator.world).isAssigned = false;
  target.isKeepBroken = false;
  assert.equal((await target.tell([SUSPENDED])).type, 'never');
  assert.equal(antwerp(simulator.world).writes, 0);
  assert.equal(target.kept, null);
});

test('what was kept for a write that never happened is read anew', async (t) => {
  const [{ world, knobs }, driver] = await start(t);
  const target = new Target(driver, 'acme-voice/Antwerp');
  Object.assign(knobs, { refuse: 1, onlyWrites: true });
  assert.equal((await target.tell([SUSPENDED])).type, 'later');
  assert.notEqual(target.kept, null);
  knobs.refuse = 0;
  antwerp(world).settings.set('newPhoneNumber', '+3225550188'); // The customer changed it between the two tries.
  await target.tell([SUSPENDED]);
  await target.tell([]);
  assert.equal(settingsOf(world)['newPhoneNumber'], '+3225550188');
});

test('settings that a server accepts and does not take are not confirmed', async (t) => {
  const [{ world }, driver] = await start(t);
  const target = new Target(driver, 'acme-voice/Antwerp');
  world.ignored.add('transferPhoneNumber');
  const outcome = await target.tell([TRANSFER]);
  assert.deepEqual(outcome, {
    type: 'unknown',
    code: 'read_back_differs',
    detail: 'the server accepted the settings, but has others of transferPhoneNumber',
  });
  world.ignored.clear();
  assert.equal((await target.tell([TRANSFER])).type, 'done');
});

test('a switch in a group that was taken over keeps nothing, and says so', async (t) => {
  const [, driver] = await start(t);
  const target = new Target(driver, 'acme-voice/Antwerp');
  target.profiles = [SUSPENDED];
  target.applied = target.desired;
  const outcome = await target.tell([TRANSFER]);
  assert.equal(
    outcome.type === 'done' && outcome.note,
    'what was configured before is not known and cannot be put back',
  );
  assert.equal(target.kept, null);
});

test('a group that was taken over while it was held ends inactive, and the receipt says so', async (t) => {
  const [{ world }, driver] = await start(t, {
    world: { subscribers: new Map([['acme-voice/Antwerp', makeSubscriber(OWN)]]) },
  });
  const target = new Target(driver, 'acme-voice/Antwerp');
  target.profiles = [SUSPENDED];
  target.applied = target.desired;
  const outcome = await target.tell([]);
  assert.equal(
    outcome.type === 'done' && outcome.note,
    'nothing could be restored: it is not known what was configured before; intercept is off',
  );
  assert.equal(settingsOf(world)['isActive'], 'false');
  assert.equal(settingsOf(world)['newPhoneNumber'], undefined);
});

test('two groups of one name under two service providers are two', async (t) => {
  const subscribers = new Map([
    ['acme-voice/Antwerp', makeSubscriber()],
    ['other-voice/Antwerp', makeSubscriber()],
  ]);
  const [{ world }, driver] = await start(t, { world: { subscribers } });
  await new Target(driver, 'other-voice/Antwerp').tell([SUSPENDED]);
  assert.equal(antwerp(world).writes, 0);
  assert.equal(subscribers.get('other-voice/Antwerp')?.settings.get('isActive'), 'true');
});

test('a user is intercepted and given back likewise', async (t) => {
  const subscribers = new Map([['alice@as.example', makeSubscriber(OWN)]]);
  const [, driver] = await start(t, { world: { subscribers } });
  const before = Object.fromEntries(subscribers.get('alice@as.example')?.settings ?? []);
  const target = new Target(driver, 'alice@as.example');
  assert.equal((await target.tell([TRANSFER])).type, 'done');
  assert.equal(subscribers.get('alice@as.example')?.settings.get('transferPhoneNumber'), '+3225550100');
  await target.tell([]);
  assert.deepEqual(Object.fromEntries(subscribers.get('alice@as.example')?.settings ?? []), before);
  assert.deepEqual(await new Target(driver, 'bob@as.example').tell([SUSPENDED]), {
    type: 'never',
    code: 'oci_4008',
    detail: 'User not found: bob@as.example',
    afterMs: 300_000,
  });
});

test('a missing service is told in the words of the server, and never assigned', async (t) => {
  const [simulator, driver] = await start(t);
  const group = antwerp(simulator.world);
  const target = new Target(driver, 'acme-voice/Antwerp');
  group.isAssigned = false;
  const wanted = {
    type: 'never',
    detail: 'Service is not assigned to this subscriber: Intercept Group',
    afterMs: 300_000,
  };
  assert.deepEqual(await target.tell([SUSPENDED]), { ...wanted, code: 'service_not_assigned' });
  group.isAuthorized = false;
  assert.deepEqual(await target.tell([SUSPENDED]), { ...wanted, code: 'service_not_authorized' });
  assert.ok(simulator.log.every((text) => !/AssignList|ModifyAuthorization/.test(text)));
  Object.assign(group, { isAssigned: true, isAuthorized: true });
  assert.equal((await target.tell([SUSPENDED])).type, 'done');
});

test('nothing is written where emergency calls would be intercepted, unless a law is named', async (t) => {
  const [{ world }, driver] = await start(t, { world: { emergencyAndRepairIntercept: true } });
  const target = new Target(driver, 'acme-voice/Antwerp');
  const refused = await target.tell([SUSPENDED]);
  assert.deepEqual(refused, {
    type: 'never',
    code: 'emergency_intercepted',
    detail: 'emergency calls would be intercepted on this server',
    afterMs: 300_000,
  });
  assert.equal(antwerp(world).writes, 0);
  assert.equal(target.kept, null);
  const lawful = await target.tell([profileOf('order', null, { hasLegalOverride: true })]);
  assert.equal(lawful.type === 'done' && lawful.note, 'emergency calls are intercepted on this server as well');
  // A switch away from the lawful profile is no less a write.
  assert.equal((await target.tell([SUSPENDED])).type, 'never');
  assert.equal((await target.tell([])).type, 'done', 'lifting is never held up by it');
  world.emergencyAndRepairIntercept = false;
  assert.equal((await target.tell([SUSPENDED])).type, 'done');
});

test('what somebody changed on the server is seen, and files and ignored exemptions are not', async (t) => {
  const [{ world }, driver] = await start(t, { world: { isServerMode: false } });
  const target = new Target(driver, 'acme-voice/Antwerp');
  const outcome = await target.tell([
    profileOf('heard', {
      audioFile: { name: 'unpaid.wav' },
      inboundAnnouncementSelection: 'Personal',
      inboundExemptMobilityCalls: true,
    }),
  ]);
  assert.equal(outcome.type === 'done' && outcome.note, 'what the announcement holds cannot be read back');
  const clean = await target.observe();
  assert.deepEqual(clean.type === 'seen' && clean.state, target.desired);
  antwerp(world).settings.set('isActive', 'false');
  antwerp(world).settings.set('transferPhoneNumber', '+31');
  const seen = await target.observe();
  assert.ok(seen.type === 'seen');
  assert.notDeepEqual(seen.state, target.desired);
  assert.deepEqual(seen.detail, { differs: ['isActive', 'transferPhoneNumber'], emergencyAndRepairIntercept: false });
  assert.equal((await target.tell(target.profiles, { isForced: true })).type, 'done');
  assert.deepEqual((await target.observe()).type === 'seen' && settingsOf(world)['isActive'], 'true');
  antwerp(world).isAssigned = false;
  assert.equal((await target.observe()).type, 'unseen');
});

test('a personal announcement that was replaced is told as lost', async (t) => {
  const own = makeSubscriber({ ...OWN, audioFileDescription: 'Our own greeting', audioMediaType: 'WAV' });
  const [, driver] = await start(t, { world: { subscribers: new Map([['acme-voice/Antwerp', own]]) } });
  const target = new Target(driver, 'acme-voice/Antwerp');
  await target.tell([profileOf('heard', { audioFile: { name: 'unpaid.wav' } })]);
  await target.tell([SUSPENDED]);
  const outcome = await target.tell([]);
  assert.match(
    String(outcome.type === 'done' && outcome.note),
    /the announcement "Our own greeting" was replaced and cannot be put back/,
  );
  assert.equal(own.settings.get('announcementSelection'), 'Personal');
});

test('a mode that the release does not have, and a profile that makes no sense here, write nothing', async (t) => {
  const [{ world }, driver] = await start(t, { world: { family: '16' } });
  const target = new Target(driver, 'acme-voice/Antwerp');
  const mode = await target.tell([
    profileOf('enterprise', { outboundCallMode: 'Allow Outbound Enterprise And Group Calls' }),
  ]);
  assert.equal(mode.type === 'never' && mode.code, 'mode_unknown');
  const filled = await target.tell([profileOf('filled', { inboudNewPhoneNumber: '{{group_id}}' })]);
  assert.equal(filled.type === 'never' && filled.code, 'profile_invalid');
  assert.match(
    String(filled.type === 'never' && filled.detail),
    /inboudNewPhoneNumber must be a telephone number.*"Antwerp"/,
  );
  assert.equal(antwerp(world).writes, 0);
});

test('the wrong requests for a release are refused and not repeated', async (t) => {
  const [{ world, log }, driver] = await start(t, { world: { family: '16' } }, { family: '21sp1' });
  const outcome = await new Target(driver, 'acme-voice/Antwerp').tell([SUSPENDED]);
  assert.equal(outcome.type === 'never' && outcome.code, 'oci_6004');
  assert.equal(outcome.type === 'never' && outcome.afterMs, undefined);
  assert.equal(antwerp(world).writes, 0);
  assert.equal(log.filter((text) => text.includes('GetRequest21sp1')).length, 1);
});

test('a lift that was never told needs no word to the server', async (t) => {
  const [{ log }, driver] = await start(t);
  const target = new Target(driver, 'acme-voice/Antwerp');
  assert.deepEqual(await target.tell([]), { type: 'done', kept: null });
  assert.deepEqual(await target.observe(), { type: 'seen', state: target.desired });
  assert.deepEqual(log, []);
});
