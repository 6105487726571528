/** Drivers of servers on the network, against peers that answer as those servers do: what goes wrong, and how often they are asked. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import type { Json, Values } from '#core/field.ts';
import type { ProfileFacts, SystemKindName } from '#core/system-kind.ts';
import { startDovecotSimulator } from '#systems/dovecot/simulator.ts';
import { type KamailioSimulator, startKamailioSimulator } from '#systems/kamailio/simulator.ts';
import { startPowerdnsSimulator } from '#systems/powerdns/simulator.ts';
import type { Order, Outcome, SystemDriver } from '#systems/system.ts';
import { type Installation, testInstallation } from '#test/installation.ts';
import { type Operator, makeOperator } from '#test/operator.ts';

import { makeDrivers } from './drivers.ts';

const KEY = 'a-key-that-nobody-may-see';

interface World extends Operator {
  readonly installation: Installation;
  drive(kind: SystemKindName, settings: Values, secrets?: Values): SystemDriver;
}

async function makeWorld(t: TestContext): Promise<World> {
  const installation = await testInstallation(t);
  const operator = await makeOperator(installation);
  const makers = makeDrivers({ pool: installation.pool });
  return {
    ...operator,
    installation,
    drive(kind, settings, secrets = {}) {
      const make = makers[kind];
      assert.ok(make !== undefined);
      return make({ id: 1, name: kind, settings, secrets });
    },
  };
}

/** What is told of a node from one state to another; by default all that ends, for the first time. */
function tell(
  driver: SystemDriver,
  node: number,
  desired: Json,
  more: Partial<Order> = {},
  timeoutMs = 5_000,
): Promise<Outcome> {
  const order: Order = {
    entityId: node,
    uuid: '00000000-0000-4000-8000-000000000000',
    kind: 'account',
    accountId: node,
    reference: {},
    values: {},
    profiles: [],
    desired,
    applied: null,
    kept: null,
    task: null,
    mayHaveActed: false,
    isForced: false,
    requestId: '00000000-0000-4000-8000-000000000000',
    attempts: 0,
    ...more,
  };
  return driver.converge(order, {
    signal: new AbortController().signal,
    timeoutMs,
    slot: 0,
    keep: async () => {},
  });
}

const FRAUD: ProfileFacts = {
  name: 'fraud',
  denied: 0,
  intercepted: 0,
  sessions: 'end',
  refusalText: 'Account "blocked"\r\nVia: x',
  settings: null,
};
const EVERYTHING = { calls: 1, registrations: 1 };

test('calls end with the words of the profile, and registrations; what ended already costs a look', async (t) => {
  const world = await makeWorld(t);
  const kamailio = await startKamailioSimulator();
  t.after(() => kamailio.stop());
  const { account, other } = world.entities;
  kamailio.call([account.number, other.number]);
  kamailio.call([other.number]);
  kamailio.register('alice@voice.example', [account.number]);
  const driver = world.drive('kamailio', { url: `${kamailio.origin}/RPC` });
  const outcome = await tell(driver, account.number, EVERYTHING, { profiles: [FRAUD] });
  assert.deepEqual(outcome, { type: 'done', note: '1 registration removed, 1 call ended' });
  assert.deepEqual(kamailio.reasons, [`Reason: SIP;cause=403;text="Account 'blocked'??Via: x"\r\n`]);
  assert.equal(kamailio.calls.length, 1, 'the call of somebody else goes on');
  const again = await tell(driver, account.number, EVERYTHING, { applied: EVERYTHING, mayHaveActed: true });
  assert.deepEqual(again, { type: 'done', note: '0 registrations removed, 0 calls ended' });
  const asked = kamailio.count;
  assert.equal((await tell(driver, account.number, EVERYTHING, { applied: EVERYTHING })).type, 'done');
  assert.equal(kamailio.count, asked, 'nothing new, nothing told');
});

test('a Kamailio that is away, refuses or loses what it is told ends everything in the end', async (t) => {
  const world = await makeWorld(t);
  const kamailio = await startKamailioSimulator();
  t.after(() => kamailio.stop());
  const node = world.entities.account.number;
  const driver = world.drive('kamailio', { url: `${kamailio.origin}/RPC` });
  for (let call = 0; call < 20; call++) kamailio.call([node]);
  kamailio.knobs.isDown = true;
  const away = await tell(driver, node, EVERYTHING);
  assert.equal(away.type, 'later');
  assert.match('detail' in away ? away.detail : '', /^http:\/\/127\.0\.0\.1:\d+ cannot be reached/);
  Object.assign(kamailio.knobs, { isDown: false, loseReply: 0.2, loseRequest: 0.2 });
  let outcome: Outcome = await tell(driver, node, EVERYTHING);
  while (outcome.type !== 'done') {
    assert.ok(outcome.type === 'later', outcome.type);
    outcome = await tell(driver, node, EVERYTHING, { mayHaveActed: true });
  }
  assert.deepEqual(kamailio.calls, []);
});

test('more than fits the time of an order is told by the next ones', async (t) => {
  const world = await makeWorld(t);
  const kamailio = await startKamailioSimulator({ latencyMs: 100 });
  t.after(() => kamailio.stop());
  const node = world.entities.account.number;
  const driver = world.drive('kamailio', { url: `${kamailio.origin}/RPC` });
  for (let call = 0; call < 20; call++) kamailio.call([node]);
  let outcome = await tell(driver, node, { calls: 1 }, {}, 2_000);
  assert.ok(outcome.type === 'later' && outcome.code === 'partly', outcome.type);
  assert.match(outcome.detail, /^\d+ calls ended; there are more$/);
  assert.ok(kamailio.calls.length > 0 && kamailio.calls.length < 20, `${kamailio.calls.length} are left`);
  while (outcome.type !== 'done') outcome = await tell(driver, node, { calls: 1 }, {}, 2_000);
  assert.deepEqual(kamailio.calls, []);
});

test('hash tables are read again once for all who wait, and never before the last of them asked', async (t) => {
  const world = await makeWorld(t);
  const kamailio: KamailioSimulator = await startKamailioSimulator();
  t.after(() => kamailio.stop());
  kamailio.knobs.latencyMs = 30;
  const driver = world.drive('kamailio', { url: `${kamailio.origin}/RPC`, tables: ['held', 'parked'] });
  const held = (denied: number) => ({ tables: { denied, intercepted: 0, closed: false } });
  const outcomes = await Promise.all(Array.from({ length: 12 }, (_, node) => tell(driver, node + 1, held(4))));
  assert.ok(outcomes.every(({ type }) => type === 'done'));
  assert.deepEqual([...new Set(kamailio.reloads)].toSorted(), ['held', 'parked']);
  assert.ok(kamailio.reloads.length <= 4, `${kamailio.reloads.length} readings`);
  const before = kamailio.reloads.length;
  await tell(driver, 1, held(0), { applied: held(4) });
  assert.equal(kamailio.reloads.length, before + 2, 'the lift too');
  kamailio.knobs.refuse = 1;
  assert.equal((await tell(driver, 1, held(4), { applied: held(0) })).type, 'later');
  kamailio.knobs.refuse = 0;
  assert.equal((await tell(driver, 1, held(4), { applied: held(0) })).type, 'done', 'a failed reading is none');
  kamailio.call([1]);
  kamailio.missing.add('held');
  const broken = await tell(driver, 1, { ...held(4), calls: 1 });
  assert.deepEqual([broken.type, 'code' in broken && broken.code], ['later', 'refused']);
  assert.deepEqual(kamailio.calls, [], 'calls end all the same');
});

test('zones beneath are purged by name, those with secondaries notified; above fifty everything at once', async (t) => {
  const world = await makeWorld(t);
  const powerdns = await startPowerdnsSimulator(KEY);
  t.after(() => powerdns.stop());
  const { account, other } = world.entities;
  const driver = world.drive('powerdns', { url: powerdns.origin }, { key: KEY });
  const refused = { dns: 'refused', since: 1 };
  assert.deepEqual(await tell(driver, account.number, refused), { type: 'done', note: 'no zones beneath' });
  assert.equal(powerdns.count, 0);
  for (const [name, secondaries] of [
    ['one.example', ['192.0.2.53']],
    ['two.example', []],
  ] as const)
    await world.create('dns_zone', account.id, { name, nameservers: ['ns.example'], secondaries });
  powerdns.primary.add('one.example.');
  assert.deepEqual(await tell(driver, account.number, refused), {
    type: 'done',
    note: '2 zones purged, 2 entries forgotten, 1 zone notified',
  });
  assert.deepEqual(powerdns.purged, ['one.example.', 'two.example.']);
  assert.deepEqual(powerdns.notified, ['one.example.']);
  powerdns.primary.clear();
  const gone = await tell(driver, account.number, refused);
  assert.equal('note' in gone ? gone.note : '', '2 zones purged, 2 entries forgotten, 0 zones notified');
  for (let index = 0; index < 51; index++)
    await world.create('dns_zone', other.id, { name: `z${index}.example`, nameservers: ['ns.example'] });
  const all = await tell(driver, other.number, refused);
  assert.equal('note' in all ? all.note : '', 'all zones purged, 1 entry forgotten');
  const wrong = await tell(
    world.drive('powerdns', { url: powerdns.origin }, { key: `${KEY}.` }),
    other.number,
    refused,
  );
  assert.equal(wrong.type, 'never');
  assert.ok('code' in wrong && wrong.code === 'credentials' && !wrong.detail.includes(KEY));
});

test('sessions of those end who are connected, beneath, and denied it; a mailbox without a session is never named', async (t) => {
  const world = await makeWorld(t);
  const dovecot = await startDovecotSimulator(KEY);
  t.after(() => dovecot.stop());
  const { account, other, parent } = world.entities;
  const driver = world.drive('dovecot', { url: dovecot.origin }, { key: KEY });
  for (const name of ['bob', 'carol', 'away'])
    await world.create('mailbox', account.id, { address: `${name}@voice.example` });
  await world.create('mailbox', other.id, { address: 'dave@other.example' });
  dovecot.connect('bob@voice.example', 'imap');
  dovecot.connect('bob@voice.example', 'pop3');
  dovecot.connect('carol@voice.example', 'submission');
  dovecot.connect('dave@other.example', 'imap');
  const ends = { 'mail.read': 1, 'mail.send': 1 };
  const nobody = { type: 'done', note: '0 users signed out' };
  assert.deepEqual(await tell(driver, parent.number, ends), nobody, 'paid in the meantime: nobody is denied anything');
  const lift = await world.hold(parent.id, 'limited');
  assert.deepEqual(await tell(driver, parent.number, { 'mail.read': 1 }), nobody, 'mail may be read');
  assert.deepEqual(await tell(driver, parent.number, { 'mail.send': 1 }), { type: 'done', note: '1 user signed out' });
  assert.deepEqual(dovecot.kicked, ['carol@voice.example'], 'whoever submits, and nobody who reads');
  await lift();
  await world.hold(parent.id, 'fraud');
  assert.deepEqual(await tell(driver, parent.number, ends), { type: 'done', note: '1 user signed out' });
  assert.deepEqual(dovecot.kicked, ['carol@voice.example', 'bob@voice.example']);
  assert.deepEqual(dovecot.live, [{ username: 'dave@other.example', service: 'imap' }]);
  assert.deepEqual(await tell(driver, parent.number, ends, { mayHaveActed: true }), nobody);
  const asked = dovecot.count;
  assert.deepEqual(await tell(driver, parent.number, ends, { applied: ends }), { type: 'done' });
  assert.equal(dovecot.count, asked);
  dovecot.knobs.refuse = 1;
  assert.equal((await tell(driver, parent.number, ends)).type, 'later');
});
