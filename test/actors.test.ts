/** What a login may do: by the standing of its account, by the account it acts as, by its role. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { testInstallation } from '#test/installation.ts';
import { addPerson, administrator, asking, basic, by, made } from '#test/people.ts';

const here = await testInstallation({ after: (work) => after(work) });
const admin = administrator(here.app);
const addAccount = async (name: string, parent?: string): Promise<string> =>
  (await made(admin('POST', '/v1/accounts', { name, ...(parent === undefined ? {} : { parent }) }))).id;
const reseller = await addAccount('Reseller');
const customer = await addAccount('Customer', reseller);
const sub = await addAccount('Team', customer);
const boss = await addPerson(admin, customer, 'administrator', { password: true });

const hold = (account: string, body: object = { profile: 'suspended' }) =>
  made(admin('POST', `/v1/entities/${account}/holds`, body));
const lift = (account: string, id: string) => made(admin('DELETE', `/v1/entities/${account}/holds/${id}`));

describe('the standing of the own account', () => {
  test('under suspension nothing can be done, told apart from a wrong password, while those above still read', async () => {
    const manager = by(here.app, await addPerson(admin, reseller));
    const ask = by(here.app, boss);
    for (const held of [customer, reseller]) {
      const { id } = await hold(held);
      for (const [method, url] of [
        ['GET', '/v1/me'],
        ['GET', `/v1/entities/${customer}`],
        ['DELETE', `/v1/entities/${held}/holds/${id}`],
      ] as const) {
        const refused = await ask(method, url);
        assert.equal(refused.status, 403, refused.text);
        assert.deepEqual(refused.body.facts, { standing: 'suspended' });
      }
      assert.equal((await asking(here.app, basic(boss.name, 'a wrong pass word'))('GET', '/v1/me')).status, 401);
      assert.equal((await manager('GET', `/v1/entities/${customer}`)).status, held === customer ? 200 : 403);
      if (held === customer) {
        const refused = await manager('POST', '/v1/accounts', { name: 'x', parent: customer });
        assert.equal(refused.body.code, 'held', 'those above cannot make it consume');
      }
      await lift(held, id);
      assert.equal((await ask('GET', '/v1/me')).status, 200, 'and everything is as before');
    }
  });

  test('a limited account may sign in and read, and change nothing', async () => {
    const { id } = await hold(customer, { profile: 'bad_payer' });
    const ask = by(here.app, boss);
    assert.equal((await ask('GET', `/v1/entities/${customer}/standing`)).body.standing, 'limited');
    const session = await asking(here.app, null)('POST', '/v1/sessions', { login: boss.name, password: boss.password });
    assert.equal(session.status, 201);
    for (const [method, url, body] of [
      ['POST', '/v1/accounts', { name: 'x', parent: customer }],
      ['PATCH', `/v1/entities/${customer}`, { city: 'Delft' }],
      ['POST', `/v1/entities/${sub}/holds`, { profile: 'suspended' }],
      ['DELETE', `/v1/entities/${customer}/holds/${id}`, undefined],
    ] as const)
      assert.equal((await ask(method, url, body)).status, 403);
    await lift(customer, id);
  });

  test('who has stopped itself may look, and lift that hold, and nothing else', async () => {
    const ask = by(here.app, boss);
    const { body: own } = await ask('POST', `/v1/entities/${customer}/holds`, { profile: 'suspended' });
    assert.deepEqual([own.authority, own.subject], ['customer', 'wish']);
    const session = await asking(here.app, null)('POST', '/v1/sessions', { login: boss.name, password: boss.password });
    assert.equal(session.status, 201);
    assert.equal((await ask('GET', '/v1/me')).body.heldByItself, true);
    assert.equal((await ask('GET', `/v1/entities/${customer}/holds`)).status, 200);
    assert.equal((await ask('PATCH', `/v1/entities/${customer}`, { city: 'Delft' })).status, 403);
    const other = await hold(sub, { profile: 'suspended', authority: 'customer' });
    assert.equal((await ask('DELETE', `/v1/entities/${sub}/holds/${other.id}`)).status, 403);
    await lift(sub, other.id);
    const platform = await hold(customer);
    assert.equal((await ask('DELETE', `/v1/entities/${customer}/holds/${own.id}`)).status, 403, 'another hold came');
    await lift(customer, platform.id);
    assert.equal((await ask('DELETE', `/v1/entities/${customer}/holds/${own.id}`)).status, 200);
    assert.equal((await ask('PATCH', `/v1/entities/${customer}`, { city: 'Delft' })).status, 200);
  });

  test('a reseller that is not active makes nothing, and neither do its customers', async () => {
    await made(admin('PATCH', `/v1/entities/${reseller}`, { resellerActive: false }));
    const manager = by(here.app, await addPerson(admin, reseller));
    for (const ask of [manager, by(here.app, boss)]) {
      const refused = await ask('POST', '/v1/accounts', { name: 'x', parent: customer });
      assert.equal(refused.status, 403);
      assert.match(refused.body.detail, /not active/);
    }
    assert.equal((await manager('PATCH', `/v1/entities/${reseller}`, { resellerActive: true })).status, 403);
    assert.equal((await admin('POST', '/v1/accounts', { name: 'x', parent: customer })).status, 201);
    await made(admin('PATCH', `/v1/entities/${reseller}`, { resellerActive: true }));
  });
});

describe('acting as another account', () => {
  test('is only ever downward, and the log names both', async () => {
    const manager = await addPerson(admin, reseller);
    const ask = by(here.app, manager);
    const as = (account: string) => ({ 'abeyance-act-as': account });
    const { body } = await ask('GET', '/v1/me', undefined, as(customer));
    assert.deepEqual([body.account, body.actsAs, body.level], [reseller, customer, 'customer']);
    assert.equal((await ask('GET', `/v1/entities/${reseller}`, undefined, as(customer))).status, 404);
    const { body: acted } = await ask(
      'POST',
      '/v1/accounts',
      { name: 'Made', parent: customer },
      { ...as(customer), 'abeyance-reason': Buffer.from('träge').toString('latin1') },
    );
    const { rows } = await here.pool.query(
      `select c.actor, c.origin, (select jsonb_object_agg(r.field, r.value) from request_personal r
         where r.commitment in (select value from jsonb_each_text(c.origin -> 'commitments'))) as personal
       from change c join entity e on e.id = c.entity_id where e.uuid = $1`,
      [acted.id],
    );
    const numbers = await Promise.all(
      [reseller, customer].map(async (id) => (await made(admin('GET', `/v1/entities/${id}`))).number),
    );
    assert.equal(rows[0].actor, `login:${manager.login}`);
    assert.deepEqual([rows[0].origin.account, rows[0].origin.as, rows[0].origin.face], [...numbers, 'native']);
    assert.equal(rows[0].personal.reason, 'träge');
    for (const upward of ['0', reseller])
      assert.equal((await by(here.app, boss)('GET', '/v1/me', undefined, as(upward))).status, 404);
    const byToken = await admin('GET', '/v1/me', undefined, as(customer));
    assert.deepEqual([byToken.body.actsAs, byToken.body.level], [customer, 'customer']);
  });

  test('a customer that impersonates its reseller has the rights of the reseller, and loses them with that', async () => {
    const account = await made(admin('POST', '/v1/accounts', { name: 'Agent', parent: reseller }));
    const ask = by(here.app, await addPerson(admin, account.id));
    assert.equal((await ask('GET', `/v1/entities/${customer}`)).status, 404);
    assert.equal((await ask('PATCH', `/v1/entities/${account.id}`, { impersonate: account.id })).status, 403);
    await made(admin('PATCH', `/v1/entities/${account.id}`, { impersonate: reseller }));
    assert.equal((await ask('GET', `/v1/entities/${customer}`)).status, 200);
    const { body } = await ask('GET', '/v1/me');
    assert.deepEqual([body.account, body.actsAs, body.level], [account.id, reseller, 'reseller']);
    await made(admin('PATCH', `/v1/entities/${account.id}`, { impersonate: null }));
    assert.equal((await ask('GET', `/v1/entities/${customer}`)).status, 404);
    await made(admin('PATCH', `/v1/entities/${account.id}`, { impersonate: customer }));
    assert.equal((await ask('GET', `/v1/entities/${customer}`)).status, 404, 'only its reseller counts');
  });
});

describe('roles', () => {
  test('of an account count there and beneath, and change at once', async () => {
    await made(
      admin('PUT', `/v1/entities/${reseller}/roles/desk`, { permissions: ['*:read'], description: 'Help desk' }),
    );
    const ask = by(here.app, await addPerson(admin, customer, 'desk'));
    assert.equal((await ask('PATCH', `/v1/entities/${sub}`, { city: 'Breda' })).status, 403);
    await made(admin('PUT', `/v1/entities/${reseller}/roles/desk`, { permissions: ['*:read', 'entity:*'] }));
    assert.equal((await ask('PATCH', `/v1/entities/${sub}`, { city: 'Breda' })).status, 200);
    assert.equal((await admin('DELETE', `/v1/entities/${reseller}/roles/desk`)).status, 409);
    const elsewhere = await made(admin('POST', '/v1/accounts', { name: 'Elsewhere' }));
    const refused = await admin('POST', `/v1/entities/${elsewhere.id}/logins`, {
      name: 'x@people.example',
      role: 'desk',
    });
    assert.equal(refused.status, 422);
  });

  test('nobody gives, changes or takes over more than they have', async () => {
    await made(
      admin('PUT', `/v1/entities/${reseller}/roles/clerk`, {
        permissions: ['*:read', 'login:write', 'key:write', 'role:write'],
      }),
    );
    const clerk = by(here.app, await addPerson(admin, customer, 'clerk'));
    const attempts = [
      () => clerk('POST', `/v1/entities/${customer}/logins`, { name: 'up@people.example', role: 'administrator' }),
      () => clerk('PATCH', `/v1/logins/${boss.login}`, { password: 'taken over now' }),
      () => clerk('POST', `/v1/logins/${boss.login}/keys`, { name: 'stolen' }),
      () => clerk('PUT', `/v1/entities/${customer}/roles/mine`, { permissions: ['*'] }),
      () => clerk('PUT', `/v1/entities/${customer}/roles/clerk`, { permissions: ['*'] }),
    ];
    for (const attempt of attempts) assert.equal((await attempt()).status, 403);
    assert.equal(
      (await clerk('POST', `/v1/entities/${customer}/logins`, { name: 'peer@people.example', role: 'clerk' })).status,
      201,
    );
  });

  test('the last administrator of an account cannot lock itself out', async () => {
    const account = await made(admin('POST', '/v1/accounts', { name: 'Alone', parent: reseller }));
    const only = await addPerson(admin, account.id);
    for (const change of [{ enabled: false }, { role: 'auditor' }])
      assert.equal((await by(here.app, only)('PATCH', `/v1/logins/${only.login}`, change)).status, 409);
    assert.equal((await by(here.app, only)('DELETE', `/v1/logins/${only.login}`)).status, 409);
  });
});

test('who acts as an account beneath places its holds, and remains without a name to it', async () => {
  const manager = by(here.app, await addPerson(admin, reseller));
  const placed = await made(
    manager(
      'POST',
      `/v1/entities/${sub}/holds`,
      { profile: 'limited', note: 'asked by telephone' },
      { 'abeyance-act-as': customer },
    ),
  );
  const seen = await made(by(here.app, boss)('GET', `/v1/entities/${sub}/holds`));
  const own = seen.items.find((each: { id: string }) => each.id === placed.id);
  assert.deepEqual([own.placedBy, own.placedByName, own.note], ['customer', null, 'asked by telephone']);
  const above = await made(manager('GET', `/v1/entities/${sub}/holds`));
  assert.match(above.items.find((each: { id: string }) => each.id === placed.id).placedByName, /person-/);
  assert.equal((await by(here.app, boss)('DELETE', `/v1/entities/${sub}/holds/${placed.id}`)).status, 200);
});

test('lists, counts and changes are of what lies beneath the account or is owned there, and of nothing else', async () => {
  const north = await addAccount('North');
  const firm = await addAccount('Firm', north);
  const team = await addAccount('Team of the firm', firm);
  const other = await addAccount('Other firm', north);
  const domain = await made(
    admin('POST', '/v1/resources', { kind: 'sip_domain', domain: 'lists.example', parent: other }),
  );
  const leaf = await made(
    admin('POST', '/v1/resources', { kind: 'sip_account', username: 'a', parent: domain['id'], owner: team }),
  );
  const seen = async (person: string, query = '') => {
    const ask = by(here.app, await addPerson(admin, person));
    const { items, total } = await made(ask('GET', `/v1/entities?limit=1000&total=exact${query}`));
    assert.equal(total, items.length);
    const changes = await made(ask('GET', '/v1/changes?limit=1000'));
    const ids: string[] = items.map((item: { id: string }) => item.id);
    const told = changes.items.map((change: { entity: string }) => change.entity);
    assert.ok(query !== '' || told.every((id: string) => ids.includes(id)), 'no change of anything else');
    return ids;
  };
  assert.deepEqual(new Set(await seen(firm)), new Set([firm, team, leaf['id']]));
  assert.deepEqual(new Set(await seen(other)), new Set([other, domain['id'], leaf['id']]));
  assert.deepEqual(new Set(await seen(north, `&beneath=${team}`)), new Set([team, leaf['id']]));
  assert.deepEqual(new Set(await seen(north)), new Set([north, firm, team, other, domain['id'], leaf['id']]));
  assert.deepEqual(await seen(team, '&q=Other'), []);
});

test('a name to act as means whoever has it now', async () => {
  const manager = by(here.app, await addPerson(admin, reseller));
  const former = await made(admin('POST', '/v1/accounts', { name: 'Former', parent: reseller, reference: 'ACT-1' }));
  const as = { 'abeyance-act-as': 'ref:ACT-1' };
  assert.equal((await manager('GET', '/v1/me', undefined, as)).body['actsAs'], former['id']);
  await made(admin('POST', `/v1/entities/${former['id']}/close`));
  const next = await made(admin('POST', '/v1/accounts', { name: 'Next', parent: reseller, reference: 'ACT-1' }));
  assert.equal((await manager('GET', '/v1/me', undefined, as)).body['actsAs'], next['id']);
});
