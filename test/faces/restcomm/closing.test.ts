/** Closing through the face: what is read afterwards, what stays, and what is given back to who sold it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { type Owned, addOwned } from '#test/face-owned.ts';
import { type FaceAccount, addChild, expectOk, growTree, setStatus, statusOf } from '#test/face-tree.ts';
import { confirmRelease, numberWorld } from '#test/number-world.ts';
import { uuidOfSid } from '#core/sid.ts';

const SOLD = ['+31208005101', '+31208005102', '+31208005103'];
const here = await numberWorld({ after }, { stock: SOLD });
const tree = await growTree(here, { r: null, a: 'r', b: 'a', c: 'b', d: 'c', s: 'r' });
const of = (name: string): FaceAccount => {
  const account = tree.accounts.get(name);
  assert.ok(account !== undefined);
  return account;
};
const [r, a, b, c, d, s] = [of('r'), of('a'), of('b'), of('c'), of('d'), of('s')];
const CLOSED = [a, b, c, d];
const owned = new Map<FaceAccount, Owned>();
for (const account of [...CLOSED, s]) owned.set(account, await addOwned(account));
const thingsOf = (account: FaceAccount): Owned => {
  const things = owned.get(account);
  assert.ok(things !== undefined);
  return things;
};
/** Bought numbers: two of a, one of c. */
const bought = new Map<string, { readonly account: FaceAccount; readonly sid: string }>();
for (const [place, number] of SOLD.entries()) {
  const account = place < 2 ? a : c;
  const body = await expectOk(
    account.rest('POST', `/Accounts/${account.sid}/IncomingPhoneNumbers.json`, { PhoneNumber: number }),
  );
  bought.set(number, { account, sid: String(body['sid']) });
}

async function itemStatus(by: FaceAccount, account: FaceAccount, path: string): Promise<number> {
  return (await by.rest('GET', `/Accounts/${account.sid}/${path}.json`)).status;
}

test('an account that closes another one is answered closed, in either format and by e-mail', async () => {
  const answer = await r.rest('PUT', `/Accounts/${encodeURIComponent(a.email)}`, { Status: 'CLOSED' });
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.text, /<Status>closed<\/Status>/);
  for (const account of CLOSED)
    for (const by of [r, tree.root]) assert.equal(await statusOf(by, account), 'closed', account.name);
  const list = (await r.rest('GET', '/Accounts.json')).body as unknown as { sid: string; status: string }[];
  assert.deepEqual(
    Object.fromEntries(list.map(({ sid, status }) => [sid, status])),
    { [a.sid]: 'closed', [s.sid]: 'active' },
    'the list has closed ones, too',
  );
});

test('what it owned is not there for whoever reads from above, and its lists are empty', async () => {
  for (const account of CLOSED) {
    const { client, number, application, callerId } = thingsOf(account);
    for (const path of [
      `Clients/${client}`,
      `IncomingPhoneNumbers/${number}`,
      `Applications/${application}`,
      `OutgoingCallerIds/${callerId}`,
    ])
      assert.equal(await itemStatus(r, account, path), 404, `${account.name} ${path}`);
    for (const path of ['Clients', 'Applications', 'OutgoingCallerIds']) {
      const answer = await r.rest('GET', `/Accounts/${account.sid}/${path}.json`);
      assert.deepEqual([answer.status, answer.body], [200, []], `${account.name} ${path}`);
    }
  }
});

test('a bought number is there until it is given back, and no longer', async () => {
  const listed = async (account: FaceAccount) => {
    const { body } = await r.rest('GET', `/Accounts/${account.sid}/IncomingPhoneNumbers.json`);
    const numbers = body['incomingPhoneNumbers'] as readonly { phone_number: string }[];
    return numbers.map(({ phone_number }) => phone_number).toSorted();
  };
  assert.deepEqual(await listed(a), SOLD.slice(0, 2));
  assert.deepEqual(await listed(b), []);
  assert.deepEqual(await listed(c), SOLD.slice(2));
  for (const { account, sid } of bought.values())
    assert.equal(await itemStatus(r, account, `IncomingPhoneNumbers/${sid}`), 200);
  const [first] = SOLD;
  const { sid } = bought.get(first ?? '') ?? {};
  const { rows } = await here.pool.query<{ id: number }>('select id from entity where uuid = $1', [
    uuidOfSid(sid ?? ''),
  ]);
  await confirmRelease(here, here.system, rows[0]?.id ?? 0);
  assert.equal(await itemStatus(r, a, `IncomingPhoneNumbers/${sid}`), 404);
  assert.deepEqual(await listed(a), SOLD.slice(1, 2));
});

test('nothing is made, used, changed or removed under it', async () => {
  for (const account of CLOSED)
    for (const [path, form] of [
      ['Clients', { Login: 'new-one', Password: 'Strong-Client-12!' }],
      ['Applications', { FriendlyName: 'New' }],
      ['OutgoingCallerIds', { PhoneNumber: '+31207000001' }],
      ['IncomingPhoneNumbers', { PhoneNumber: '7799', isSIP: 'true' }],
      ['IncomingPhoneNumbers', { PhoneNumber: SOLD[0] ?? '' }],
    ] as const)
      assert.equal(
        (await r.rest('POST', `/Accounts/${account.sid}/${path}`, form)).status,
        403,
        `${account.name} ${path}`,
      );
  for (const account of CLOSED) {
    const { client, number, callerId } = thingsOf(account);
    for (const path of [`Clients/${client}`, `IncomingPhoneNumbers/${number}`, `OutgoingCallerIds/${callerId}`])
      for (const method of ['POST', 'DELETE'] as const) {
        const answer = await r.rest(method, `/Accounts/${account.sid}/${path}`, { FriendlyName: 'x' });
        assert.equal(answer.status, 404, `${method} ${account.name} ${path} ${answer.text}`);
      }
  }
});

test('every update of it is 400, whoever asks, and so is closing it again', async () => {
  const forms = [
    { Status: 'active' },
    { Status: 'closed' },
    { FriendlyName: 'x' },
    { Password: 'Strong-Pass-1234!' },
    {},
  ];
  for (const account of CLOSED)
    for (const by of [r, tree.root])
      for (const form of [...forms, { Status: 'no-such-word' }, { Role: 'Developer' }])
        for (const suffix of ['', '.json']) {
          const answer = await by.rest('POST', `/Accounts/${account.sid}${suffix}`, form);
          assert.deepEqual([answer.status, answer.text], [400, 'Account is closed'], JSON.stringify(form));
        }
  assert.equal((await r.rest('DELETE', `/Accounts/${a.sid}`)).status, 405);
});

test('no status above revives what is closed', async () => {
  for (const status of ['suspended', 'active', 'inactive', 'active']) {
    await setStatus(tree.root, r, status);
    for (const account of CLOSED) assert.equal(await statusOf(tree.root, account), 'closed', account.name);
  }
  assert.equal(await statusOf(s, s), 'active');
});

test('its e-mails name it for ever, and the logins of its clients are free', async () => {
  for (const { email } of CLOSED)
    for (const EmailAddress of [email, email.toUpperCase(), ` ${email}`])
      for (const by of [r, s]) {
        const answer = await by.rest('POST', '/Accounts', { EmailAddress, Password: 'Strong-Pass-1234!' });
        assert.equal(answer.status, 409, `${EmailAddress} ${answer.text}`);
      }
  const { login, client } = thingsOf(b);
  const again = await s.rest('POST', `/Accounts/${s.sid}/Clients.json`, {
    Login: login,
    Password: 'Strong-Client-12!',
  });
  assert.equal(again.status, 200, again.text);
  assert.notEqual(again.body['sid'], client);
  await here.follow();
  const asked = `/v1/decisions?subject=sip:${login}@${tree.organization.domain}&action=register`;
  assert.equal((await tree.admin('GET', asked)).body['effect'], 'allow', 'for its new account alone');
});

test('all of it stays stored, and the native face tells of it', async () => {
  for (const account of CLOSED) {
    const { body } = await tree.admin('GET', `/v1/entities/${account.id}`);
    assert.equal(body['id'], account.id);
    const application = uuidOfSid(thingsOf(account).application) ?? '';
    assert.equal((await tree.admin('GET', `/v1/entities/${application}`)).status, 200);
  }
});

test('closing a suspended account, and one beneath a suspended one, is for ever as well', async () => {
  const top = await addChild(here, r, 'top');
  const low = await addChild(here, top, 'low');
  const lowest = await addChild(here, low, 'lowest');
  assert.equal(await setStatus(r, top, 'suspended'), 'suspended');
  assert.equal(await setStatus(r, low, 'closed'), 'closed');
  assert.equal(await setStatus(r, top, 'active'), 'active');
  assert.deepEqual([await statusOf(r, low), await statusOf(r, lowest)], ['closed', 'closed']);
  assert.equal(await setStatus(r, top, 'suspended'), 'suspended');
  assert.equal(await setStatus(r, top, 'closed'), 'closed');
});

test('an account closes itself, and is refused from then on', async () => {
  const own = await addChild(here, s, 'own');
  assert.equal(await setStatus(own, own, 'closed'), 'closed');
  const answer = await own.rest('GET', `/Accounts/${own.sid}`);
  assert.deepEqual([answer.status, answer.text], [403, 'Provided Account is not active']);
  assert.equal(await statusOf(s, own), 'closed');
});

test('what is asked for is done whole, or not at all', async () => {
  const whole = await addChild(here, s, 'whole');
  const refused = await s.rest('POST', `/Accounts/${whole.sid}`, {
    FriendlyName: 'renamed',
    Status: 'suspended',
    Password: 'weak',
  });
  assert.equal(refused.status, 400);
  const { body } = await s.rest('GET', `/Accounts/${whole.sid}.json`);
  assert.deepEqual([body['friendly_name'], body['status'], body['auth_token']], ['whole', 'active', whole.token]);
  const bad = await s.rest('POST', `/Accounts/${whole.sid}`, { FriendlyName: 'renamed', Status: 'no-such-word' });
  assert.equal(bad.status, 400);
  assert.equal((await s.rest('GET', `/Accounts/${whole.sid}.json`)).body['friendly_name'], 'whole');
});
