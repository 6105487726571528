/** Accounts on the Restcomm face under pressure: requests at once, requests too large, requests that make no sense. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { createEntity } from '#operations/create-entity.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { findingsOf } from '#test/outcomes.ts';
import { type Answer, administrator, basic } from '#test/people.ts';
import {
  type TelephonyAccount,
  addAccount,
  forgetFailures,
  giveLogin,
  restAs,
  restWith,
} from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const STRONG = 'RestComm1234';
const GUARD = 4;
const here = await testInstallation({ after }, { faceGuardLimit: GUARD, faceDepthMax: 3 });
const { context, app, pool } = here;
const domain = (await createEntity(context, ADMIN, { kind: 'sip_domain', domain: 'org.example', parent: 0 })).value;
const platform = await giveLogin(context, { id: 'not asked for', number: 0 }, 'root@provider.example');
const top = await addAccount(context, null, { organization: domain.id });
await here.follow();
const as = (account: TelephonyAccount) => restAs(app, BASE, account);
const rest = as(top);
const root = as(platform);
const codes = (answers: readonly Answer[]) => answers.map(({ status }) => status).sort((a, b) => a - b);
const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));
const make = (by: typeof rest, email: string) =>
  by('POST', '/Accounts.json', { EmailAddress: email, Password: STRONG });

test('of many creations with one e-mail one is made', async () => {
  const answers = await times(6, (index) => make(rest, index % 2 === 0 ? 'one@race.example' : 'ONE@race.example'));
  assert.deepEqual(codes(answers), [200, 409, 409, 409, 409, 409]);
  assert.deepEqual(await findingsOf(here), []);
});

test('accounts that would have the same client are all made, and one has it', async () => {
  const answers = await times(2, (index) => make(rest, `same@race-${index}.example`));
  assert.deepEqual(codes(answers), [200, 200], answers.map(({ text }) => text).join());
  const { rows } = await pool.query(`select from identifier where scheme = 'sip' and value = 'same@org.example'`);
  assert.equal(rows.length, 1);
});

for (const status of ['closed', 'suspended'])
  test(`whoever makes accounts while it is ${status} makes none that is not`, async () => {
    const parent = await addAccount(context, top, { organization: domain.id });
    await here.follow();
    const [stop, ...made] = await Promise.all([
      rest('PUT', `/Accounts.json/${parent.sid}`, { Status: status }),
      // Each comes with a client: more of them could be beyond the guard before the other request is there.
      ...Array.from({ length: GUARD / 2 }, (_, index) => make(as(parent), `${status}-${index}@race.example`)),
    ]);
    assert.equal(stop.status, 200, stop.text);
    for (const { status: code, text } of made) assert.ok(code === 200 || code === 403, text);
    for (const { status: code, text } of made) if (code === 403) assert.equal(text, 'Provided Account is not active');
    await here.follow();
    assert.equal((await make(as(parent), `late-${status}@race.example`)).status, 403);
    for (const { body, status: code } of made)
      if (code === 200) assert.equal((await rest('GET', `/Accounts.json/${body['sid']}`)).body['status'], status);
    assert.deepEqual(await findingsOf(here), []);
  });

test('the same suspension many times at once is one hold', async () => {
  const account = await addAccount(context, top);
  const answers = await times(5, () => rest('PUT', `/Accounts.json/${account.sid}`, { Status: 'suspended' }));
  assert.deepEqual(codes(answers), [200, 200, 200, 200, 200]);
  const { rows } = await pool.query('select from hold where entity_id = $1', [account.number]);
  assert.equal(rows.length, 1);
});

test('what would change more than a login may at once is refused, and done with a limit of its own', async () => {
  const parent = await addAccount(context, top);
  for (let count = 0; count < GUARD; count++) await addAccount(context, parent);
  await here.follow();
  for (const status of ['suspended', 'closed']) {
    const refused = await rest('PUT', `/Accounts.json/${parent.sid}`, { Status: status });
    assert.deepEqual([refused.status, refused.headers['x-abeyance-problem']], [403, 'plan_required'], refused.text);
  }
  const login = `/v1/logins/${top.email}`;
  const admin = administrator(app);
  const own = await app.inject({
    method: 'PATCH',
    url: login,
    payload: { guardLimit: 100 },
    headers: { authorization: basic(top.email, top.password) },
  });
  assert.equal(own.statusCode, 403, 'not by itself');
  assert.equal((await admin('PATCH', login, { guardLimit: 0 })).status, 422);
  assert.equal((await admin('PATCH', login, { guardLimit: 100 })).body['guardLimit'], 100);
  assert.equal((await rest('PUT', `/Accounts.json/${parent.sid}`, { Status: 'suspended' })).status, 200);
  assert.equal((await admin('PATCH', login, { guardLimit: null })).body['guardLimit'], null);
  assert.equal((await rest('PUT', `/Accounts.json/${parent.sid}`, { Status: 'closed' })).status, 403);
  assert.equal(
    (await rest('PUT', `/Accounts.json/${parent.sid}`, { Status: 'active' })).status,
    200,
    'lifting is free',
  );
});

test('accounts go down as many levels as the installation says', async () => {
  const second = (await make(rest, 'second@depth.example')).body;
  const third = await make(restWith(app, BASE, basic(second['sid'], second['auth_token'])), 'third@depth.example');
  assert.equal(third.status, 200);
  const deep = restWith(app, BASE, basic(third.body['sid'], third.body['auth_token']));
  const refused = await make(deep, 'fourth@depth.example');
  assert.equal(refused.status, 400);
  assert.deepEqual(refused.body, { message: 'This account is not allowed to have sub-accounts' });
  const xml = await deep('POST', '/Accounts', { EmailAddress: 'x' });
  assert.match(xml.text, /<RestcommResponse>\s*<Message>This account is not allowed/);
});

test('whatever is sent, nothing fails', async () => {
  const target = await addAccount(context, top);
  await here.follow();
  const odd = [
    '',
    ' ',
    '\u0000',
    '\ud800',
    '%',
    '%00',
    "'; drop table login; --",
    '<a>&"',
    '../..',
    '\u202eevil',
    'x'.repeat(5_000),
    'İSTANBUL',
    '-1',
    'null',
    '[object Object]',
    `OR${'z'.repeat(32)}`,
    `AC${'f'.repeat(32)}`,
    'a@b',
    'a@b.c\r\nX-Evil: 1',
    '💥@example.com',
    'closed\u0000',
  ];
  const names = ['EmailAddress', 'Password', 'FriendlyName', 'Status', 'Role', 'OrganizationSid', 'Organization'];
  const paths = ['/Accounts', `/Accounts/${target.sid}`, '/Accounts/migrate/x', `/Accounts/migrate/${target.sid}`];
  for (const [index, value] of odd.entries()) {
    for (const path of paths)
      for (const name of names) {
        const good = { EmailAddress: `odd-${index}-${name.toLowerCase()}@odd.example`, Password: STRONG };
        // What is made costs a hash, so that not every value is tried with every name there.
        if (path === '/Accounts' && (index + name.length) % 3 !== 0) continue;
        const by = path.includes('migrate') || name === 'OrganizationSid' ? root : rest;
        const answer = await by('POST', path, { ...(path === '/Accounts' ? good : {}), [name]: value });
        assert.ok(answer.status < 500, `${path} ${name} ${JSON.stringify(value)} ${answer.status} ${answer.text}`);
      }
    const part = encodeURIComponent(value.toWellFormed());
    for (const path of [
      `/Accounts/${part}`,
      `/Organizations/${part}`,
      `/Profiles/${part}`,
      `/Accounts?DomainName=${part}`,
    ])
      assert.ok((await root('GET', path)).status < 500, path);
    assert.ok((await root('PUT', `/Organizations/${part}`)).status < 500);
    await forgetFailures(here);
  }
  for (const payload of ['{"Status":"closed"}', '=&=&%%%', '&&&&', 'Status', 'Status=active&Status=closed']) {
    const headers = { authorization: basic(top.sid, top.token), 'content-type': 'application/x-www-form-urlencoded' };
    for (const url of paths)
      assert.ok((await app.inject({ method: 'POST', url: BASE + url, payload, headers })).statusCode < 500, payload);
  }
  assert.equal((await rest('GET', `/Accounts.json/${target.sid}`)).body['status'], 'active', 'the first value counts');
  assert.deepEqual(await findingsOf(here), []);
});
