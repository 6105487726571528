/** A real Kamailio as a system: which calls and registrations end with which holds. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { Values } from '#core/field.ts';
import type { Outcome } from '#systems/system.ts';
import { waitUntil } from '#test/barrier.ts';
import { DOMAIN } from '#test/operator.ts';
import { connectionAs, freePort } from '#test/real-server.ts';
import { type SipAgent, type SipMessage, headerOf } from '#test/sip-agent.ts';

import { toldNode } from '../told-node-for-test.ts';
import { CREDENTIALS, OTHER_DOMAIN, TRUNK, makeSipWorld, startKamailio } from './kamailio-fixture.ts';

/** Not `after` alone: within a test that would be the end of that test. */
const cleanup: (() => Promise<void> | void)[] = [];
const t = { after: (work: () => Promise<void> | void) => void cleanup.unshift(work) };
after(async () => {
  for (const work of cleanup) await work();
});

const world = await makeSipWorld(t);
const { installation } = world;
const { account, parent, other } = world.entities;
const rpcPort = await freePort();
const kamailio = await startKamailio(t, installation.connectionString, { rpc_port: String(rpcPort) });
const [phone, bobs, carols, trunk] = [
  await kamailio.agent(),
  await kamailio.agent(),
  await kamailio.agent(),
  await kamailio.agent(TRUNK),
];
const [alice, bob, carol] = [`alice@${DOMAIN}`, `bob@${DOMAIN}`, `carol@${OTHER_DOMAIN}`];
const system = { settings: { url: `http://127.0.0.1:${rpcPort}/RPC` } };
const told = (node: number, settings: Values = system.settings) =>
  toldNode(installation.pool, 'kamailio', { settings }, node);
const done = (note: string) => ({ type: 'done', note });

async function registerAll(): Promise<void> {
  for (const [agent, aor] of [
    [phone, alice],
    [bobs, bob],
    [carols, carol],
  ] as const)
    assert.equal((await agent.register(aor, CREDENTIALS(aor.split('@')[0] ?? ''))).code, 200);
}

async function call(agent: SipAgent, from: string, to: string): Promise<SipMessage> {
  const answered = await agent.request('INVITE', { from, to, credentials: CREDENTIALS(from.split('@')[0] ?? '') });
  assert.equal(answered.code, 200, answered.text);
  return answered;
}

const fromAlice = () => call(phone, alice, bob);
const isRegistered = async (aor: string) => 'result' in (await kamailio.rpc('ul.lookup', 'location', aor));
const isGoingOn = async (answered: SipMessage, node: number) =>
  JSON.stringify(await kamailio.rpc('dlg.profile_list', 'entity', String(node))).includes(
    headerOf(answered, 'Call-ID'),
  );

/** Both parties were told, and why. */
async function assertEnded(answered: SipMessage, parties: readonly SipAgent[], reason: string): Promise<void> {
  const callId = headerOf(answered, 'Call-ID');
  for (const { requests } of parties) {
    const byeOf = () => requests.find((one) => one.words === 'BYE' && headerOf(one, 'Call-ID') === callId);
    await waitUntil('a party is told that the call has ended', () => byeOf() !== undefined);
    assert.equal(headerOf(byeOf() as SipMessage, 'Reason'), `SIP;cause=403;text="${reason}"`); // Waited for above.
  }
}

test('a dunning hold leaves the call; fraud ends it with its own words, and the registrations beneath with it', async () => {
  await registerAll();
  const [mine, foreign] = [await fromAlice(), await call(carols, carol, carol)];
  const node = told(parent.number);
  const dunning = await world.hold(parent.id, 'suspended');
  assert.equal(await node.tell(), null);
  assert.ok(await isGoingOn(mine, parent.number), 'it goes on');
  const fraud = await world.hold(parent.id, 'fraud');
  assert.deepEqual(await node.tell(), done('2 registrations removed, 1 call ended'));
  await assertEnded(mine, [phone, bobs], 'Account blocked');
  assert.deepEqual(
    [await isRegistered(alice), await isRegistered(bob), await isRegistered(carol)],
    [false, false, true],
  );
  assert.ok(await isGoingOn(foreign, other.number), 'the call of somebody else goes on');
  assert.equal(await node.tell(), null, 'told once');
  await fraud();
  assert.equal(await node.tell(), null, 'a lift tells nothing');
  await dunning();
  assert.equal(await node.tell(), null);
});

test('a call between two holds whose lift was overtaken ends with the second', async () => {
  const node = told(account.number);
  const first = await world.hold(account.id, 'fraud');
  assert.deepEqual(await node.tell(), done('0 registrations removed, 0 calls ended'));
  await first();
  await registerAll();
  const between = await fromAlice();
  const limited = await world.hold(account.id, 'limited');
  const second = await world.hold(account.id, 'fraud');
  assert.deepEqual(await node.tell(), done('2 registrations removed, 1 call ended'));
  await assertEnded(between, [phone, bobs], 'Account blocked');
  await second();
  await limited();
});

test('only what the profile denies ends: calls alone, of one line alone', async () => {
  await registerAll();
  await world.admin('PUT', '/v1/profiles/cut', {
    denied: ['call.out'],
    sessions: 'end',
    refusal: { text: 'Cut "off"' },
  });
  const [mine, inbound] = [await fromAlice(), await trunk.request('INVITE', { to: bob })];
  assert.equal(inbound.code, 200);
  const lift = await world.hold(world.alice.id, 'cut');
  assert.deepEqual(await told(world.alice.number).tell(), done('1 call ended'));
  await assertEnded(mine, [phone, bobs], `Cut 'off'`);
  assert.deepEqual([await isRegistered(alice), await isRegistered(bob)], [true, true]);
  assert.ok(await isGoingOn(inbound, world.bob.number));
  await lift();
});

test('a Kamailio that hangs is told later, and ends the call once it goes on', async () => {
  await registerAll();
  const mine = await fromAlice();
  const node = told(account.number);
  const lift = await world.hold(account.id, 'fraud');
  const group = -(kamailio.process.pid ?? Number.NaN);
  process.kill(group, 'SIGSTOP');
  let hanging: Outcome | null;
  try {
    hanging = await node.tell(300);
  } finally {
    process.kill(group, 'SIGCONT');
  }
  assert.equal(hanging?.type, 'later');
  assert.match(hanging !== null && 'detail' in hanging ? hanging.detail : '', /did not answer within 300 ms/);
  assert.equal((await node.tell())?.type, 'done');
  await assertEnded(mine, [phone, bobs], 'Account blocked');
  assert.equal(await isRegistered(alice), false);
  await lift();
});

test('hash tables that the operator fills from the database are read again with a hold and with its lift', async () => {
  await installation.pool
    .query(`create view enforce.own_held as select e.id::text as key_name, 0 as key_type, 1 as value_type,
    (restrictions(e.id)).denied::text as key_value, 0 as expires from entity e where e.kind = 'sip_account'`);
  await installation.pool.query('grant select on enforce.own_held to abeyance_kamailio');
  const ownPort = await freePort();
  const added = `
modparam("htable", "db_url", "${connectionAs('kamailio', installation.connectionString).replace('postgresql:', 'postgres:')}")
modparam("htable", "htable", "held=>size=8;dbtable=own_held;")
`;
  const own = await startKamailio(t, installation.connectionString, { rpc_port: String(ownPort) }, added);
  const valueOf = async () =>
    JSON.stringify((await own.rpc('htable.get', 'held', String(world.alice.number)))['result'] ?? 'absent');
  const node = told(account.number, { ...system.settings, url: `http://127.0.0.1:${ownPort}/RPC`, tables: ['held'] });
  const free = await valueOf();
  const lift = await world.hold(account.id, 'limited');
  assert.equal(await valueOf(), free, 'as it was read at the start');
  assert.deepEqual(await node.tell(), done('tables read again'));
  assert.notEqual(await valueOf(), free);
  await lift();
  assert.deepEqual(await node.tell(), done('tables read again'));
  assert.equal(await valueOf(), free);
  const wrong = told(account.number, {
    ...system.settings,
    url: `http://127.0.0.1:${ownPort}/RPC`,
    tables: ['nowhere'],
  });
  const held = await world.hold(account.id, 'limited');
  const refused = await wrong.tell();
  assert.match(refused !== null && 'detail' in refused ? refused.detail : '', /refused htable\.reload: No such htable/);
  await held();
});

test('a closed line loses its calls and its registration', async () => {
  await registerAll();
  const mine = await fromAlice();
  await world.close(world.alice.id);
  assert.deepEqual(await told(world.alice.number).tell(), done('1 registration removed, 1 call ended'));
  await assertEnded(mine, [phone, bobs], 'Account closed');
});
