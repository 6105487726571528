/** Accounts with the library of Twilio: made, listed, changed, suspended, resumed, closed. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { placeHold } from '#operations/place-hold.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { addAccount, forgetFailures, giveLogin, restAs } from '#test/telephony-world.ts';
import { type Signing, refusalOf, twilioClients } from '#test/twilio-client.ts';

const here = await testInstallation({ after });
const clientOf = await twilioClients(here.app);
const root = await addAccount(here.context, null, { name: 'Root' });
await here.follow();

const accountsOf = (who: Signing) => clientOf(who).api.v2010.accounts;
const accounts = accountsOf(root);

/** What was made, as who signs in with it. */
const signing = ({ sid, authToken }: { readonly sid: string; readonly authToken: string }): Signing => ({
  sid,
  token: authToken,
});

async function make(friendlyName: string, parent: Signing = root): Promise<Signing> {
  return signing(await accountsOf(parent).create({ friendlyName }));
}

async function statusOf(sid: string, who: Signing = root): Promise<string> {
  return (await accountsOf(who)(sid).fetch()).status;
}

test('an account is made by a name alone and signs in by its SID and token', async () => {
  const made = await accounts.create({ friendlyName: 'By a name' });
  assert.deepEqual(
    [made.friendlyName, made.status, made.type, made.ownerAccountSid],
    ['By a name', 'active', 'Full', root.sid],
  );
  assert.match(made.authToken, /^[0-9a-f]{32}$/);
  assert.match(made.sid, /^AC[0-9a-f]{32}$/);
  const own = await accountsOf(signing(made))(made.sid).fetch();
  assert.deepEqual(own.toJSON(), made.toJSON());
  const unnamed = await accounts.create();
  assert.match(unnamed.friendlyName, /^SubAccount Created at \d{4}-\d\d-\d\d \d\d:\d\d [ap]m$/);
  const raw = await restAs(here.app, '/2010-04-01', root)('POST', '/Accounts.json', { FriendlyName: 'Raw' });
  assert.equal(raw.status, 201);
});

test('the owner of an account with nobody above it is itself', async () => {
  const platform = await giveLogin(here.context, { id: await platformId(), number: 0 }, 'platform@accounts.example');
  await here.follow();
  const fetched = await accountsOf(platform)(platform.sid).fetch();
  assert.equal(fetched.ownerAccountSid, platform.sid);
  const refusal = await refusalOf(accountsOf(platform)(platform.sid).update({ status: 'suspended' }));
  assert.deepEqual([refusal.status, refusal.code], [400, 21477]);
});

test('the list has the account itself first and then those right beneath it, over more than one page', async () => {
  const parent = await make('Parent');
  const names = ['a', 'b', 'c', 'd', 'd'];
  const made: Signing[] = [];
  for (const name of names) made.push(await make(name, parent));
  const beneath = await make('beneath a', made[0] ?? parent);
  const listed = await accountsOf(parent).list({ pageSize: 2 });
  assert.deepEqual(
    listed.map(({ friendlyName }) => friendlyName),
    ['Parent', ...names],
  );
  assert.ok(!listed.some(({ sid }) => sid === beneath.sid));
  assert.equal((await accountsOf(parent).list({ limit: 3 })).length, 3);
  const seen: string[] = [];
  await new Promise<void>((resolve, reject) => {
    accountsOf(parent).each(
      { pageSize: 2, done: (error?: Error) => (error === undefined ? resolve() : reject(error)) },
      ({ friendlyName }) => seen.push(friendlyName),
    );
  });
  assert.deepEqual(seen, ['Parent', ...names]);
  const first = await accountsOf(parent).page({ pageSize: 4 });
  assert.equal(first.previousPageUrl, undefined);
  const second = await first.nextPage();
  assert.deepEqual(
    second?.instances.map(({ friendlyName }) => friendlyName),
    ['d', 'd'],
  );
  assert.equal(second?.nextPageUrl, undefined);
  assert.deepEqual(
    (await second?.previousPage())?.instances.map(({ sid }) => sid),
    first.instances.map(({ sid }) => sid),
  );
});

test('the list is filtered by the whole name and by status, and what is changed on the way hides nothing', async () => {
  const parent = await make('Filtered');
  const made: Signing[] = [];
  for (const name of ['x', 'y', 'y', 'z', 'yy']) made.push(await make(name, parent));
  const list = accountsOf(parent);
  assert.equal((await list.list({ friendlyName: 'y' })).length, 2);
  assert.equal((await list.list({ friendlyName: 'Filtered' })).length, 1);
  for (const { sid } of made.slice(0, 4)) await list(sid).update({ status: 'suspended' });
  assert.equal((await list.list({ status: 'active' })).length, 2);
  assert.equal((await list.list({ status: 'suspended', friendlyName: 'y' })).length, 2);
  type Page = Pick<Awaited<ReturnType<typeof list.page>>, 'instances' | 'nextPage'>;
  let page: Page | undefined = await list.page({ status: 'suspended', pageSize: 2 });
  const closed: string[] = [];
  for (; page !== undefined; page = await page.nextPage())
    for (const { sid } of page.instances) {
      closed.push(sid);
      await list(sid).update({ status: 'closed' });
    }
  assert.deepEqual(
    closed,
    made.slice(0, 4).map(({ sid }) => sid),
  );
  assert.equal((await list.list({ status: 'closed' })).length, 4);
  const refusal = await refusalOf(list.list({ pageSize: 2 }).then(() => list.page({ pageToken: 'nonsense' })));
  assert.deepEqual([refusal.status, refusal.code], [400, 21481]);
});

test('a name is changed, and only what was said', async () => {
  const made = await make('Before');
  const changed = await accounts(made.sid).update({ friendlyName: 'After' });
  assert.deepEqual([changed.friendlyName, changed.status, changed.authToken], ['After', 'active', made.token]);
});

test('a suspended account can do nothing, nor can what is beneath it; resuming brings back what was active', async () => {
  const parent = await make('P');
  const child = await make('C', parent);
  const held = await make('H', parent);
  const grandchild = await make('G', child);
  await accountsOf(parent)(held.sid).update({ status: 'suspended' });
  assert.equal((await accounts(parent.sid).update({ status: 'suspended' })).status, 'suspended');
  for (const one of [parent, child, held, grandchild]) {
    assert.equal(await statusOf(one.sid), 'suspended');
    const refusal = await refusalOf(accountsOf(one)(one.sid).fetch());
    assert.deepEqual([refusal.status, refusal.code], [403, 20005]);
    await forgetFailures(here);
    const unknown = await refusalOf(accountsOf({ ...one, token: 'wrong' })(one.sid).fetch());
    assert.deepEqual([unknown.status, unknown.code], [401, 20003]);
  }
  assert.equal((await accounts(parent.sid).update({ status: 'suspended' })).status, 'suspended');
  assert.equal((await accounts(parent.sid).update({ status: 'active' })).status, 'active');
  assert.equal((await accounts(parent.sid).update({ status: 'active' })).status, 'active');
  assert.equal(await statusOf(child.sid, child), 'active');
  assert.equal(await statusOf(grandchild.sid, grandchild), 'active');
  assert.equal(await statusOf(held.sid), 'suspended');
});

test('nothing becomes active beneath a suspended account: 21476, and its own suspension stays', async () => {
  const parent = await make('P');
  const child = await make('C', parent);
  await accountsOf(parent)(child.sid).update({ status: 'suspended' });
  await accounts(parent.sid).update({ status: 'suspended' });
  const refusal = await refusalOf(accounts(child.sid).update({ status: 'active', friendlyName: 'Renamed' }));
  assert.deepEqual([refusal.status, refusal.code], [400, 21476]);
  assert.equal((await accounts(child.sid).fetch()).friendlyName, 'C');
  await accounts(parent.sid).update({ status: 'active' });
  assert.equal(await statusOf(child.sid), 'suspended');
  assert.equal((await accounts(child.sid).update({ status: 'active' })).status, 'active');
});

test('what a higher authority suspended stays so: 21478, and nothing changes', async () => {
  const parent = await make('P');
  const child = await make('C', parent);
  const uuid = child.sid.slice(2).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  await accountsOf(parent)(child.sid).update({ status: 'suspended' });
  await placeHold(here.context, ADMIN, uuid, { profile: 'suspended' });
  await here.follow();
  const refusal = await refusalOf(accountsOf(parent)(child.sid).update({ status: 'active', friendlyName: 'Renamed' }));
  assert.deepEqual([refusal.status, refusal.code], [400, 21478]);
  const { rows } = await here.pool.query<{ count: number }>(
    `select count(*)::int as count from hold h join entity e on e.id = h.entity_id where e.uuid = $1 and h.ended_at is null`,
    [uuid],
  );
  assert.equal(rows[0]?.count, 2);
  assert.equal((await accountsOf(parent)(child.sid).fetch()).friendlyName, 'C');
});

test('closed is for ever, for what is beneath as well', async () => {
  const parent = await make('P');
  const child = await make('C', parent);
  await accounts(parent.sid).update({ status: 'suspended' });
  assert.equal((await accounts(parent.sid).update({ status: 'closed' })).status, 'closed');
  for (const sid of [parent.sid, child.sid])
    for (const change of [{ status: 'active' }, { status: 'closed' }, { friendlyName: 'x' }] as const) {
      const refusal = await refusalOf(accounts(sid).update(change));
      assert.deepEqual([refusal.status, refusal.code], [400, 21479]);
    }
  assert.equal(await statusOf(child.sid), 'closed');
  const refusal = await refusalOf(accountsOf(child)(child.sid).fetch());
  assert.deepEqual([refusal.status, refusal.code], [403, 20005]);
});

test('a word that Twilio does not have is refused as it does', async () => {
  const made = await make('W');
  const rest = restAs(here.app, '/2010-04-01', root);
  for (const Status of ['inactive', 'uninitialized', 'open']) {
    const { status, body } = await rest('POST', `/Accounts/${made.sid}.json`, { Status });
    assert.deepEqual([status, body['code']], [400, 21475]);
  }
  const { body } = await rest('POST', `/Accounts/${made.sid}.json`, { Status: 'SUSPENDED' });
  assert.equal(body['status'], 'suspended');
  const long = await refusalOf(accounts(made.sid).update({ friendlyName: 'x'.repeat(300) }));
  assert.deepEqual([long.status, long.code], [400, 20002]);
  const list = await rest('GET', '/Accounts.json?Status=inactive');
  assert.deepEqual([list.status, list.body['code']], [400, 21475]);
});

test('whoever is no administrator makes accounts and sees none but its own', async () => {
  const developer = await addAccount(here.context, root, { role: 'Developer' });
  await here.follow();
  const made = await accountsOf(developer).create({ friendlyName: 'Of a developer' });
  assert.deepEqual(
    (await accountsOf(developer).list()).map(({ sid }) => sid),
    [developer.sid],
  );
  const refusal = await refusalOf(accountsOf(developer)(made.sid).update({ status: 'suspended' }));
  assert.deepEqual([refusal.status, refusal.code], [403, 20003]);
  assert.equal(await statusOf(made.sid), 'active');
});

test('an account and a page have the members of Twilio in their order, and real nulls', async () => {
  const made = await make('Shape');
  const { body } = await restAs(here.app, '/2010-04-01', root)('GET', `/Accounts/${made.sid}.json`);
  assert.deepEqual(Object.keys(body), [
    'sid',
    'auth_token',
    'date_created',
    'date_updated',
    'friendly_name',
    'owner_account_sid',
    'status',
    'subresource_uris',
    'type',
    'uri',
  ]);
  const path = `/2010-04-01/Accounts/${made.sid}`;
  assert.equal(body['uri'], `${path}.json`);
  assert.match(String(body['date_created']), /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/);
  const list = await restAs(here.app, '/2010-04-01', root)('GET', '/Accounts.json?FriendlyName=Shape&Status=active');
  const { accounts: items, ...figures } = list.body as { accounts: unknown[] };
  assert.deepEqual(items, [body]);
  const uri = '/2010-04-01/Accounts.json?FriendlyName=Shape&Status=active&PageSize=50&Page=0';
  assert.deepEqual(Object.entries(figures), [
    ['page', 0],
    ['page_size', 50],
    ['start', 0],
    ['end', 0],
    ['uri', uri],
    ['first_page_uri', uri],
    ['next_page_uri', null],
    ['previous_page_uri', null],
  ]);
});

async function platformId(): Promise<string> {
  const { rows } = await here.pool.query<{ uuid: string }>('select uuid from entity where id = 0');
  return String(rows[0]?.uuid);
}
