/** Accounts on the Restcomm face: made, listed, read, changed, closed, as section by section of its API documents. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';

import { WEAK_PASSWORD } from '#core/password-strength.ts';
import { createEntity } from '#operations/create-entity.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { basic } from '#test/people.ts';
import { addAccount, forgetFailures, giveLogin, restAs, restWith } from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const STRONG = 'RestComm1234';
const here = await testInstallation({ after });
const { context, app } = here;
const domain = (await createEntity(context, ADMIN, { kind: 'sip_domain', domain: 'first.example', parent: 0 })).value;
const second = (await createEntity(context, ADMIN, { kind: 'sip_domain', domain: 'second.example', parent: 0 })).value;
const platform = await giveLogin(context, { id: 'not asked for', number: 0 }, 'root@provider.example');
const parent = await addAccount(context, null, { organization: domain.id });
const other = await addAccount(context);
await here.follow();
const root = restAs(app, BASE, platform);
const rest = restAs(app, BASE, parent);
const stranger = restAs(app, BASE, other);

const clientOf = async (name: string) =>
  (
    await here.pool.query(
      `select s.username, s.ha1, s.friendly_name, s.enabled, closed_since(e.id) is not null as closed, o.uuid as owner
        from identifier i join entity e on e.id = i.entity_id join sip_account s on s.entity_id = e.id
        left join entity o on o.id = e.owner_id where i.scheme = 'sip' and i.value = $1`,
      [name],
    )
  ).rows[0];
const ha1 = (user: string, realm: string, password: string) =>
  createHash('md5').update(`${user}:${realm}:${password}`).digest('hex');
const json = { accept: 'application/json' };
let count = 0;
const fresh = () => `made-${(count += 1)}@accounts.example`;

test('an account is made beneath the caller, answers its document, and signs in by it', async () => {
  const made = await rest('POST', '/Accounts.json/', {
    EmailAddress: 'Alice@Made.example',
    Password: STRONG,
    FriendlyName: 'Alice & Co',
  });
  assert.equal(made.status, 200, made.text);
  const { body } = made;
  assert.deepEqual(Object.keys(body), [
    'sid',
    'organization',
    'friendly_name',
    'email_address',
    'type',
    'status',
    'role',
    'date_created',
    'date_updated',
    'auth_token',
    'uri',
    'subresource_uris',
  ]);
  assert.equal(body['email_address'], 'alice@made.example');
  assert.equal(body['status'], 'active');
  assert.equal(body['type'], 'Full');
  assert.equal(body['role'], 'Administrator');
  assert.equal(body['organization'], `OR${domain.id.replaceAll('-', '')}`);
  assert.match(body['sid'], /^AC[0-9a-f]{32}$/);
  assert.equal(body['uri'], `/2012-04-24/Accounts.json/${body['sid']}`);
  const own = restWith(app, BASE, basic('ALICE@made.example', STRONG));
  for (const path of [
    `/Accounts.json/${body['sid']}`,
    '/Accounts/alice@made.example.json',
    '/Accounts/alice%40made.example/',
  ])
    assert.deepEqual((await own('GET', path, undefined, json)).body, body, path);
  const md5 = createHash('md5').update(STRONG).digest('hex');
  assert.equal((await restWith(app, BASE, basic('alice@made.example', md5))('GET', '/Accounts.json')).status, 200);
  const client = await clientOf('alice@first.example');
  assert.equal(client.ha1, ha1('alice', 'first.example', STRONG));
  assert.equal(client.friendly_name, 'Alice & Co');
  assert.equal(client.owner.replaceAll('-', ''), body['sid'].slice(2));
});

test('XML has its own names and order, and no .json in its URIs', async () => {
  const made = await rest('POST', '/Accounts', { EmailAddress: fresh(), Password: STRONG });
  assert.equal(made.status, 200);
  assert.match(String(made.headers['content-type']), /^application\/xml/);
  const names = [...made.text.matchAll(/^ {4}<(\w+)[ />]/gm)].map(([, name]) => name);
  assert.deepEqual(names, [
    'Sid',
    'organization',
    'FriendlyName',
    'EmailAddress',
    'Status',
    'Role',
    'Type',
    'DateCreated',
    'DateUpdated',
    'AuthToken',
    'Uri',
    'SubresourceUris',
  ]);
  assert.match(made.text, /^<RestcommResponse>\n {2}<Account>/);
  assert.ok(!made.text.includes('.json'));
  const list = await rest('GET', '/Accounts/');
  assert.match(list.text, /^<RestcommResponse>\n {2}<Accounts>\n {4}<Account>/);
});

test('what is wrong with a new account is told in the documented order', async () => {
  const email = fresh();
  const taken = fresh();
  assert.equal((await rest('POST', '/Accounts', { EmailAddress: taken, Password: STRONG })).status, 200);
  const foreign = `OR${second.id.replaceAll('-', '')}`;
  const own = `OR${domain.id.replaceAll('-', '')}`;
  const cases: [Record<string, string>, number, RegExp][] = [
    [{}, 400, /EmailAddress/],
    [{ Password: STRONG }, 400, /EmailAddress/],
    [{ EmailAddress: email }, 400, /Password/],
    [{ EmailAddress: 'nobody', Password: STRONG }, 400, /EmailAddress/],
    [{ EmailAddress: 'a@b@c.example', Password: STRONG }, 400, /EmailAddress/],
    [{ EmailAddress: 'a=b@c.example', Password: STRONG }, 400, /EmailAddress/],
    [{ EmailAddress: 'a?b@c.example', Password: STRONG }, 400, /EmailAddress/],
    [{ EmailAddress: email, Password: STRONG, Status: 'frozen' }, 400, /Status/],
    [{ EmailAddress: email, Password: STRONG, OrganizationSid: foreign }, 403, /^$/],
    [{ EmailAddress: email, Password: STRONG, OrganizationSid: 'nonsense' }, 403, /^$/],
    [{ EmailAddress: email, Password: '1234' }, 400, /weak/],
    [{ EmailAddress: taken, Password: '1234' }, 400, /weak/],
    [{ EmailAddress: taken.toUpperCase(), Password: STRONG }, 409, /./],
    [{ EmailAddress: 'administrator@company.com', Password: STRONG }, 409, /./],
    [{ EmailAddress: email, Password: `${STRONG}${'x'.repeat(300)}` }, 400, /Password/],
    [{ EmailAddress: email, Password: STRONG, FriendlyName: 'x'.repeat(300) }, 400, /./],
    [{ EmailAddress: email, Password: STRONG, Role: 'x'.repeat(300) }, 400, /Role/],
  ];
  for (const [form, status, text] of cases) {
    const answer = await rest('POST', '/Accounts', form);
    assert.equal(answer.status, status, JSON.stringify(form) + answer.text);
    assert.match(answer.text, text, JSON.stringify(form));
  }
  assert.deepEqual((await rest('POST', '/Accounts.json', { EmailAddress: email, Password: '1234' })).body, {
    message: WEAK_PASSWORD,
  });
  for (const [given, status] of [
    ['nonsense', 400],
    [`OR${'0'.repeat(32)}`, 400],
    [foreign, 200],
    [own, 200],
  ] as const)
    assert.equal(
      (await root('POST', '/Accounts', { EmailAddress: fresh(), Password: STRONG, OrganizationSid: given })).status,
      status,
      given,
    );
  assert.equal(
    (await rest('POST', '/Accounts', { EmailAddress: email, Password: STRONG, OrganizationSid: own })).status,
    200,
    'the own one is fine',
  );
});

test('an account is made in any status', async () => {
  for (const status of ['ACTIVE', 'Suspended', 'inactive', 'uninitialized', 'closed']) {
    const email = fresh();
    const made = await rest('POST', '/Accounts.json', { EmailAddress: email, Password: STRONG, Status: status });
    assert.equal(made.status, 200, made.text);
    assert.equal(made.body['status'], status.toLowerCase());
    assert.equal((await rest('GET', `/Accounts.json/${made.body['sid']}`)).body['status'], status.toLowerCase());
    const asItself = await restWith(app, BASE, basic(email, STRONG))('GET', `/Accounts/${made.body['sid']}`);
    assert.equal(asItself.status, ['ACTIVE', 'uninitialized'].includes(status) ? 200 : 403, status);
  }
});

test('a role is honoured from an administrator; others hand on their own', async () => {
  const make = (as: typeof rest, form: object) =>
    as('POST', '/Accounts.json', { EmailAddress: fresh(), Password: STRONG, ...form });
  const developer = await make(rest, { Role: 'Developer' });
  assert.equal(developer.body['role'], 'Developer');
  const unknown = await make(rest, { Role: 'Gardener' });
  assert.equal(unknown.body['role'], 'Gardener');
  const asUnknown = restWith(app, BASE, basic(unknown.body['sid'], unknown.body['auth_token']));
  assert.equal((await asUnknown('GET', `/Accounts/${unknown.body['sid']}`)).status, 403);
  const asDeveloper = restWith(app, BASE, basic(developer.body['sid'], developer.body['auth_token']));
  const beneath = await make(asDeveloper, { Role: 'Administrator' });
  assert.equal(beneath.body['role'], 'Developer');
  const sid = beneath.body['sid'];
  for (const [method, form] of [['GET'], ['POST', { Status: 'suspended' }], ['PUT', { FriendlyName: 'x' }]] as const)
    assert.equal((await asDeveloper(method, `/Accounts/${sid}`, form)).status, 403, 'a developer acts on itself alone');
  const listed = (await asDeveloper('GET', '/Accounts.json')).body as unknown as Record<string, unknown>[];
  assert.deepEqual(
    listed.map((account) => [account['sid'], account['auth_token']]),
    [[sid, undefined]],
  );
  const role = await asDeveloper('POST', `/Accounts/${developer.body['sid']}`, { Role: 'Administrator' });
  assert.deepEqual([role.status, role.text], [403, '']);
  assert.equal((await asDeveloper('PUT', `/Accounts/${developer.body['sid']}`, { FriendlyName: 'Me' })).status, 200);
});

test('the list has the accounts right beneath, closed ones too, in their order; filters are for the platform', async () => {
  const account = await addAccount(context, parent, { organization: second.id });
  const one = await addAccount(context, account, { organization: second.id });
  await addAccount(context, one);
  const two = await addAccount(context, account);
  await here.follow();
  const own = restAs(app, BASE, account);
  const closed = await own('PUT', `/Accounts.json/${one.sid}`, { Status: 'closed' });
  assert.equal(closed.body['status'], 'closed');
  const list = (await own('GET', '/Accounts.json')).body as unknown as { sid: string; status: string }[];
  assert.deepEqual(
    list.map(({ sid, status }) => [sid, status]),
    [
      [one.sid, 'closed'],
      [two.sid, 'active'],
    ],
  );
  const foreign = `OR${second.id.replaceAll('-', '')}`;
  for (const query of [`OrganizationSid=${foreign}`, 'OrganizationSid=x', 'DomainName=first.example']) {
    const refused = await own('GET', `/Accounts.json?${query}`);
    assert.deepEqual([refused.status, refused.text], [403, ''], query);
  }
  const filtered = (await root('GET', '/Accounts.json?DomainName=Second.example')).body as unknown as { sid: string }[];
  assert.deepEqual((await root('GET', `/Accounts.json?OrganizationSid=${foreign}`)).body, filtered);
  assert.ok(filtered.some(({ sid }) => sid === one.sid) && filtered.some(({ sid }) => sid === account.sid));
  assert.ok(!filtered.some(({ sid }) => sid === two.sid));
  assert.deepEqual((await root('GET', `/Accounts.json?OrganizationSid=OR${'1'.repeat(32)}`)).body, []);
  assert.equal((await root('GET', '/Accounts.json?OrganizationSid=x')).status, 400);
  assert.equal((await root('GET', '/Accounts.json?DomainName=third.example')).status, 404);
});

test('a change answers the account; a password makes a new token and is that of the client, too', async () => {
  const email = fresh();
  const [user] = email.split('@');
  const made = (await rest('POST', '/Accounts.json', { EmailAddress: email, Password: STRONG })).body;
  const at = `/Accounts.json/${made['sid']}`;
  const changed = await rest('PUT', `/Accounts.json/${email}`, {
    FriendlyName: 'New name',
    Password: 'Restcomm2',
    Type: 'Trial',
    EmailAddress: 'other@accounts.example',
    Auth_Token: 'mine',
  });
  assert.equal(changed.status, 200, changed.text);
  assert.equal(changed.body['friendly_name'], 'New name');
  assert.equal(changed.body['email_address'], email);
  assert.equal(changed.body['type'], 'Full');
  assert.notEqual(changed.body['auth_token'], made['auth_token']);
  assert.equal(changed.body['date_created'], made['date_created']);
  await forgetFailures(here);
  for (const [secret, status] of [
    [made['auth_token'], 401],
    [STRONG, 401],
    ['mine', 401],
    [changed.body['auth_token'], 200],
    ['Restcomm2', 200],
  ] as const)
    assert.equal((await restWith(app, BASE, basic(made['sid'], secret))('GET', at)).status, status, secret);
  const client = await clientOf(`${user}@first.example`);
  assert.equal(client.ha1, ha1(String(user), 'first.example', 'Restcomm2'));
  assert.equal(client.friendly_name, 'New name');
  const weak = await rest('POST', at, { Password: '1234' });
  assert.equal(weak.status, 400);
  assert.match(weak.text, /weak/);
  assert.equal((await rest('POST', at, { Status: 'frozen' })).status, 400);
  assert.equal((await stranger('POST', at, { FriendlyName: 'x' })).status, 403);
  assert.equal((await rest('POST', `/Accounts/AC${'0'.repeat(32)}`, { FriendlyName: 'x' })).status, 404);
  assert.deepEqual((await rest('POST', at)).body, (await rest('GET', at)).body, 'nothing given is nothing changed');
});

test('an uninitialized account sets its first password, and that alone puts it into service', async () => {
  const email = fresh();
  const form = { EmailAddress: email, Password: STRONG, Status: 'uninitialized' };
  const made = (await rest('POST', '/Accounts.json', form)).body;
  const at = `/Accounts.json/${made['sid']}`;
  const own = restWith(app, BASE, basic(email, STRONG));
  for (const change of [{ FriendlyName: 'Waiting' }, { Status: 'active' }, { Status: 'uninitialized' }]) {
    const changed = await rest('PUT', at, change);
    assert.deepEqual([changed.status, changed.body['status']], [200, 'uninitialized'], JSON.stringify(change));
  }
  assert.equal((await own('GET', at)).status, 200);
  assert.equal((await own('GET', `${at}/Version`)).status, 200);
  assert.equal((await own('GET', '/Organizations')).status, 403);
  const child = await own('POST', '/Accounts', { EmailAddress: fresh(), Password: STRONG });
  assert.equal(child.status, 403, 'it makes no accounts before');
  const changed = await own('PUT', at, { Password: 'RestComm12', Status: 'suspended' });
  assert.deepEqual([changed.status, changed.body['status']], [200, 'active'], changed.text);
  const again = restWith(app, BASE, basic(email, 'RestComm12'));
  assert.equal((await again('POST', '/Accounts', { EmailAddress: fresh(), Password: STRONG })).status, 200);
  assert.equal((await rest('PUT', at, { Status: 'uninitialized' })).status, 400);
});
