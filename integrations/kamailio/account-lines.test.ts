/**
 * Accounts whose clients lie in an organization that is none of theirs, through the real Kamailio: who is suspended, and
 * all beneath, neither registers nor calls nor is called; everybody else does.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { closeEntity } from '#operations/close-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { placeHold } from '#operations/place-hold.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { LINE, type LineName, ORGANIZATION, lineOf, linePassword, makeLineWorld } from '#test/line-world.ts';
import { administrator } from '#test/people.ts';
import type { Asked, SipAgent, SipMessage } from '#test/sip-agent.ts';

import { startKamailio } from './kamailio-fixture.ts';

const installation = await testInstallation({ after });
const world = await makeLineWorld(installation.context);
const kamailio = await startKamailio({ after }, installation.connectionString);
const admin = administrator(installation.app);
const here = `127.0.0.1:${kamailio.port}`;
const agents = new Map<LineName, SipAgent>();
for (const name of LINE) agents.set(name, await kamailio.agent());
const SWITCHBOARD = '127.0.0.4';
assert.equal(
  (
    await admin('POST', '/v1/resources', {
      kind: 'trusted_peer',
      parent: world.lines.other.account.id,
      address: SWITCHBOARD,
    })
  ).status,
  201,
);
const outside = await kamailio.agent(SWITCHBOARD);
/** The words that Restcomm refused with. */
const WORDS = 'Account is not ACTIVE';
const { body: profile } = await admin('GET', '/v1/profiles/suspended');
await admin('PUT', '/v1/profiles/suspended', { ...profile, refusal: { ...profile['refusal'], text: WORDS } });

const agentOf = (name: LineName): SipAgent => agents.get(name) as SipAgent; // One for each.
const credentials = (name: LineName) => ({ username: name, password: linePassword(name) });
const as = (name: LineName, method: string, to: string, more: Asked = {}) =>
  agentOf(name).request(method, { from: world.lines[name].aor, to, credentials: credentials(name), ...more });
const register = (name: LineName) => agentOf(name).register(world.lines[name].aor, credentials(name));
assert.equal((await register('other')).code, 200);
const registrations = async (name: LineName) => {
  const { result } = await kamailio.rpc('ul.lookup', 'location', world.lines[name].aor);
  return result === undefined ? 0 : 1;
};
const USSD = { headers: ['Content-Type: application/vnd.3gpp.ussd+xml'] };

/** What is asked of each line, each time; `other` is the far end, which is never stopped here. */
const ASKED: Readonly<Record<string, (name: LineName) => Promise<SipMessage>>> = {
  register,
  'calls from it': (name) => as(name, 'INVITE', world.lines.other.aor),
  'messages from it': (name) => as(name, 'MESSAGE', world.lines.other.aor),
  'calls to its client': (name) => as('other', 'INVITE', world.lines[name].aor),
  'messages to its client': (name) => as('other', 'MESSAGE', world.lines[name].aor),
  'calls to its number': (name) => outside.request('INVITE', { to: `${world.lines[name].e164}@${here}` }),
  'messages to its number': (name) => outside.request('MESSAGE', { to: `${world.lines[name].e164}@${here}` }),
  'USSD to its number': (name) => outside.request('INVITE', { to: `${world.lines[name].e164}@${here}`, ...USSD }),
};

async function assertStopped(stopped: readonly LineName[], words: RegExp): Promise<void> {
  for (const name of LINE) {
    if (name === 'other') continue;
    const isStopped = lineOf(name).some((above) => stopped.includes(above));
    for (const [what, ask] of Object.entries(ASKED)) {
      const reached: number = agentOf(name).requests.length;
      const answer: SipMessage = await ask(name);
      const where: string = `${name}, ${what}, while ${stopped.join(' and ') || 'none'} is stopped: ${answer.words}`;
      assert.equal(answer.code, isStopped ? 403 : 200, where);
      if (!isStopped) continue;
      assert.match(answer.words, words, where);
      assert.equal(agentOf(name).requests.length, reached, where);
    }
  }
}

test('a suspended account and all beneath are refused with 403, and come back by its activation', async () => {
  await assertStopped([], /./);
  for (const name of ['m', 'b', 'd'] as const) {
    const { id } = world.lines[name].account;
    const { value } = await placeHold(installation.context, ADMIN, id, { profile: 'suspended' });
    await assertStopped([name], /^Account is not ACTIVE$/);
    await liftHold(installation.context, ADMIN, id, value.hold.id);
  }
  await assertStopped([], /./);
});

test('what was suspended before an account above it stays so', async () => {
  const hold = async (name: LineName) => {
    const { id } = world.lines[name].account;
    const { value } = await placeHold(installation.context, ADMIN, id, { profile: 'suspended' });
    return () => liftHold(installation.context, ADMIN, id, value.hold.id);
  };
  const liftC = await hold('c');
  const liftA = await hold('a');
  await assertStopped(['a'], /^Account is not ACTIVE$/);
  await liftA();
  await assertStopped(['c'], /^Account is not ACTIVE$/);
  await liftC();
});

test('whoever is refused leaves no registration, and the challenge comes first', async () => {
  const fresh = await kamailio.agent();
  assert.equal(await kamailio.unregister(world.lines.d.account.number), 1);
  const { id } = world.lines.a.account;
  const { value } = await placeHold(installation.context, ADMIN, id, { profile: 'suspended' });
  const { aor } = world.lines.d;
  assert.equal((await fresh.request('REGISTER', { from: aor, to: aor, uri: `sip:${ORGANIZATION}` })).code, 401);
  assert.equal((await fresh.register(aor, { username: 'd', password: 'wrong' })).code, 401);
  assert.equal((await fresh.register(aor, credentials('d'))).code, 403);
  assert.equal(await registrations('d'), 0);
  assert.equal(await registrations('s'), 1);
  await liftHold(installation.context, ADMIN, id, value.hold.id);
  assert.equal((await register('d')).code, 200);
  assert.equal(await registrations('d'), 1);
});

test('a closed account is refused like that for ever, though the domain of its clients is open', async () => {
  await closeEntity(installation.context, ADMIN, world.lines.b.account.id);
  await assertStopped(['b'], /^(Account|Owner|Target) closed$/);
});
