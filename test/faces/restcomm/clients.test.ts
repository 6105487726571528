/** Clients on the Restcomm face: in the domain of an organization that is another account's, and what the decisions say. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';

import { closeEntity } from '#operations/close-entity.ts';
import { createEntity } from '#operations/create-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { addAccount, restAs } from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const PASSWORD = 'RestComm1234';
const here = await testInstallation({ after });
const host = await createEntity(here.context, ADMIN, { kind: 'account', name: 'The host', reseller: true });
const add = async (domain: string) =>
  (await createEntity(here.context, ADMIN, { kind: 'sip_domain', domain, parent: host.value.id })).value.id;
const organization = await add('one.example');
const elsewhere = await add('two.example');
const parent = await addAccount(here.context, null, { organization });
const child = await addAccount(here.context, parent, { organization });
const sibling = await addAccount(here.context, null, { organization });
const stranger = await addAccount(here.context, null, { organization: elsewhere });
await here.follow();
type Account = typeof parent;
const as = (account: Account) => restAs(here.app, BASE, account);
const path = (account: Account, end = '') => `/Accounts/${account.sid}/Clients${end}`;
const decided = (login: string, action: 'register' | 'call.in' | 'call.out' = 'register') =>
  here.context.engine.decide(`sip:${login}@one.example`, action).effect;

async function make(login: string, account = child): Promise<string> {
  const made = await as(account)('POST', path(account, '.json'), { Login: login, Password: PASSWORD });
  assert.equal(made.status, 200, made.text);
  return String(made.body['sid']);
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

test('a client is made with the members of Restcomm in their order, and its HA1 instead of the password', async () => {
  const made = await as(child)('POST', path(child, '.json'), {
    Login: 'alice',
    Password: PASSWORD,
    FriendlyName: 'Alice',
    VoiceUrl: 'https://x.example/v',
    VoiceMethod: 'GET',
  });
  assert.equal(made.status, 200, made.text);
  const { sid, date_created: _created, date_updated: _updated, ...rest } = made.body;
  assert.match(String(sid), /^CL[0-9a-f]{32}$/);
  assert.deepEqual(
    Object.keys(made.body),
    `sid date_created date_updated account_sid api_version friendly_name login password password_algorithm status voice_url
      voice_method voice_fallback_method uri`.split(/\s+/),
  );
  assert.deepEqual(rest, {
    account_sid: child.sid,
    api_version: '2012-04-24',
    friendly_name: 'Alice',
    login: 'alice',
    password: md5(`alice:one.example:${PASSWORD}`),
    password_algorithm: 'MD5',
    status: '1',
    voice_url: 'https://x.example/v',
    voice_method: 'GET',
    voice_fallback_method: 'POST',
    uri: `/2012-04-24/Accounts/${child.sid}/Clients/${String(sid)}.json`,
  });
  const xml = await as(parent)('GET', path(child, `/${String(sid)}`));
  assert.match(xml.text, /<Login>alice<\/Login>/);
  assert.match(xml.text, /<Password_Algorithm>MD5<\/Password_Algorithm>/);
  assert.match(xml.text, /<Status>1<\/Status>/);
  assert.match(xml.text, new RegExp(`<Uri>/2012-04-24/Accounts/${child.sid}/Clients/${String(sid)}</Uri>`));
  assert.equal(decided('alice'), 'allow');
});

test('what is missing or not allowed in a login is "invalid", and a weak password "weak"', async () => {
  for (const form of [
    {},
    { Login: 'bob' },
    { Password: PASSWORD },
    { Login: 'b@b', Password: PASSWORD },
    { Login: 'b?b', Password: PASSWORD },
    { Login: 'b=b', Password: PASSWORD },
    { Login: 'b b', Password: PASSWORD },
  ] as const) {
    const refused = await as(child)('POST', path(child), form);
    assert.equal(refused.status, 400);
    assert.match(refused.text, /invalid/, JSON.stringify(form));
  }
  const weak = await as(child)('POST', path(child), { Login: 'bob', Password: '1234' });
  assert.equal(weak.status, 400);
  assert.match(weak.text, /weak/);
  const sid = await make('bob');
  const change = await as(child)('PUT', path(child, `/${sid}`), { Password: 'NewPassword' });
  assert.deepEqual([change.status, /weak/.test(change.text)], [400, true]);
});

test('a login that the account has answers the client that is there; of another account it is 409; elsewhere it is free', async () => {
  const sid = await make('carol');
  const again = await as(child)('POST', path(child, '.json'), {
    Login: 'carol',
    Password: 'Another1234',
    FriendlyName: 'X',
  });
  assert.deepEqual([again.status, again.body['sid'], again.body['friendly_name']], [200, sid, 'carol']);
  for (const other of [parent, sibling])
    assert.equal((await as(other)('POST', path(other), { Login: 'carol', Password: PASSWORD })).status, 409);
  assert.notEqual(await make('carol', stranger), sid);
});

test('of two accounts that take a login at once one has it', async () => {
  for (let turn = 0; turn < 5; turn++) await race(`raced${turn}`);
});

async function race(login: string): Promise<void> {
  const answers = await Promise.all(
    [parent, sibling, parent, sibling].map((who) =>
      as(who)('POST', path(who, '.json'), { Login: login, Password: PASSWORD }),
    ),
  );
  assert.deepEqual(
    answers.map(({ status }) => status).sort((one, other) => one - other),
    [200, 200, 409, 409],
  );
  const sids = new Set(answers.filter(({ status }) => status === 200).map(({ body }) => body['sid']));
  assert.equal(sids.size, 1);
}

test('an update changes what is given: the digests with the password, the switch, the addresses', async () => {
  const sid = await make('dave');
  const off = await as(child)('POST', path(child, `/${sid}.json`), { Password: 'mynewpassword12', Status: '0' });
  assert.deepEqual(
    [off.status, off.body['status'], off.body['password'], off.body['login']],
    [200, '0', md5('dave:one.example:mynewpassword12'), 'dave'],
    off.text,
  );
  const more = await as(parent)('PUT', path(child, `/${sid}.json`), { VoiceUrl: 'https://x.example', Status: '1' });
  assert.deepEqual([more.body['status'], more.body['voice_url']], ['1', 'https://x.example']);
  const cleared = await as(parent)('PUT', path(child, `/${sid}.json`), { VoiceUrl: '', FriendlyName: '' });
  assert.deepEqual(['voice_url' in cleared.body, cleared.body['friendly_name']], [false, 'dave']);
  assert.equal((await as(child)('PUT', path(child, `/${sid}`), { VoiceMethod: 'PATCH' })).status, 400);
});

test('deleting is 200 with nothing, then 404, and the login is free', async () => {
  const sid = await make('erin');
  const gone = await as(parent)('DELETE', path(child, `/${sid}`));
  assert.deepEqual([gone.status, gone.text], [200, '']);
  for (const method of ['GET', 'DELETE', 'PUT'] as const)
    assert.equal((await as(child)(method, path(child, `/${sid}`), method === 'PUT' ? {} : undefined)).status, 404);
  assert.notEqual(decided('erin'), 'allow');
  await make('erin', sibling);
  assert.equal(decided('erin'), 'allow');
});

test('a client of another account is 403, and nobody reaches one by the domain that they share', async () => {
  const sid = await make('frank');
  for (const [who, where] of [
    [parent, parent],
    [sibling, child],
    [sibling, sibling],
    [child, parent],
    [stranger, stranger],
  ] as const)
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const answer = await as(who)(method, path(where, `/${sid}`), method === 'PUT' ? { Status: '0' } : undefined);
      assert.deepEqual([answer.status, answer.text], [403, ''], `${method} ${where.sid}`);
    }
  assert.equal((await as(child)('GET', path(child, '/CL00000000000000000000000000000000'))).status, 404);
  const list = await as(sibling)('GET', path(sibling, '.json'));
  assert.ok(!list.text.includes('frank'));
});

test('clients obey holds on their owner and above, though their domain is a third account’s', async () => {
  await make('grace');
  await make('heidi', parent);
  const hold = await placeHold(here.context, ADMIN, parent.id, { profile: 'suspended' });
  await here.follow();
  for (const login of ['grace', 'heidi'])
    for (const action of ['register', 'call.in', 'call.out'] as const) assert.equal(decided(login, action), 'deny');
  assert.equal(decided('erin'), 'allow', 'of a sibling in the same domain');
  for (const [who, where] of [
    [parent, parent],
    [child, child],
    [parent, child],
  ] as const)
    for (const method of ['GET', 'POST'] as const)
      assert.equal((await as(who)(method, path(where), method === 'POST' ? { Login: 'x' } : undefined)).status, 403);
  await liftHold(here.context, ADMIN, parent.id, hold.value.hold.id);
  await here.follow();
  for (const login of ['grace', 'heidi']) assert.equal(decided(login), 'allow');
});

test('beneath a suspended account its parent makes clients, which are held at once', async () => {
  const held = await addAccount(here.context, parent, { organization });
  await placeHold(here.context, ADMIN, held.id, { profile: 'suspended' });
  await here.follow();
  const made = await as(parent)('POST', path(held, '.json'), { Login: 'ivan', Password: PASSWORD });
  assert.deepEqual([made.status, made.body['status']], [200, '1'], 'a hold does not show');
  assert.equal(decided('ivan'), 'deny');
});

test('a closed account shows no clients, and its logins are free', async () => {
  const closing = await addAccount(here.context, parent, { organization });
  await here.follow();
  const sid = await make('judy', closing);
  await closeEntity(here.context, ADMIN, closing.id);
  await here.follow();
  assert.equal(decided('judy'), 'deny');
  assert.equal((await as(parent)('GET', path(closing, '.json'))).text, '[]');
  assert.equal((await as(parent)('GET', path(closing, `/${sid}`))).status, 404);
  assert.equal((await as(parent)('DELETE', path(closing, `/${sid}`))).status, 404);
  assert.equal((await as(parent)('POST', path(closing), { Login: 'ken', Password: PASSWORD })).status, 403);
  await make('judy', sibling);
  await here.follow();
  assert.equal(decided('judy'), 'allow');
});

test('an account without an organization has nowhere to make clients', async () => {
  const alone = await addAccount(here.context);
  await here.follow();
  const refused = await as(alone)('POST', path(alone), { Login: 'x', Password: PASSWORD });
  assert.deepEqual([refused.status, refused.headers['x-abeyance-problem']], [400, 'invalid'], refused.text);
  assert.equal((await as(alone)('GET', path(alone, '.json'))).text, '[]');
});

test('a list has all clients in the order in which they were made', async () => {
  const account = await addAccount(here.context, null, { organization });
  await here.follow();
  for (const login of ['z1', 'y2', 'x3']) await make(login, account);
  const list = await as(account)('GET', `${path(account, '.json')}?PageSize=99999999`);
  assert.deepEqual(
    (list.body as unknown as { login: string }[]).map((one) => one.login),
    ['z1', 'y2', 'x3'],
  );
  assert.match((await as(account)('GET', path(account))).text, /<Clients>\s*<Client>/);
});
