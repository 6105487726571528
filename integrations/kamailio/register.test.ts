/** Registrations at the real Kamailio, through every standing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { DOMAIN } from '#test/operator.ts';
import { type SipMessage, ha1Of, headerOf } from '#test/sip-agent.ts';

import { CREDENTIALS, OTHER_DOMAIN, makeSipWorld, startKamailio } from './kamailio-fixture.ts';

const world = await makeSipWorld({ after });
const kamailio = await startKamailio({ after }, world.installation.connectionString);
const agent = await kamailio.agent();
const alice = `alice@${DOMAIN}`;
const bob = `bob@${DOMAIN}`;
const carol = `carol@${OTHER_DOMAIN}`;

const register = (aor: string, credentials = CREDENTIALS(aor.split('@')[0] ?? '')) => agent.register(aor, credentials);
const shown = (answer: SipMessage) => [answer.code, answer.words, headerOf(answer, 'Reason')];

test('a subscriber registers with its digest, and with its whole address as user name', async () => {
  assert.equal((await register(alice)).code, 200);
  const { code } = await register(alice.replace('alice', 'ALICE'), CREDENTIALS('alice'));
  assert.equal(code, 200, 'an address of record is compared without regard to case');
  await world.subscriber('dora', world.domain, undefined, { ha1b: ha1Of(`dora@${DOMAIN}`, DOMAIN, 'secret of dora') });
  assert.equal(
    (await register(`dora@${DOMAIN}`, { username: `dora@${DOMAIN}`, password: 'secret of dora' })).code,
    200,
  );
});

test('an account of another realm is challenged with it, at once or in a second challenge', async (t) => {
  const ha1 = ha1Of('erin', 'sip.operator.example', 'secret of erin');
  await world.subscriber('erin', world.domain, undefined, { ha1, realm: 'sip.operator.example' });
  const credentials = { username: 'erin', password: 'secret of erin' };
  assert.equal((await register(`erin@${DOMAIN}`, credentials)).code, 200);
  const looking = await startKamailio(t, world.installation.connectionString, { account_realms: 'yes' });
  const challenge = await (await looking.agent()).request('REGISTER', { to: `erin@${DOMAIN}`, from: `erin@${DOMAIN}` });
  assert.match(headerOf(challenge, 'WWW-Authenticate'), /realm="sip\.operator\.example"/);
});

test('a hold anywhere above refuses with its words, and lifting it restores', async () => {
  const { account, parent, reseller, owner } = world.entities;
  for (const [held, aor, free] of [
    [world.alice.id, alice, bob],
    [world.domain.id, alice, carol],
    [account.id, alice, carol],
    [parent.id, alice, carol],
    [reseller.id, alice, null],
    [owner.id, bob, alice],
  ] as const) {
    const lift = await world.hold(held);
    assert.deepEqual(shown(await register(aor)), [403, 'Account suspended', 'SIP;cause=403;text="suspended"']);
    if (free !== null) assert.equal((await register(free)).code, 200);
    await lift();
    assert.equal((await register(aor)).code, 200);
  }
});

test('limited and bad payers stay registered', async () => {
  for (const profile of ['limited', 'bad_payer']) {
    const lift = await world.hold(world.entities.account.id, profile);
    assert.equal((await register(alice)).code, 200);
    await lift();
  }
});

test('a wrong password looks the same whatever the standing, and so does who is unknown', async () => {
  const shape = (answer: SipMessage) =>
    answer.text
      .replaceAll(/(tag|branch|nonce|rport|received)="?=?[^;\s",]*"?/g, '$1')
      .replace(/Call-ID: \w+/, '')
      .replace(/alice|nobody/g, '');
  const wrong = (user: string) => register(`${user}@${DOMAIN}`, { username: user, password: 'wrong' });
  const active = await wrong('alice');
  assert.equal(active.code, 401);
  const lift = await world.hold(world.alice.id, 'fraud');
  const held = await wrong('alice');
  await lift();
  const unknown = await wrong('nobody');
  for (const other of [held, unknown]) {
    assert.deepEqual([other.code, other.words, headerOf(other, 'Reason')], [active.code, active.words, '']);
    assert.deepEqual(
      other.headers.map(([name]) => name),
      active.headers.map(([name]) => name),
    );
    assert.equal(shape(other).length, shape(active).length);
  }
});

test("the client's own switch refuses, and is no hold", async () => {
  await world.subscriber('finn', world.domain, undefined, { enabled: false });
  assert.deepEqual(shown(await register(`finn@${DOMAIN}`)), [403, 'Disabled by its user', '']);
});

test('a closed account is refused for ever', async () => {
  const gone = await world.subscriber('gone', world.domain);
  assert.equal((await register(`gone@${DOMAIN}`)).code, 200);
  await world.close(gone.id);
  assert.deepEqual(shown(await register(`gone@${DOMAIN}`)), [403, 'Account closed', '']);
});

test('no user part ends a string of SQL', async () => {
  for (const user of ["zz'or'1'='1'--", 'zz%27%20or%201=1--', "'||pg_sleep(9)||'", "%5c'--", '%c3%28', 'a%00b']) {
    const answer = await agent.request('REGISTER', {
      from: `alice@${DOMAIN}`,
      to: `${user}@${DOMAIN}`,
      uri: `sip:${DOMAIN}`,
      credentials: CREDENTIALS('alice'),
    });
    assert.ok([400, 401].includes(answer.code), `${user}: ${answer.text}`);
  }
  assert.equal((await register(alice)).code, 200);
});
