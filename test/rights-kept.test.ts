/** What somebody with a right to something might learn or keep beyond it. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { testInstallation } from '#test/installation.ts';
import { addPerson, administrator, asking, by, made } from '#test/people.ts';

const here = await testInstallation({ after: (work) => after(work) });
const admin = administrator(here.app);
const addAccount = async (name: string, parent?: string): Promise<string> =>
  (await made(admin('POST', '/v1/accounts', { name, ...(parent === undefined ? {} : { parent }) }))).id;
const reseller = await addAccount('Reseller');
const customer = await addAccount('Customer', reseller);
const neighbour = await addAccount('Neighbour', reseller);

describe('the first administrator, acting as another,', () => {
  const as = (account: string) => ({ 'abeyance-act-as': account });
  test('has the rights of that account and no more', async () => {
    for (const account of [customer, reseller]) {
      for (const [method, url, body] of [
        ['GET', '/v1/status', undefined],
        ['POST', '/v1/verify', undefined],
        ['PUT', '/v1/profiles/mine', {}],
        ['PATCH', `/v1/entities/${account}`, { accountType: 'Trial' }],
      ] as const)
        assert.equal((await admin(method, url, body, as(account))).status, 403, url);
      const { permissions } = await made(admin('GET', '/v1/me', undefined, as(account)));
      assert.ok(!permissions.includes('profile:write') && !permissions.includes('entity:erase'));
    }
  });

  test('makes nothing as a reseller that is not active', async () => {
    await made(admin('PATCH', `/v1/entities/${reseller}`, { resellerActive: false }));
    for (const account of [customer, reseller])
      assert.equal((await admin('POST', '/v1/accounts', { name: 'x', parent: account }, as(account))).status, 403);
    await made(admin('PATCH', `/v1/entities/${reseller}`, { resellerActive: true }));
  });
});

test('a hold in the name of another level is not the own hold of the account that it holds', async () => {
  const ask = by(here.app, await addPerson(admin, customer));
  for (const more of [{ authority: 'reseller' }, { authority: 'customer', subject: 'general' }]) {
    const { id } = await made(admin('POST', `/v1/entities/${customer}/holds`, { profile: 'suspended', ...more }));
    assert.equal((await ask('GET', '/v1/me')).status, 403, JSON.stringify(more));
    await made(admin('DELETE', `/v1/entities/${customer}/holds/${id}`));
  }
  const { id } = await made(
    admin('POST', `/v1/entities/${customer}/holds`, { profile: 'suspended', authority: 'customer', subject: 'wish' }),
  );
  assert.equal((await ask('DELETE', `/v1/entities/${customer}/holds/${id}`)).status, 200, 'its wish is its own');
});

describe('an export', () => {
  test('gives the digests of a leaf to those who may set them, not to its owner', async () => {
    const domain = await made(
      admin('POST', '/v1/resources', { kind: 'sip_domain', domain: 'kept.example', parent: customer }),
    );
    const leaf = await made(
      admin('POST', '/v1/resources', {
        kind: 'sip_account',
        username: 'alice',
        password: 'a secret',
        parent: domain.id,
        owner: neighbour,
      }),
    );
    const ask = by(here.app, await addPerson(admin, neighbour));
    assert.equal((await ask('GET', `/v1/export?root=${leaf.id}`)).status, 200);
    assert.equal((await ask('GET', `/v1/export?secrets=true&root=${leaf.id}`)).status, 403);
    const whole = await ask('GET', '/v1/export?secrets=true');
    assert.ok(whole.text.includes('alice') && !whole.text.includes('ha1'), whole.text);
    const container = await by(here.app, await addPerson(admin, customer))('GET', '/v1/export?secrets=true');
    assert.match(container.text, /"ha1":"[0-9a-f]{32}"/);
  });

  test('does not tell who above holds an account, and why', async () => {
    const secret = { source: 'police-desk', externalRef: 'case 17', note: 'do not tell' };
    const { id } = await made(admin('POST', `/v1/entities/${customer}/holds`, { profile: 'limited', ...secret }));
    const { text } = await by(here.app, await addPerson(admin, customer))('GET', '/v1/export');
    assert.match(text, /"op":"hold"/);
    for (const word of Object.values(secret)) assert.ok(!text.includes(word), word);
    const told = (await admin('GET', '/v1/export')).text;
    for (const word of Object.values(secret)) assert.ok(told.includes(word), word);
    await made(admin('DELETE', `/v1/entities/${customer}/holds/${id}`));
  });
});

test('the log does not tell a customer who above did something, nor what was noted', async () => {
  const secret = { source: 'police-desk', externalRef: 'case 18', note: 'do not tell' };
  const officer = await addPerson(admin, '0');
  const held = await addAccount('Held', reseller);
  const { id } = await made(
    by(here.app, officer)('POST', `/v1/entities/${held}/holds`, { profile: 'limited', ...secret }),
  );
  const own = await addPerson(admin, held);
  const ask = by(here.app, own);
  const { items } = await made(ask('GET', `/v1/changes?entity=${held}&limit=1000`));
  const placed = items.find((change: { kind: string }) => change.kind === 'hold.placed');
  assert.deepEqual([placed.actor, placed.facts.hold], ['platform', id]);
  const text = JSON.stringify(items);
  for (const word of [...Object.values(secret), officer.login]) assert.ok(!text.includes(word), word);
  await made(admin('DELETE', `/v1/entities/${held}/holds/${id}`));
  await made(ask('PATCH', `/v1/entities/${held}`, { city: 'Delft' }));
  const last = (await made(ask('GET', `/v1/changes?entity=${held}&limit=1000`))).items.at(-1);
  assert.equal(last.actor, `login:${own.login}`, 'what the account did itself it knows');
  const above = JSON.stringify((await made(admin('GET', `/v1/changes?entity=${held}&limit=1000`))).items);
  for (const word of [...Object.values(secret), officer.login]) assert.ok(above.includes(word), word);
});

test('a plan tells nothing of itself to those who may not carry it out', async () => {
  const { token } = await made(
    admin('POST', `/v1/entities/${customer}/plan`, {
      action: 'hold',
      profile: 'limited',
      startsAt: '2199-01-01T00:00:00Z',
    }),
  );
  await made(admin('POST', `/v1/plans/${token}/apply`));
  const auditor = by(here.app, await addPerson(admin, customer, 'auditor'));
  assert.equal((await auditor('POST', `/v1/plans/${token}/apply`)).body.code, 'forbidden');
  assert.equal((await admin('POST', `/v1/plans/${token}/apply`)).body.code, 'conflict');
});

test('a role is never found by the names that every object has', async () => {
  for (const role of ['constructor', 'toString', '__proto__'])
    assert.equal(
      (await admin('POST', `/v1/entities/${customer}/logins`, { name: `${role}@kept.example`, role })).body.code,
      'invalid',
    );
  await made(admin('PUT', `/v1/entities/${customer}/roles/constructor`, { permissions: ['entity:read'] }));
  const ask = by(here.app, await addPerson(admin, customer, 'constructor'));
  assert.equal((await ask('GET', `/v1/entities/${customer}`)).status, 200);
  assert.equal((await ask('GET', `/v1/entities/${customer}/holds`)).status, 403);
});

test('nobody is let in without a credential', async () => {
  assert.equal((await asking(here.app, null)('GET', '/v1/me')).status, 401);
});
