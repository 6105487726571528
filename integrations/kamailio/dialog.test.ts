/** What claims to belong to a call, and calls that take other ways than the straight one, through the real Kamailio. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { DOMAIN } from '#test/operator.ts';
import { type Asked, type SipMessage, headerOf } from '#test/sip-agent.ts';

import { CREDENTIALS, TRUNK, makeSipWorld, startKamailio } from './kamailio-fixture.ts';

const world = await makeSipWorld({ after });
const kamailio = await startKamailio({ after }, world.installation.connectionString);
const [phone, bobs, gateway, trunk] = [
  await kamailio.agent(),
  await kamailio.agent(),
  await kamailio.agent(),
  await kamailio.agent(TRUNK),
];
const [alice, bob] = [`alice@${DOMAIN}`, `bob@${DOMAIN}`];
const here = `127.0.0.1:${kamailio.port}`;
const toProxy = `Route: <sip:${here};lr>`;
assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 200);
assert.equal((await bobs.register(bob, CREDENTIALS('bob'))).code, 200);
const fromAlice = (to: string, asked: Asked = {}) =>
  phone.request('INVITE', { from: alice, to, credentials: CREDENTIALS('alice'), ...asked });

test('a made-up tag and a route of its own lead nowhere', async () => {
  const lift = await world.hold(world.alice.id);
  const before = [gateway.requests.length, bobs.requests.length];
  for (const method of ['INVITE', 'MESSAGE', 'REFER', 'SUBSCRIBE', 'NOTIFY', 'INFO']) {
    for (const target of [gateway, bobs]) {
      const forged = { from: alice, to: bob, uri: `sip:+49900@${target.at}`, toTag: 'forged', headers: [toProxy] };
      assert.equal((await phone.request(method, forged)).code, 481, method);
      const twice = { ...forged, uri: `sip:+49900@${here}`, headers: [toProxy, `Route: <sip:${target.at};lr>`] };
      assert.equal((await phone.request(method, twice)).code, 481, method);
    }
    assert.equal((await phone.request(method, { from: alice, to: bob, toTag: 'forged' })).code, 404, method);
  }
  assert.deepEqual([gateway.requests.length, bobs.requests.length], before);
  await lift();
});

test('routes and records of routes that a first request brings are no way past the look-up', async () => {
  const before = gateway.requests.length;
  const headers = [toProxy, `Route: <sip:${gateway.at};lr>`, `Record-Route: <sip:${gateway.at};lr>`];
  assert.equal((await fromAlice(bob, { headers })).code, 200);
  const lift = await world.hold(world.bob.id);
  assert.equal((await fromAlice(bob, { headers })).code, 403);
  assert.equal((await fromAlice(bob, { headers, uri: `sip:bob@${DOMAIN}:5070` })).code, 403);
  await lift();
  assert.equal(gateway.requests.length, before);
});

test('a call in progress carries its own requests, and none after its end', async () => {
  const answered = await fromAlice(bob);
  assert.equal(answered.code, 200);
  let cseq = 10;
  for (const method of ['UPDATE', 'PRACK', 'INFO', 'MESSAGE', 'NOTIFY', 'INVITE'])
    assert.equal((await phone.inDialog(method, answered, (cseq += 1))).code, 200, method);
  const refer = await phone.inDialog('REFER', answered, (cseq += 1), [`Refer-To: <sip:carol@${DOMAIN}>`]);
  assert.equal(refer.code, 200);
  assert.equal((await phone.inDialog('BYE', answered, (cseq += 1))).code, 200);
  const late = bobs.requests.length;
  assert.equal((await phone.inDialog('INVITE', answered, (cseq += 1))).code, 481);
  assert.equal((await phone.inDialog('MESSAGE', answered, (cseq += 1))).code, 481);
  assert.equal(bobs.requests.length, late);
});

test('who is held neither refers, replaces, subscribes nor publishes outside a call', async () => {
  const lift = await world.hold(world.alice.id);
  assert.equal((await fromAlice(bob, { headers: ['Replaces: 1@a;to-tag=b;from-tag=c'] })).code, 403);
  for (const method of ['REFER', 'SUBSCRIBE', 'PUBLISH', 'NOTIFY', 'INFO', 'UPDATE', 'BYE', 'PRACK']) {
    const answer = await phone.request(method, { from: alice, to: bob, credentials: CREDENTIALS('alice') });
    assert.equal(answer.code, 405, method);
  }
  await lift();
});

test('CANCEL ends a call that rings', async () => {
  bobs.answer = ({ words }) => (words === 'INVITE' ? 180 : 200);
  const before = bobs.requests.length;
  const rings = (async () => {
    while (bobs.requests.length === before) await sleep(5);
    await sleep(50); // Its ringing is on the way.
  })();
  const call = fromAlice(bob, { cancelAfter: rings });
  while (!bobs.requests.slice(before).some(({ words }) => words === 'CANCEL')) await sleep(5);
  const ringing = bobs.requests[before];
  assert.ok(ringing !== undefined);
  bobs.reply(ringing, 487);
  assert.equal((await call).code, 487);
  bobs.answer = () => 200;
});

test('a call reaches each phone of a line, and the answer of one is the answer', async () => {
  const [second, third] = [await kamailio.agent(), await kamailio.agent()];
  for (const agent of [second, third]) assert.equal((await agent.register(bob, CREDENTIALS('bob'))).code, 200);
  second.answer = ({ words }) => (words === 'INVITE' ? null : 200);
  third.answer = ({ words }) => (words === 'INVITE' ? null : 200);
  const before = bobs.requests.length;
  const answered = await fromAlice(bob);
  assert.equal(answered.code, 200);
  assert.equal(bobs.requests.length, before + 1);
  const rang = ({ words }: SipMessage) => words === 'INVITE';
  assert.ok(second.requests.some(rang) && third.requests.some(rang));
  assert.equal((await phone.inDialog('UPDATE', answered)).code, 200);
  assert.equal(await kamailio.unregister(world.bob.number), 1);
  assert.equal((await fromAlice(bob)).code, 480, 'all of them are removed');
  assert.equal((await bobs.register(bob, CREDENTIALS('bob'))).code, 200);
});

test('what hops too often, what is no SIP and what leads in a circle is refused', async () => {
  assert.equal((await fromAlice(bob, { maxForwards: 0 })).code, 483);
  assert.equal((await fromAlice(bob, { headers: ['Expires: soon'] })).code, 400);
  assert.equal((await fromAlice(bob, { uri: 'http://voice.example/' })).code, 400);
  await world.create('sip_alias', world.domain.id, { username: 'ring', targetUri: `sip:rung@${DOMAIN}` });
  await world.create('sip_alias', world.domain.id, { username: 'rung', targetUri: `sip:ring@${DOMAIN}` });
  assert.equal((await fromAlice(`ring@${DOMAIN}`)).code, 482);
});

test('sixty levels deep on both sides, every node is on the call, and each of them can refuse it', async () => {
  const dig = async (name: string) => {
    let at = world.entities.reseller;
    const levels = [at];
    for (let level = 0; level < 60; level++)
      levels.push((at = await world.create('account', at.id, { name: `${name} ${level}` })));
    return levels;
  };
  const [line, ownerLine] = [await dig('line'), await dig('owner')];
  const domain = await world.create('sip_domain', line.at(-1)?.id ?? '', { domain: 'deep.example' });
  const fields = { username: 'deep', ha1: 'f'.repeat(32) };
  const deep = await world.create('sip_account', domain.id, fields, ownerLine.at(-1)?.id);
  const number = { e164: '+31208005200', target: deep.id };
  await world.create('phone_number', ownerLine.at(-1)?.id ?? '', number);
  await kamailio.rpc('ul.add', 'location', 'deep@deep.example', `sip:deep@${gateway.at}`, 300, '1.0', '', 0, 0, 511);
  const call = () => trunk.request('INVITE', { to: `+31208005200@${here}` });
  const answered = await call();
  assert.equal(answered.code, 200, answered.text);
  for (const { number: node } of [...line, ...ownerLine, deep, domain]) {
    const calls = JSON.stringify(await kamailio.rpc('dlg.profile_list', 'entity', String(node)));
    assert.ok(calls.includes(headerOf(answered, 'Call-ID')), String(node));
  }
  for (const { id } of [line[1], line[30], ownerLine[1], ownerLine[60], line[60]].filter(
    (node) => node !== undefined,
  )) {
    const lift = await world.hold(id);
    assert.equal((await call()).code, 403);
    await lift();
  }
  assert.equal((await call()).code, 200);
});
