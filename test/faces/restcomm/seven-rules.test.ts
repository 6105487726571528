/** What an operator is promised of suspending and closing accounts through this API: seven rules, each by a test of its own. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { type Owned, addOwned } from '#test/face-owned.ts';
import { expectOk, type FaceAccount, growTree, setStatus, statusOf } from '#test/face-tree.ts';
import { testInstallation } from '#test/installation.ts';

const here = await testInstallation({ after });
const tree = await growTree(here, { m: null, a: 'm', b: 'a', c: 'b', d: 'c', s: 'm' });
const of = (name: string): FaceAccount => {
  const account = tree.accounts.get(name);
  assert.ok(account !== undefined);
  return account;
};
const [m, a, b, c, d, s] = ['m', 'a', 'b', 'c', 'd', 's'].map(of) as [
  FaceAccount,
  FaceAccount,
  FaceAccount,
  FaceAccount,
  FaceAccount,
  FaceAccount,
]; // As many as named.
const BENEATH = [b, c, d];

const owned = new Map<FaceAccount, Owned>();
for (const account of [a, b, c, d, s]) owned.set(account, await addOwned(account));
const ownedBy = (account: FaceAccount): Owned => {
  const things = owned.get(account);
  assert.ok(things !== undefined);
  return things;
};

/** What a server is told that asks whether a name may do something now. */
async function decided(subject: string, action: string): Promise<string> {
  const url = `/v1/decisions?subject=${encodeURIComponent(subject)}&action=${action}`;
  const { body, text } = await tree.admin('GET', url);
  assert.ok(body['effect'] !== undefined, text);
  return String(body['effect']);
}

/** Whether the lines of an account work: its client, its number and its application. */
async function works(account: FaceAccount): Promise<Readonly<Record<string, boolean>>> {
  await here.follow();
  const { login, phone, application } = ownedBy(account);
  const uuid = application.slice(2).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const { domain } = tree.organization;
  return {
    registers: (await decided(`sip:${login}@${domain}`, 'register')) === 'allow',
    calls: (await decided(`sip:${login}@${domain}`, 'call.out')) === 'allow',
    isCalled: (await decided(`sip:${login}@${domain}`, 'call.in')) === 'allow',
    numberIsCalled: (await decided(`sip:${phone}@${domain}`, 'call.in')) === 'allow',
    applicationRuns: (await decided(uuid, 'call.in')) === 'allow',
    mayUseTheApi: (await account.rest('GET', `/Accounts/${account.sid}.json`)).status === 200,
  };
}

const NOTHING = {
  registers: false,
  calls: false,
  isCalled: false,
  numberIsCalled: false,
  applicationRuns: false,
  mayUseTheApi: false,
};
const EVERYTHING = {
  registers: true,
  calls: true,
  isCalled: true,
  numberIsCalled: true,
  applicationRuns: true,
  mayUseTheApi: true,
};

/** All that is kept of an account and its things, as the account above reads it. */
async function kept(account: FaceAccount): Promise<string> {
  const under = `/Accounts/${account.sid}`;
  const { client, number, application, callerId } = ownedBy(account);
  const paths = [
    `${under}/Clients/${client}.json`,
    `${under}/IncomingPhoneNumbers/${number}.json`,
    `${under}/Applications/${application}.json`,
    `${under}/OutgoingCallerIds/${callerId}.json`,
    `${under}/Clients.json`,
    `${under}/IncomingPhoneNumbers.json`,
    `${under}/Applications.json`,
    `${under}/OutgoingCallerIds.json`,
  ];
  const texts: string[] = [];
  for (const path of paths) {
    const answer = await m.rest('GET', path);
    assert.equal(answer.status, 200, `${path} ${answer.text}`);
    texts.push(answer.text);
  }
  return texts.join('\n');
}

test('at first everything works', async () => {
  for (const account of [a, ...BENEATH, s]) assert.deepEqual(await works(account), EVERYTHING, account.name);
});

test('rule 1: with the credentials of a suspended account no request succeeds', async () => {
  assert.equal(await setStatus(m, a, 'suspended'), 'suspended');
  const { client, number, application } = ownedBy(a);
  const form = { Status: 'active', FriendlyName: 'x', EmailAddress: 'x@x.example', Password: 'Strong-Pass-1234!' };
  const requests = [
    ['GET', `/Accounts/${a.sid}`],
    ['GET', `/Accounts.json/${a.email}`],
    ['GET', '/Accounts'],
    ['POST', '/Accounts', form],
    ['POST', `/Accounts/${a.sid}`, { Status: 'active' }],
    ['PUT', `/Accounts/${a.sid}`, { Password: 'Strong-Pass-1234!' }],
    ['GET', `/Accounts/${a.sid}/Clients/${client}`],
    ['DELETE', `/Accounts/${a.sid}/Clients/${client}`],
    ['POST', `/Accounts/${a.sid}/Clients`, { Login: 'x', Password: 'Strong-Pass-1234!' }],
    ['GET', `/Accounts/${a.sid}/AvailablePhoneNumbers/US/Local`],
    ['POST', `/Accounts/${a.sid}/IncomingPhoneNumbers`, { PhoneNumber: '+15005550006' }],
    ['DELETE', `/Accounts/${a.sid}/IncomingPhoneNumbers/${number}`],
    ['POST', `/Accounts/${a.sid}/Applications/${application}`, form],
    ['POST', `/Accounts/${a.sid}/Calls`, { From: 'x', To: 'y', Url: 'http://x.example' }],
    ['POST', `/Accounts/${a.sid}/SMS/Messages`, { From: 'x', To: 'y', Body: 'z' }],
    ['GET', `/Accounts/${m.sid}`],
    ['GET', '/nowhere'],
  ] as const;
  for (const [method, path, parameters] of requests) {
    const answer = await a.rest(method, path, parameters);
    assert.deepEqual([answer.status, answer.text], [403, 'Provided Account is not active'], `${method} ${path}`);
  }
});

test('rule 2: what it owns is suspended too: clients do not register, numbers are refused, applications do not run', async () => {
  assert.deepEqual(await works(a), NOTHING);
});

test('rule 3: the same holds for every account beneath it, and for no other', async () => {
  for (const account of BENEATH) {
    assert.deepEqual(await works(account), NOTHING, account.name);
    const answer = await account.rest('GET', `/Accounts/${account.sid}`);
    assert.deepEqual([answer.status, answer.text], [403, 'Parent Account is not active'], account.name);
    assert.equal(await statusOf(m, account), 'suspended');
  }
  assert.deepEqual(await works(s), EVERYTHING);
  assert.equal(await statusOf(m, m), 'active');
  await setStatus(m, a, 'active');
});

test('rule 4: nothing is removed by suspending', async () => {
  const accounts = [a, ...BENEATH];
  const before = await Promise.all(accounts.map(kept));
  const rows = async () => (await here.pool.query('select count(*)::integer as n from entity')).rows;
  const entities = await rows();
  await setStatus(m, a, 'suspended');
  assert.deepEqual(await Promise.all(accounts.map(kept)), before, 'to the account above all of it reads as it was');
  assert.deepEqual(await rows(), entities);
});

test('rule 5: a suspended account can become closed or active', async () => {
  assert.equal(await statusOf(m, a), 'suspended');
  assert.equal(await setStatus(m, a, 'active'), 'active');
  assert.equal(await setStatus(a, d, 'suspended'), 'suspended');
  assert.equal(await setStatus(a, d, 'closed'), 'closed');
});

test('rule 6: becoming active brings back the account, those beneath, and all that they own', async () => {
  await setStatus(m, a, 'suspended');
  const { sid, token, email, password } = b;
  assert.deepEqual(await works(c), NOTHING);
  assert.equal(await setStatus(m, a, 'active'), 'active');
  for (const account of [a, b, c]) {
    assert.deepEqual(await works(account), EVERYTHING, account.name);
    assert.equal(await statusOf(account, account), 'active');
  }
  const again = await expectOk(b.rest('GET', `/Accounts/${email}.json`));
  assert.deepEqual([again['sid'], again['auth_token']], [sid, token], 'with the credentials that it had');
  assert.ok(password.length > 0);
  assert.equal(await statusOf(m, d), 'closed', 'but what was closed');
});

test('rule 7: closed is for ever, for the account, those beneath and what they own; all of it stays stored', async () => {
  const tables = ['entity', 'account', 'sip_account', 'phone_number', 'application', 'login'];
  const count = async () =>
    Promise.all(
      tables.map(async (table) => (await here.pool.query(`select count(*)::integer as n from ${table}`)).rows),
    );
  const before = await count();
  assert.equal(await setStatus(m, a, 'closed'), 'closed');
  for (const account of [a, b, c, d]) {
    assert.equal(await statusOf(m, account), 'closed', account.name);
    assert.deepEqual(await works(account), NOTHING, account.name);
    for (const by of [m, tree.root])
      for (const form of [
        { Status: 'active' },
        { Status: 'suspended' },
        { Status: 'closed' },
        { FriendlyName: 'new' },
      ]) {
        const answer = await by.rest('POST', `/Accounts/${account.sid}`, form);
        assert.deepEqual([answer.status, answer.text], [400, 'Account is closed'], account.name);
      }
  }
  await setStatus(tree.root, m, 'suspended');
  await setStatus(tree.root, m, 'active');
  for (const account of [a, b, c, d]) assert.equal(await statusOf(m, account), 'closed', account.name);
  assert.deepEqual(await count(), before, 'no row went');
  const { body } = await tree.admin('GET', `/v1/entities/${b.id}`);
  assert.equal(body['name'], 'b', 'and the native face still tells of it');
  assert.deepEqual(await works(s), EVERYTHING);
});
