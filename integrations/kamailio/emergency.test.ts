/** Emergency calls through the real Kamailio: under every hold, and while the database is away. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { DOMAIN } from '#test/operator.ts';
import { freePort } from '#test/real-server.ts';
import { SipAgent, type SipMessage, headerOf } from '#test/sip-agent.ts';

import { CREDENTIALS, STRANGER, TRUNK, makeSipWorld, startKamailio } from './kamailio-fixture.ts';

const world = await makeSipWorld({ after });
const { account, other } = world.entities;
const { connectionString, pool } = world.installation;

const psap = await SipAgent.open({ after }, 1);
const settings = { emergency_route: `sip:${psap.at}`, database_timeout: '1' };
const kamailio = await startKamailio({ after }, connectionString, settings);
const [phone, trunk, stranger] = [await kamailio.agent(), await kamailio.agent(TRUNK), await kamailio.agent(STRANGER)];
psap.sendTo(kamailio.port);
const alice = `alice@${DOMAIN}`;
const here = `127.0.0.1:${kamailio.port}`;
const shown = (answer: SipMessage) => [answer.code, answer.words, headerOf(answer, 'Reason')];
const call = (to: string, uri?: string) =>
  phone.request('INVITE', {
    from: alice,
    to,
    credentials: CREDENTIALS('alice'),
    ...(uri === undefined ? {} : { uri }),
  });
const served = async (asked: Promise<SipMessage>) => {
  const before = psap.requests.length;
  const answer = await asked;
  return [answer.code, psap.requests.length - before];
};

test('who is held reaches the emergency service, by any spelling of its number, and is called back', async () => {
  const lift = await world.hold(account.id);
  assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 403);
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 403);
  for (const uri of [
    `sip:112@${DOMAIN}`,
    `sip:+112@${here}`,
    `sip:1-1-2@${DOMAIN}`,
    'tel:112',
    'urn:service:sos',
    'urn:service:sos.fire',
  ])
    assert.deepEqual(await served(call(`112@${DOMAIN}`, uri)), [200, 1], uri);
  assert.equal((await call(`1125550@${DOMAIN}`)).code, 403, 'a number is compared whole');
  const before = phone.requests.length;
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 200, 'called back though it is not registered');
  assert.equal(phone.requests.length, before + 1);
  assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 200, 'its registration is usable');
  assert.equal(await kamailio.unregister(account.number), 0, 'and no command removes it');
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 200);
  assert.equal((await call(`bob@${DOMAIN}`)).code, 403, 'it calls nobody else');
  await kamailio.rpc('htable.delete', 'callback', alice);
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 403, 'until the window is over');
  await lift();
});

test('a peer that is held passes without being asked, a stranger does not', async () => {
  const lift = await world.hold(other.id);
  assert.deepEqual(await served(trunk.request('INVITE', { to: `112@${here}` })), [200, 1]);
  await lift();
  assert.deepEqual(await served(stranger.request('INVITE', { from: alice, to: `112@${here}` })), [407, 0]);
  assert.deepEqual(
    await served(
      stranger.request('INVITE', {
        from: alice,
        to: `112@${here}`,
        credentials: { username: 'alice', password: 'wrong' },
      }),
    ),
    [407, 0],
  );
  await kamailio.rpc('cfg.set_now_string', 'abeyance', 'emergency_from_anyone', 'yes');
  assert.deepEqual(await served(stranger.request('INVITE', { to: `112@${here}` })), [200, 1]);
  await kamailio.rpc('cfg.set_now_string', 'abeyance', 'emergency_from_anyone', 'no');
});

test('a closed line follows the setting', async () => {
  const gone = await world.subscriber('gone', world.domain);
  await world.close(gone.id);
  const gones = await kamailio.agent();
  const asked = { from: `gone@${DOMAIN}`, to: `112@${DOMAIN}`, credentials: CREDENTIALS('gone') };
  assert.equal((await gones.request('INVITE', asked)).code, 403);
  await kamailio.rpc('cfg.set_now_string', 'abeyance', 'closed_lines', 'emergency');
  assert.deepEqual(await served(gones.request('INVITE', asked)), [200, 1]);
});

test('a legal override is honoured', async () => {
  await world.admin('PUT', '/v1/profiles/court_order', {
    denied: ['call.out', 'call.emergency'],
    refusal: { text: 'By order' },
    legalOverride: {
      author: 'J. de Vries',
      reason: 'order 12',
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    },
  });
  const lift = await world.hold(account.id, 'court_order');
  // The watch of Kamailio looks every five seconds for overrides.
  while (!JSON.stringify(await kamailio.rpc('htable.get', 'state', 'overrides')).includes('"value":1'))
    await sleep(100);
  assert.deepEqual(shown(await call(`112@${DOMAIN}`)), [403, 'By order', 'SIP;cause=403;text="court_order"']);
  assert.deepEqual(await served(trunk.request('INVITE', { to: `112@${here}` })), [200, 1]);
  await lift();
});

test('while the database is away everything is refused but emergency calls of who is known; then it recovers', async () => {
  assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 200);
  const name = new URL(connectionString).pathname.slice(1);
  await pool.query(`revoke connect on database ${name} from public`);
  await pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'abeyance_kamailio' and datname = current_database()`,
  );
  try {
    for (let round = 0; round < 4; round++) {
      assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 503);
      assert.equal((await trunk.request('INVITE', { to: alice })).code, 503);
      assert.equal((await call(`bob@${DOMAIN}`)).code, 503);
    }
    assert.deepEqual(await served(trunk.request('INVITE', { to: `112@${here}` })), [200, 1]);
    assert.deepEqual(await served(call(`112@${DOMAIN}`)), [200, 1], 'from where it is registered, without digest');
    assert.deepEqual(await served(stranger.request('INVITE', { from: alice, to: `112@${here}` })), [503, 0]);
  } finally {
    await pool.query(`grant connect on database ${name} to public`);
  }
  while ((await phone.register(alice, CREDENTIALS('alice'))).code === 503) await sleep(100);
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 200);
});

test('Kamailio starts while the database is away, and refuses what it cannot judge', async () => {
  const nowhere = new URL(connectionString);
  nowhere.port = String(await freePort());
  const alone = await startKamailio({ after }, nowhere.href, { ...settings, emergency_from_anyone: 'yes' });
  const client = await alone.agent();
  psap.sendTo(alone.port);
  assert.equal((await client.register(alice, CREDENTIALS('alice'))).code, 503);
  assert.deepEqual(await served(client.request('INVITE', { to: `112@${here}` })), [200, 1]);
});
