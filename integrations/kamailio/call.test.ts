/** Calls and messages through the real Kamailio: every name that they pass is judged. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { DOMAIN } from '#test/operator.ts';
import { type Asked, type SipMessage, headerOf } from '#test/sip-agent.ts';

import { CREDENTIALS, OTHER_DOMAIN, PBX, STRANGER, TRUNK, makeSipWorld, startKamailio } from './kamailio-fixture.ts';

const world = await makeSipWorld({ after });
const kamailio = await startKamailio({ after }, world.installation.connectionString);
const { account, parent, reseller, owner, other } = world.entities;
const [phone, bobs, carols, trunk, pbx, stranger] = [
  await kamailio.agent(),
  await kamailio.agent(),
  await kamailio.agent(),
  await kamailio.agent(TRUNK),
  await kamailio.agent(PBX),
  await kamailio.agent(STRANGER),
];
const alice = `alice@${DOMAIN}`;
const bob = `bob@${DOMAIN}`;
const carol = `carol@${OTHER_DOMAIN}`;
const here = `127.0.0.1:${kamailio.port}`;
const sales = await world.create('sip_alias', world.domain.id, { username: 'sales', target: world.alice.id });
const front = await world.create('sip_alias', world.domain.id, { username: 'front', target: sales.id }, owner.id);
const did = await world.create('phone_number', other.id, { e164: '+31208005100', target: front.id });
const desk = await world.create('trusted_peer', account.id, { address: PBX });
await world.create('phone_number', account.id, { e164: '+31208005101', target: desk.id });
await world.create('phone_number', account.id, { e164: '+31208005102', targetUri: `sip:front@${DOMAIN}` });
for (const [agent, aor] of [
  [phone, alice],
  [bobs, bob],
  [carols, carol],
] as const)
  assert.equal((await agent.register(aor, CREDENTIALS(aor.split('@')[0] ?? ''))).code, 200);

const fromTrunk = (to: string, method = 'INVITE', asked: Asked = {}) => trunk.request(method, { to, ...asked });
const fromCarol = (to: string, method = 'INVITE') =>
  carols.request(method, { from: carol, to, credentials: CREDENTIALS('carol') });
const fromAlice = (to: string, method = 'INVITE') =>
  phone.request(method, { from: alice, to, credentials: CREDENTIALS('alice') });
const shown = (answer: SipMessage) => [answer.code, answer.words, headerOf(answer, 'Reason')];
const SUSPENDED = [403, 'Account suspended', 'SIP;cause=403;text="suspended"'];

test('calls arrive: directly, by alias, by number, and at a peer', async () => {
  assert.equal((await fromTrunk(alice)).code, 200);
  assert.equal((await fromCarol(`front@${DOMAIN}`)).code, 200);
  assert.equal((await fromTrunk(`+31208005100@${here}`)).code, 200);
  assert.equal(
    (
      await carols.request('INVITE', {
        from: carol,
        to: 'tel:+31208005100',
        uri: 'tel:+31-20-800-5100',
        credentials: CREDENTIALS('carol'),
      })
    ).code,
    200,
  );
  assert.equal((await fromTrunk(`+31208005102@${here}`)).code, 200);
  assert.equal((await fromAlice(bob)).code, 200);
});

test('who is unknown is not found, and a stranger is asked for a digest', async () => {
  assert.equal((await fromTrunk(`nobody@${DOMAIN}`)).code, 404);
  assert.equal((await fromTrunk(`+31209999999@${here}`)).code, 404);
  assert.equal((await stranger.request('INVITE', { to: alice })).code, 407);
  assert.equal(
    (
      await stranger.request('INVITE', {
        from: carol,
        to: alice,
        credentials: { username: 'carol', password: 'wrong' },
      })
    ).code,
    407,
  );
  assert.equal(
    (await stranger.request('INVITE', { from: carol, to: alice, credentials: CREDENTIALS('alice') })).code,
    407,
  );
  assert.equal((await fromTrunk(DOMAIN, 'OPTIONS')).code, 200);
  assert.equal((await fromTrunk(alice, 'SUBSCRIBE')).code, 405);
});

test('no user part ends a string of SQL', async () => {
  for (const user of ["zz'or'1'='1'--", "'||pg_sleep(9)||'", '%5c%27--', '%27or%201=1--', '+3120%27', '%c3%28']) {
    assert.equal((await fromTrunk(`${user}@${DOMAIN}`)).code, 404, user);
    assert.equal((await stranger.request('INVITE', { from: `${user}@${DOMAIN}`, to: alice })).code, 407, user);
  }
  assert.equal((await fromTrunk(alice)).code, 200);
});

test('a hold on any name that a call passes refuses it, and lifting it restores', async () => {
  for (const [held, to] of [
    [account.id, alice],
    [parent.id, `+31208005100@${here}`],
    [reseller.id, alice],
    [world.domain.id, `sales@${DOMAIN}`],
    [world.alice.id, `+31208005100@${here}`],
    [sales.id, `+31208005100@${here}`],
    [front.id, `+31208005102@${here}`],
    [owner.id, `front@${DOMAIN}`],
    [owner.id, bob],
    [other.id, `+31208005100@${here}`],
    [did.id, `+31208005100@${here}`],
    [desk.id, `+31208005101@${here}`],
  ] as const) {
    const before = [phone, bobs, pbx].map((agent) => agent.requests.length);
    const lift = await world.hold(held);
    const asked = held === other.id || held === reseller.id ? pbx : trunk;
    const answer = await asked.request('INVITE', { to });
    assert.deepEqual(shown(answer), SUSPENDED, to);
    assert.deepEqual(
      [phone, bobs, pbx].map((agent) => agent.requests.length),
      before,
    );
    await lift();
    if (held !== desk.id) assert.equal((await asked.request('INVITE', { to })).code, 200, to);
  }
});

test('who is held calls nobody: neither a subscriber nor a peer', async () => {
  for (const held of [world.alice.id, account.id, reseller.id]) {
    const lift = await world.hold(held);
    assert.deepEqual(shown(await fromAlice(carol)), SUSPENDED);
    assert.deepEqual(shown(await fromAlice(carol, 'MESSAGE')), SUSPENDED);
    await lift();
    assert.equal((await fromAlice(carol)).code, 200);
  }
  const lift = await world.hold(desk.id);
  assert.deepEqual(shown(await pbx.request('INVITE', { to: carol })), SUSPENDED);
  await lift();
  assert.equal((await pbx.request('INVITE', { to: carol })).code, 200);
});

test('limited: calls arrive, and none goes out; messages likewise', async () => {
  const lift = await world.hold(account.id, 'limited');
  assert.equal((await fromTrunk(`+31208005100@${here}`)).code, 200);
  assert.equal((await fromTrunk(alice, 'MESSAGE')).code, 200);
  const limited = [403, 'Service limited', 'SIP;cause=403;text="limited"'];
  assert.deepEqual(shown(await fromAlice(carol)), limited);
  assert.deepEqual(shown(await fromAlice(carol, 'MESSAGE')), limited);
  await lift();
  assert.equal((await fromAlice(carol, 'MESSAGE')).code, 200);
});

test('a message to who is held is refused', async () => {
  const lift = await world.hold(world.alice.id);
  assert.deepEqual(shown(await fromTrunk(alice, 'MESSAGE')), SUSPENDED);
  await lift();
});

test('a bad payer is refused with the words, redirected or announced', async () => {
  const lift = await world.hold(account.id, 'bad_payer');
  assert.deepEqual(shown(await fromAlice(carol)), [403, 'Payment overdue', 'SIP;cause=403;text="bad_payer"']);
  assert.equal((await fromTrunk(alice)).code, 200);
  await world.admin('PUT', '/v1/profiles/dunning', {
    intercepted: ['call.out'],
    severity: 400,
    refusal: { text: 'Call billing' },
    systems: { kamailio: { redirect: 'sip:billing@pay.example' } },
  });
  const liftDunning = await world.hold(account.id, 'dunning');
  const answer = await fromAlice(carol);
  assert.deepEqual([answer.code, headerOf(answer, 'Contact')], [302, '<sip:billing@pay.example>']);
  await liftDunning();
  const media = await kamailio.agent();
  await kamailio.rpc('cfg.set_now_string', 'abeyance', 'media_server', media.at);
  assert.equal((await fromAlice(carol)).code, 200, 'the announcement answers');
  assert.deepEqual(
    media.requests.map(({ words, uri }) => [words, uri]),
    [['INVITE', `sip:bad_payer@${media.at}`]],
  );
  await lift();
});

test('a closed account answers nobody, and its number leads nowhere', async () => {
  const gone = await world.subscriber('gone', world.domain);
  await world.create('phone_number', other.id, { e164: '+31208005109', target: gone.id });
  const gones = await kamailio.agent();
  assert.equal((await gones.register(`gone@${DOMAIN}`, CREDENTIALS('gone'))).code, 200);
  assert.equal((await fromTrunk(`+31208005109@${here}`)).code, 200);
  await world.close(gone.id);
  assert.deepEqual(shown(await fromTrunk(`gone@${DOMAIN}`)), [403, 'Account closed', '']);
  assert.deepEqual(shown(await fromTrunk(`+31208005109@${here}`)), [403, 'Target closed', '']);
  assert.deepEqual(
    shown(await gones.request('INVITE', { from: `gone@${DOMAIN}`, to: carol, credentials: CREDENTIALS('gone') })),
    [403, 'Account closed', ''],
  );
});

test('a call carries every node of both parties and of nobody else, and one command ends it', async () => {
  const callsOf = async (node: number) =>
    ((await kamailio.rpc('dlg.profile_list', 'entity', String(node))).result ?? []) as {
      h_entry: number;
      h_id: number;
      call_id?: string;
      'call-id'?: string;
    }[];
  const answered = await fromAlice(bob);
  assert.equal(answered.code, 200);
  const mine = headerOf(answered, 'Call-ID');
  const idsOf = async (node: number) => JSON.stringify(await callsOf(node));
  for (const { number } of [world.alice, world.bob, world.domain, account, parent, reseller, owner])
    assert.ok((await idsOf(number)).includes(mine), String(number));
  const second = await fromCarol(carol);
  assert.equal(second.code, 200);
  assert.ok(
    !(await idsOf(account.number)).includes(headerOf(second, 'Call-ID')),
    'the path of the call before is not on this one',
  );
  assert.ok((await idsOf(other.number)).includes(headerOf(second, 'Call-ID')));
  assert.equal((await phone.inDialog('INVITE', answered)).code, 200, 'a call in progress is not judged again');
  const ended = bobs.requests.length;
  for (const call of await callsOf(owner.number))
    await kamailio.rpc('dlg.end_dlg', call.h_entry, call.h_id, 'Reason: SIP;cause=403;text="fraud"\r\n');
  while (!bobs.requests.slice(ended).some(({ words }) => words === 'BYE'))
    await new Promise((resolve) => setTimeout(resolve, 20));
  const bye = bobs.requests.slice(ended).find(({ words }) => words === 'BYE');
  assert.match(bye?.text ?? '', /Reason: SIP;cause=403;text="fraud"/);
  assert.ok(!(await idsOf(owner.number)).includes(mine));
});

test('one command removes every registration that a node reaches', async () => {
  assert.equal(await kamailio.unregister(owner.number), 1);
  assert.equal((await fromTrunk(bob)).code, 480);
  assert.equal((await fromTrunk(alice)).code, 200);
  assert.equal((await bobs.register(bob, CREDENTIALS('bob'))).code, 200);
  assert.equal(await kamailio.unregister(reseller.number), 4);
  assert.equal(await kamailio.unregister(reseller.number), 0);
  const foreign = await fetch(`http://127.0.0.1:${kamailio.rpcPort}/unregister/0`, {
    headers: { origin: 'http://evil.example' },
  });
  assert.equal(foreign.status, 403);
  const wrongPort = await fetch(`http://127.0.0.1:${kamailio.port}/RPC`, { method: 'POST', body: '{}' });
  assert.equal(wrongPort.status, 403);
});

test('who is not ours is reached by the gateway, and foreign callers come in only where that is open', async () => {
  const gateway = await kamailio.agent();
  await kamailio.rpc('cfg.set_now_string', 'abeyance', 'gateway', `sip:${gateway.at}`);
  assert.equal((await fromCarol(`+4930123456@${OTHER_DOMAIN}`)).code, 200);
  assert.equal((await pbx.request('INVITE', { to: `+4930123456@${here}` })).code, 404, 'a peer without transit');
  assert.equal(gateway.requests.length, 1);
  assert.equal((await pbx.request('INVITE', { to: 'x@foreign.example' })).code, 403);
  const asked = { from: 'x@foreign.example', to: alice };
  assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 200);
  assert.equal((await stranger.request('INVITE', asked)).code, 407);
  await kamailio.rpc('cfg.set_now_string', 'abeyance', 'open_inbound', 'yes');
  assert.equal((await stranger.request('INVITE', asked)).code, 200);
  assert.equal(
    (await stranger.request('INVITE', { ...asked, from: bob })).code,
    407,
    'nobody is one of ours without a digest',
  );
  assert.equal((await stranger.request('INVITE', { ...asked, to: `+4930123456@${here}` })).code, 404);
  const lift = await world.hold(account.id);
  assert.deepEqual(shown(await stranger.request('INVITE', asked)), SUSPENDED);
  await lift();
});
