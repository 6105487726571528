/** Rights down the tree, as Restcomm's own tests expect them: P and Q beneath the platform's account, A beneath P. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { putAccountLogin } from '#operations/telephony/put-account-login.ts';
import { type Owned, addOwned } from '#test/face-owned.ts';
import { type FaceAccount, growTree } from '#test/face-tree.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { basic, made } from '#test/people.ts';
import { type Form, restWith } from '#test/telephony-world.ts';

const here = await testInstallation({ after });
const tree = await growTree(here, { p: null, q: null, a: 'p', s: 'p' });
const of = (name: string): FaceAccount => {
  const account = tree.accounts.get(name);
  assert.ok(account !== undefined);
  return account;
};
const [p, q, a] = [of('p'), of('q'), of('a')];
const { root } = tree;
const owned = new Map<FaceAccount, Owned>();
for (const account of [p, q, a]) owned.set(account, await addOwned(account));

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
type Row = readonly [method: Method, path: string, form?: Form];
const CLIENT: Form = { Login: 'another', Password: 'Strong-Client-12!' };

/** Everything that may be asked about an account and what is under it. */
function requestsAbout({ sid }: FaceAccount, things: Owned | undefined): Row[] {
  const under = `/Accounts/${sid}`;
  const { client, number, application, callerId } = things ?? {
    client: 'CL1',
    number: 'PN1',
    application: 'AP1',
    callerId: 'ID1',
  };
  return [
    ['GET', `${under}/IncomingPhoneNumbers`],
    ['GET', `${under}/IncomingPhoneNumbers/${number}`],
    ['POST', `${under}/IncomingPhoneNumbers/${number}`, { FriendlyName: 'x' }],
    ['GET', `${under}/Clients`],
    ['GET', `${under}/Clients/${client}`],
    ['POST', `${under}/Clients/${client}`, { FriendlyName: 'x' }],
    ['POST', `${under}/Clients`, { ...CLIENT, Login: `another-of-${sid.slice(2, 8)}` }],
    ['GET', `${under}/OutgoingCallerIds`],
    ['GET', `${under}/OutgoingCallerIds/${callerId}`],
    ['POST', `${under}/OutgoingCallerIds`, { PhoneNumber: '+31207000099' }],
    ['GET', `${under}/Applications`],
    ['GET', `${under}/Applications/${application}`],
    ['POST', `${under}/Applications`, { FriendlyName: 'x' }],
    ['POST', `${under}/Applications/${application}`, { FriendlyName: 'x' }],
    ['PUT', `${under}/Applications/${application}`, { FriendlyName: 'x' }],
    ['GET', under],
    ['POST', under, { FriendlyName: 'x' }],
    ['PUT', under, { FriendlyName: 'x' }],
    ['DELETE', `${under}/IncomingPhoneNumbers/${number}`],
    ['DELETE', `${under}/Clients/${client}`],
    ['DELETE', `${under}/OutgoingCallerIds/${callerId}`],
  ];
}

/** Everything that anybody may have changed by what was refused. */
const contents = async () => {
  const { rows } = await here.pool.query<{ all: string }>(
    `select (select count(*) from change)::text || '/' || (select revision from change_counter)::text as all`,
  );
  return rows[0]?.all;
};

for (const [name, target] of [
  ['the platform', root],
  ['Q beside it', q],
] as const)
  test(`P on what is of ${name}: 403 without a word, and nothing changes`, async () => {
    const before = await contents();
    const more: Row[] = [
      ['POST', `/Accounts/${target.sid}/IncomingPhoneNumbers`, { PhoneNumber: '7711', isSIP: 'true' }],
      ['PUT', `/Accounts/${target.sid}`, { Status: 'closed' }],
      [
        'POST',
        `/Accounts/${target.sid}`,
        { Status: 'suspended', Password: 'Strong-Pass-1234!', Role: 'Administrator' },
      ],
    ];
    for (const [method, path, form] of [...requestsAbout(target, owned.get(target)), ...more])
      for (const suffix of ['', '.json']) {
        const answer = await p.rest(method, path + suffix, form);
        assert.deepEqual([answer.status, answer.text], [403, ''], `${method} ${path}${suffix}`);
      }
    assert.equal(await contents(), before);
  });

test('by e-mail in the path, too', async () => {
  for (const target of [root, q])
    for (const [method, path, form] of requestsAbout(target, owned.get(target))) {
      const named = path.replace(target.sid, encodeURIComponent(target.email));
      assert.equal((await p.rest(method, named, form)).status, 403, `${method} ${named}`);
    }
});

test('what is of a child is reached by the path of the child alone', async () => {
  for (const [method, path, form] of requestsAbout(a, owned.get(a))) {
    if (!/\/(CL|PN|ID|AP)[0-9a-f]{32}$/.test(path)) continue;
    const wrong = path.replace(a.sid, p.sid);
    const answer = await p.rest(method, wrong, form);
    assert.equal(answer.status, 403, `${method} ${wrong} ${answer.text}`);
  }
});

test('P on itself and on A, and the platform on P by SID and password: everything', async () => {
  const rootByPassword = restWith(here.app, '/restcomm/2012-04-24', basic(root.sid, root.password));
  for (const [rest, target] of [
    [p.rest, p],
    [p.rest, a],
    [rootByPassword, p],
  ] as const) {
    const things = target === p && rest !== p.rest ? await addOwned(p) : owned.get(target);
    for (const [method, path, form] of requestsAbout(target, things)) {
      const answer = await rest(method, path, form);
      assert.ok(
        answer.status === 200 || (answer.status === 204 && method === 'DELETE'),
        `${method} ${path} ${answer.text}`,
      );
    }
  }
  assert.equal((await p.rest('GET', '/Accounts.json')).status, 200);
});

test('never upwards: A on P and on the platform', async () => {
  for (const target of [p, root])
    for (const [method, path, form] of requestsAbout(target, undefined))
      assert.equal((await a.rest(method, path, form)).status, 403, `${method} ${path}`);
});

const wear = async (role: string, permissions: readonly string[]) => {
  await made(tree.admin('PUT', `/v1/entities/0/roles/${role}`, { permissions }));
  await putAccountLogin(here.context, ADMIN, a.id, { role });
  await here.follow();
};
test('a role that may read accounts reads its own, and neither others nor anything else', async () => {
  await wear('reader', ['RestComm:Read:Accounts']);
  const status = async (method: Method, path: string, form?: Form) => (await a.rest(method, path, form)).status;
  assert.equal(await status('GET', `/Accounts/${a.sid}`), 200);
  assert.equal(await status('GET', `/Accounts/${a.email}`), 200);
  assert.equal(await status('GET', `/Accounts/${root.sid}`), 403);
  assert.equal(await status('GET', `/Accounts/${of('s').sid}`), 403);
  assert.equal(await status('POST', '/Accounts', { EmailAddress: 'new@x.example', Password: 'Strong-1234!' }), 403);
  assert.equal(await status('PUT', `/Accounts/${a.sid}`, { FriendlyName: 'x' }), 403);
  assert.equal(await status('GET', `/Accounts/${a.sid}/Clients`), 403);
});

test('a role that may everything reads and changes its own account', async () => {
  await wear('everything', ['*']);
  assert.equal((await a.rest('GET', `/Accounts/${a.sid}`)).status, 200);
  assert.equal((await a.rest('PUT', `/Accounts/${a.sid}`, { FriendlyName: 'A' })).status, 200);
});

test('a role without permissions is refused everything', async () => {
  await wear('nothing', ['decision:ask']);
  for (const path of ['', '/Clients', '/Applications', '/IncomingPhoneNumbers', '/OutgoingCallerIds'])
    assert.equal((await a.rest('GET', `/Accounts/${a.sid}${path}`)).status, 403, path);
  assert.equal((await a.rest('GET', '/Accounts')).status, 403);
});

test('only an administrator gives a role, and none beyond its own', async () => {
  await putAccountLogin(here.context, ADMIN, a.id, { role: 'developer' });
  await here.follow();
  const before = await a.rest('GET', `/Accounts/${a.sid}.json`);
  assert.equal(before.body['role'], 'Developer');
  const raised = await a.rest('POST', `/Accounts/${a.sid}.json`, { Role: 'Administrator' });
  assert.equal(raised.status, 403);
  const child = await a.rest('POST', '/Accounts.json', {
    EmailAddress: 'child-of-a@tree.example',
    Password: 'Strong-Pass-1234!',
    Role: 'Administrator',
  });
  assert.deepEqual([child.status, child.body['role']], [200, 'Developer'], 'the role of the parent is copied');
  const sid = String(child.body['sid']);
  assert.equal((await a.rest('GET', `/Accounts/${sid}`)).status, 403, 'and a Developer does not read it');
  assert.equal((await a.rest('POST', `/Accounts/${sid}`, { Status: 'suspended' })).status, 403);
  assert.equal((await p.rest('POST', `/Accounts/${a.sid}`, { Role: 'Administrator' })).status, 200);
  assert.equal(
    (await p.rest('POST', `/Accounts/${q.sid}`, { Role: 'Administrator' })).status,
    403,
    'not on a stranger',
  );
  assert.equal((await a.rest('POST', `/Accounts/${sid}`, { Status: 'suspended' })).status, 200);
});
