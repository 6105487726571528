/** Who says to be somebody else, and how else a name can be written, at the real Kamailio. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { DOMAIN } from '#test/operator.ts';
import { SipAgent, digestOf, headerOf } from '#test/sip-agent.ts';

import { CREDENTIALS, OTHER_DOMAIN, PBX, STRANGER, TRUNK, makeSipWorld, startKamailio } from './kamailio-fixture.ts';

const world = await makeSipWorld({ after });
const psap = await SipAgent.open({ after }, 1);
const kamailio = await startKamailio({ after }, world.installation.connectionString, {
  emergency_route: `sip:${psap.at}`,
});
psap.sendTo(kamailio.port);
const { account, other } = world.entities;
const [phone, bobs, trunk, stranger] = [
  await kamailio.agent(),
  await kamailio.agent(),
  await kamailio.agent(TRUNK),
  await kamailio.agent(STRANGER),
];
const [alice, bob, carol] = [`alice@${DOMAIN}`, `bob@${DOMAIN}`, `carol@${OTHER_DOMAIN}`];
const here = `127.0.0.1:${kamailio.port}`;
await world.create('phone_number', other.id, { e164: '+31208005100', target: world.alice.id });
assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 200);
assert.equal((await bobs.register(bob, CREDENTIALS('bob'))).code, 200);
const call = (from: string, username: string, headers: readonly string[] = []) =>
  phone.request('INVITE', { from, to: bob, credentials: CREDENTIALS(username), headers });

test('a name is judged however it is written', async () => {
  const spellings = [
    `ALICE@${DOMAIN}`,
    `alice@${DOMAIN.toUpperCase()}`,
    `%61l%69ce@${DOMAIN}`,
    `alice@${DOMAIN}:5060;x=y`,
    `+31208005100;ext=1@${here}`,
    `+31-20-800.5100;phone-context=x@${here}`,
    `%2B31208005100@${DOMAIN}`,
    'tel:+31208005100',
    'tel:+31-20-(800)-51.00',
    'tel:+31208005100;ext=12;isub=1',
    `sips:alice@${DOMAIN}`,
  ].map((to) => (/^(tel|sips):/.test(to) ? to : `sip:${to}`));
  const asked = (uri: string) => trunk.request('INVITE', { to: alice, uri });
  for (const uri of spellings) assert.equal((await asked(uri)).code, 200, uri);
  const lift = await world.hold(world.alice.id);
  for (const uri of spellings) assert.equal((await asked(uri)).code, 403, uri);
  assert.equal((await call(`%41lice@${DOMAIN.toUpperCase()}`, 'alice')).code, 403);
  await lift();
  for (const user of [
    'a"b',
    'a%22b',
    'a%5Cb',
    '%00',
    'alice%00',
    '$(ru)',
    '$var(x)',
    "al'ice",
    'a%0d%0aX:y',
    'z'.repeat(3000),
  ]) {
    const { code } = await asked(`sip:${user}@${DOMAIN}`);
    assert.ok([400, 404].includes(code), `${user}: ${code}`);
  }
});

test('an emergency number is one however it is written, and nothing else is', async () => {
  const lift = await world.hold(account.id);
  const dial = (uri: string) =>
    phone.request('INVITE', { from: alice, to: alice, uri, credentials: CREDENTIALS('alice') });
  for (const uri of [
    `sip:112;phone-context=nl@${DOMAIN}`,
    `sip:%31%31%32@${DOMAIN}`,
    `sip:+112@${DOMAIN}`,
    `sip:%2b112@x.example`,
    `sip:112@${DOMAIN};user=phone`,
    'tel:112;phone-context=+31',
    'tel:1-1-2',
    `sips:112@${DOMAIN}`,
    'urn:service:sos',
    'urn:service:sos.fire',
    'URN:Service:SOS.police',
  ]) {
    const before = psap.requests.length;
    assert.equal((await dial(uri)).code, 200, uri);
    assert.equal(psap.requests.length, before + 1, uri);
  }
  for (const uri of [
    `sip:1120@${DOMAIN}`,
    `sip:112x@${DOMAIN}`,
    `sip:x112@${DOMAIN}`,
    'tel:+31112',
    'urn:service:counseling',
    'urn:service:sosx',
  ])
    assert.ok([403, 416].includes((await dial(uri)).code), uri);
  await kamailio.rpc('htable.delete', 'callback', alice);
  await lift();
});

test('nobody calls as somebody else', async () => {
  assert.equal((await call(bob, 'alice')).code, 407, 'its own digest under another name');
  assert.equal((await call(carol, 'alice')).code, 407);
  assert.equal((await call(`x@${PBX}`, 'alice')).code, 407);
  const lift = await world.hold(world.alice.id);
  assert.equal((await call(bob, 'alice')).code, 407);
  assert.equal((await call(alice, 'alice', [`P-Asserted-Identity: <sip:${bob}>`])).code, 403);
  await lift();
  const before = bobs.requests.length;
  const claims = [
    `P-Asserted-Identity: <sip:${carol}>`,
    `P-Asserted-Identity: <tel:+112>`,
    `Remote-Party-ID: <sip:${carol}>`,
  ];
  assert.equal((await call(alice, 'alice', claims)).code, 200);
  assert.doesNotMatch(bobs.requests[before]?.text ?? '', /carol|\+112/, 'what a subscriber claims goes no further');
  assert.equal((await trunk.request('INVITE', { from: carol, to: bob, headers: claims })).code, 200);
  assert.match(bobs.requests[before + 1]?.text ?? '', /P-Asserted-Identity: <sip:carol/, 'what a peer says does');
});

test('from the address of a peer, the peer is judged', async () => {
  const lift = await world.hold(world.alice.id);
  assert.equal((await trunk.request('INVITE', { from: alice, to: bob })).code, 200);
  await lift();
  const liftPeer = await world.hold(other.id);
  assert.equal((await trunk.request('INVITE', { from: alice, to: bob, credentials: CREDENTIALS('alice') })).code, 403);
  await liftPeer();
});

test('a digest is of no use to who overheard it', async () => {
  for (const [method, uri, to] of [
    ['REGISTER', `sip:${DOMAIN}`, alice],
    ['INVITE', `sip:${bob}`, bob],
  ] as const) {
    const challenged = await phone.request(method, { from: alice, to, uri });
    const kind =
      method === 'REGISTER' ? ['WWW-Authenticate', 'Authorization'] : ['Proxy-Authenticate', 'Proxy-Authorization'];
    const digest = digestOf(headerOf(challenged, kind[0] ?? ''), method, uri, CREDENTIALS('alice'));
    const asked = { from: alice, to, uri, headers: [`${kind[1]}: ${digest}`] };
    assert.equal((await phone.request(method, asked)).code, 200);
    const replayed = await stranger.request(method, asked);
    assert.equal(replayed.code, method === 'REGISTER' ? 401 : 407);
    const elsewhere = { ...asked, uri: uri.replace('sip:', 'sip:x') };
    assert.ok([400, 401, 407].includes((await phone.request(method, elsewhere)).code), 'nor for another address');
  }
});

test('what was sold, closed or switched off is not reached by its number', async () => {
  const dan = await world.subscriber('dan', world.domain, undefined, { enabled: false });
  await world.create('phone_number', account.id, { e164: '+31208005101', target: dan.id });
  for (const to of [`dan@${DOMAIN}`, `+31208005101@${here}`]) {
    const answer = await trunk.request('INVITE', { to });
    assert.deepEqual([answer.code, answer.words], [403, 'Disabled by its user'], to);
  }
  const gone = await world.create('account', world.entities.reseller.id, { name: 'Gone' });
  const eve = await world.subscriber('eve', world.domain, gone.id);
  await world.create('phone_number', other.id, { e164: '+31208005102', target: eve.id });
  await world.create('phone_number', account.id, { e164: '+31208005103', target: world.alice.id }, gone.id);
  await world.close(gone.id);
  for (const to of [`+31208005102@${here}`, `eve@${DOMAIN}`, `+31208005103@${here}`]) {
    const answer = await trunk.request('INVITE', { to });
    assert.deepEqual([answer.code, answer.words], [403, 'Owner closed'], to);
  }
});

test('a held line keeps its contact, which serves the call back alone, as long as its window is open', async () => {
  const lift = await world.hold(world.alice.id);
  assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 403);
  assert.equal((await phone.register(alice, CREDENTIALS('alice'), ['Expires: 0', 'Contact: *'])).code, 403);
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 403);
  const rung = phone.requests.length;
  assert.equal((await phone.request('INVITE', { from: alice, to: `112@${DOMAIN}` })).code, 200);
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 200);
  assert.equal((await trunk.request('INVITE', { to: `+31208005100@${here}` })).code, 200);
  assert.equal(phone.requests.length, rung + 2);
  await kamailio.rpc('htable.setex', 'callback', alice, 1);
  while ((await trunk.request('INVITE', { to: alice })).code === 200) await sleep(200);
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 403);
  assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 403);
  await lift();
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 200, 'the contact of before');
});

test('commands are taken from this host and no browser', async () => {
  const at = `http://127.0.0.1:${kamailio.rpcPort}`;
  const status = async (path: string, init: RequestInit = {}) => (await fetch(`${at}${path}`, init)).status;
  for (const headers of [{ referer: 'http://evil.example/' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }])
    assert.equal(await status('/unregister/0', { headers }), 403);
  for (const path of ['/unregister/', '/unregister/x', '/unregister/0/1', '/unregister/0?x', '/unregister/-1', '/'])
    assert.equal(await status(path), 404, path);
  const forwarded = { 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1' };
  const outside = await fetch(`http://127.0.0.1:${kamailio.port}/unregister/0`, { headers: forwarded });
  assert.equal(outside.status, 403, 'the port of SIP takes no command');
  await status('/RPC', { method: 'POST', body: 'x'.repeat(1_000_000) }).catch(() => 0);
  assert.equal(await kamailio.unregister(world.bob.number), 1);
});
