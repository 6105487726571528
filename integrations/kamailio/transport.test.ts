/** The real Kamailio over TCP and over IPv6. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { DOMAIN } from '#test/operator.ts';
import { SipAgent } from '#test/sip-agent.ts';

import { CREDENTIALS, TRUNK, makeSipWorld, startKamailio } from './kamailio-fixture.ts';

const world = await makeSipWorld({ after });
const psap = await SipAgent.open({ after }, 1);
const settings = { emergency_route: `sip:${psap.at}` };
const alice = `alice@${DOMAIN}`;
const bob = `bob@${DOMAIN}`;
const asAlice = { from: alice, credentials: CREDENTIALS('alice') };

test('over TCP: registered, called, held, and called back after an emergency call', async () => {
  const kamailio = await startKamailio({ after }, world.installation.connectionString, settings);
  psap.sendTo(kamailio.port);
  const [phone, other] = [await kamailio.agent('127.0.0.1', 'TCP'), await kamailio.agent('127.0.0.1', 'TCP')];
  const trunk = await kamailio.agent(TRUNK);
  assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 200);
  assert.equal((await other.register(bob, CREDENTIALS('bob'))).code, 200);
  assert.equal((await phone.request('INVITE', { ...asAlice, to: bob })).code, 200);
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 200);
  const lift = await world.hold(world.alice.id);
  assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 403);
  assert.equal((await phone.request('INVITE', { ...asAlice, to: bob })).code, 403);
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 403);
  assert.equal(await kamailio.unregister(world.alice.number), 1);
  assert.equal((await phone.request('INVITE', { ...asAlice, to: `112@${DOMAIN}` })).code, 200);
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 200);
  await lift();
  await kamailio.stop();
});

test('over IPv6: the same, and a peer is known by its address', async () => {
  await world.create('trusted_peer', world.entities.other.id, { address: '0:0:0:0:0:0:0:1' });
  const kamailio = await startKamailio({ after }, world.installation.connectionString, {
    ...settings,
    sip_address: '[::1]',
  });
  const [phone, media] = [await kamailio.agent('::1'), await kamailio.agent('::1')];
  assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 200);
  assert.equal((await media.request('INVITE', { to: alice })).code, 200);
  const lift = await world.hold(world.alice.id);
  assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 403);
  assert.equal((await media.request('INVITE', { to: alice })).code, 403);
  await lift();
  const liftPeer = await world.hold(world.entities.other.id);
  assert.equal((await media.request('INVITE', { to: alice })).code, 403);
  await liftPeer();
});
