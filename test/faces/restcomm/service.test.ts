/** What stands beside accounts on the Restcomm face: organizations, the profile, methods and bodies that nothing takes. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { createEntity } from '#operations/create-entity.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { basic } from '#test/people.ts';
import { addAccount, forgetFailures, giveLogin, restAs, restWith } from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const here = await testInstallation({ after });
const { context, app } = here;
const make = async (name: string) =>
  (await createEntity(context, ADMIN, { kind: 'sip_domain', domain: name, parent: 0 })).value;
const first = await make('first.example');
const second = await make('second.example');
const sidOfDomain = ({ id }: { id: string }) => `OR${id.replaceAll('-', '')}`;
const platform = await giveLogin(context, { id: 'not asked for', number: 0 }, 'root@provider.example');
const parent = await addAccount(context, null, { organization: first.id });
const developer = await addAccount(context, parent, { organization: first.id, role: 'Developer' });
await here.follow();
const root = restAs(app, BASE, platform);
const rest = restAs(app, BASE, parent);

test('organizations are listed and made by the platform, and read by administrators of their own', async () => {
  const list = (await root('GET', '/Organizations.json')).body as unknown as Record<string, unknown>[];
  assert.deepEqual(Object.keys(list[0] ?? {}), ['sid', 'domain_name', 'status', 'date_created', 'date_updated']);
  assert.deepEqual(
    list.map(({ sid, domain_name, status }) => [sid, domain_name, status]),
    [
      [sidOfDomain(first), 'first.example', 'active'],
      [sidOfDomain(second), 'second.example', 'active'],
    ],
  );
  assert.match((await root('GET', '/Organizations')).text, /<Organizations>\n {4}<Organization>\n {6}<Sid>OR/);
  assert.equal((await root('GET', '/Organizations?Status=closed')).status, 404, 'there is none');
  assert.equal((await root('GET', '/Organizations?Status=asleep')).status, 400);
  const asDeveloper = restAs(app, BASE, developer);
  for (const [as, path, status] of [
    [root, sidOfDomain(second), 200],
    [root, `OR${'0'.repeat(32)}`, 404],
    [root, 'nonsense', 400],
    [rest, sidOfDomain(first), 200],
    [rest, sidOfDomain(second), 403],
    [rest, 'nonsense', 400],
    [asDeveloper, sidOfDomain(first), 403],
  ] as const)
    assert.equal((await as('GET', `/Organizations/${path}`)).status, status, path);
  assert.equal((await rest('GET', '/Organizations')).status, 403);
  for (const [as, name, status] of [
    [rest, 'third', 403],
    [root, 'Third-1', 200],
    [root, 'third-1', 409],
    [root, 'with.dots', 400],
    [root, 'with_underscore', 400],
    [root, 'x'.repeat(256), 400],
    [root, '-', 400],
  ] as const)
    assert.equal((await as('PUT', `/Organizations/${name}`)).status, status, name);
  assert.equal((await root('PUT', `/Organizations/${sidOfDomain(first)}/Migrate`)).status, 200);
  assert.equal((await rest('PUT', `/Organizations/${sidOfDomain(first)}/Migrate`)).status, 403);
});

test('an account migrates with all beneath it, by the platform alone, or not at all', async () => {
  const mover = await addAccount(context, null, { organization: first.id });
  const child = await addAccount(context, mover);
  const grandchild = await addAccount(context, child, { organization: second.id });
  await here.follow();
  const at = (sid: string) => `/Accounts.json/migrate/${sid}`;
  const before = (await root('GET', `/Accounts.json/${mover.sid}`)).body;
  for (const [as, sid, form, status] of [
    [restAs(app, BASE, mover), mover.sid, { Organization: 'second.example' }, 403],
    [root, mover.sid, {}, 412],
    [root, mover.sid, { Organization: 'nowhere.example' }, 412],
    [root, mover.sid, { Organization: `OR${'0'.repeat(32)}` }, 412],
    [root, `AC${'0'.repeat(32)}`, {}, 412],
    [root, `AC${'0'.repeat(32)}`, { Organization: 'second.example' }, 404],
    [root, child.sid, { Organization: 'second.example' }, 400],
    [root, mover.sid, { Organization: 'first.example' }, 400],
    [root, platform.sid, { Organization: 'first.example' }, 400],
  ] as const) {
    const refused = await as('POST', at(sid), form);
    assert.equal(refused.status, status, `${JSON.stringify(form)} ${refused.text}`);
  }
  assert.deepEqual((await root('GET', `/Accounts.json/${mover.sid}`)).body, before, 'a refusal changes nothing');
  const moved = await root('POST', at(mover.email), { Organization: 'Second.example' });
  assert.equal(moved.status, 200, moved.text);
  for (const { sid } of [mover, child, grandchild])
    assert.equal((await root('GET', `/Accounts.json/${sid}`)).body['organization'], sidOfDomain(second));
  const back = await root('POST', at(mover.sid), { Organization: sidOfDomain(first) });
  assert.equal(back.body['organization'], sidOfDomain(first));
});

test('an account names its profile, and DELETE is no method of it', async () => {
  const at = `/Accounts/${parent.sid}`;
  const link = String((await rest('GET', at)).headers['link']);
  const [, url = ''] = /^<https?:\/\/[^/]+\/restcomm\/2012-04-24(\/Profiles\/PR[0-9a-f]{32})>/.exec(link) ?? [];
  assert.match(link, /title="Profiles"/);
  const profile = await rest('GET', url);
  assert.ok(profile.body['featureEnablement'].subaccountsCreation);
  assert.equal((await rest('GET', '/Profiles')).status, 403);
  assert.equal((await root('GET', '/Profiles')).status, 200);
  assert.equal((await root('GET', '/Profiles/PR1')).status, 404);
  for (const [method, path] of [
    ['DELETE', at],
    ['DELETE', `/Accounts.json/${parent.sid}`],
    ['DELETE', '/Accounts'],
    ['PUT', '/Accounts'],
    ['DELETE', url],
    ['PUT', url],
  ] as const) {
    const answer = await rest(method, path);
    assert.equal(answer.status, 405, path);
    assert.ok(String(answer.headers['allow']).includes('GET'));
  }
  assert.equal((await rest('GET', '/Nothing')).status, 404);
  assert.equal((await restWith(app, BASE, null)('DELETE', at)).status, 401);
  await forgetFailures(here);
});

test('a JSON body is 415, and a body beyond ten million bytes 413', async () => {
  const headers = { authorization: basic(parent.sid, parent.token), 'content-type': 'application/json' };
  for (const url of ['/Accounts', '/Accounts.json', `/Accounts/${parent.sid}`]) {
    const answer = await app.inject({ method: 'POST', url: BASE + url, payload: '{"Status":"closed"}', headers });
    assert.equal(answer.statusCode, 415, url);
  }
  const large = await rest('POST', '/Accounts', { FriendlyName: 'x'.repeat(10_000_001) });
  assert.equal(large.status, 413);
});

test('version, logout and extensions are there', async () => {
  assert.equal((await rest('GET', `/Accounts.json/${parent.sid}/Version`)).body['Name'], 'Abeyance');
  assert.equal((await restWith(app, BASE, null)('GET', '/Logout')).status, 200);
  assert.equal((await rest('GET', '/ExtensionsConfiguration')).status, 403);
  assert.deepEqual((await root('GET', '/ExtensionsConfiguration.json')).body, []);
});
