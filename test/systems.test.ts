/** Systems: added, changed, shown without their secrets, paused, removed; and who may do that. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { testInstallation } from '#test/installation.ts';
import { addPerson, administrator, by, made } from '#test/people.ts';
import { sampleSystem } from '#test/system-samples.ts';

const here = await testInstallation({ after: (work) => after(work) });
const admin = administrator(here.app);

const APS = sampleSystem('aps');

const changesOf = async (kind: string) =>
  (await made(admin('GET', `/v1/changes?kind=${kind}&limit=1000`))).items as {
    facts: Record<string, unknown>;
    entityNumber: number;
  }[];

test('a system has the pace of its kind unless it is told another, and is read by name and by id', async () => {
  const added = await made(admin('POST', '/v1/systems', { name: 'office', ...APS, concurrency: 9, rate: 2.5 }));
  const kinds = await made(admin('GET', '/v1/system-kinds'));
  const aps = kinds.items.find((kind: { kind: string }) => kind.kind === 'aps');
  assert.deepEqual(Object.fromEntries(Object.keys(aps.pace).map((name) => [name, added[name]])), {
    ...aps.pace,
    concurrency: 9,
    rate: 2.5,
  });
  assert.equal(added.settings.url, APS.settings['url']);
  assert.deepEqual([added.state.circuit, added.state.paused, added.drift], ['closed', null, 'off']);
  const byName = await admin('GET', '/v1/systems/office');
  assert.equal(byName.headers['etag'], '"1"');
  assert.equal(byName.body['id'], (await made(admin('GET', `/v1/systems/${added.id}`))).id);
  const slots = await here.pool.query('select count(*)::integer as n from system_slot');
  assert.equal(slots.rows[0].n, 9);
  assert.deepEqual((await changesOf('system.created')).at(-1)?.facts, {
    system: added.id,
    name: 'office',
    systemKind: 'aps',
  });
});

test('wrong fields are named by their path, all of them at once', async () => {
  const refused = await admin('POST', '/v1/systems', {
    name: 'Office',
    kind: 'powerdns',
    settings: { url: 'ftp://x', colour: 'red' },
    secrets: { key: 'k'.repeat(300) },
    concurrency: 0,
    timeoutMs: 60_000,
    flightMaxMs: 50,
    drift: 'repair',
    size: 1,
  });
  assert.equal(refused.status, 422);
  const fields = refused.body['errors'].map((error: { field: string }) => error.field);
  assert.deepEqual(fields.toSorted(), [
    'concurrency',
    'drift',
    'name',
    'secrets.key',
    'settings.colour',
    'settings.url',
    'size',
  ]);
  assert.ok(!refused.text.includes('kkkk'), 'a secret is not told back');
  const pace = await admin('POST', '/v1/systems', { name: 'x', ...APS, timeoutMs: 60_000, flightMaxMs: 50 });
  assert.deepEqual(pace.body['errors'], [
    { field: 'flightMaxMs', message: 'must be at least timeoutMs, which is 60000' },
  ]);
  assert.equal((await admin('POST', '/v1/systems', { name: 'office', ...APS })).body['code'], 'exists');
});

test('absent secrets are kept, null clears, none is ever shown', async () => {
  const secret = 'the key of the name server';
  const added = await made(
    admin('POST', '/v1/systems', {
      name: 'ns1',
      kind: 'powerdns',
      settings: { url: 'http://127.0.0.1:8081/' },
      secrets: { key: secret },
    }),
  );
  assert.equal(added.secrets.key, true);
  const { rows } = await here.pool.query(`select secrets_sealed from system where name = 'ns1'`);
  assert.ok(!rows[0].secrets_sealed.includes(secret));
  const sealed = rows[0].secrets_sealed as Buffer;
  const elsewhere = { settings: { url: 'http://127.0.0.1:8082/' } };
  const refused = await admin('PATCH', '/v1/systems/ns1', elsewhere);
  assert.deepEqual([refused.status, refused.body['errors'][0].field], [422, 'secrets.key'], 'nobody else learns it');
  const changed = await admin('PATCH', '/v1/systems/ns1', { ...elsewhere, secrets: { key: secret } });
  assert.deepEqual([changed.body['settings'].url, changed.body['secrets'].key], ['http://127.0.0.1:8082/', true]);
  assert.ok(!changed.text.includes(secret));
  assert.equal((await admin('PATCH', '/v1/systems/ns1', { secrets: { key: null } })).status, 422, 'it is required');
  assert.deepEqual((await changesOf('system.changed')).at(-1)?.facts['fields'], ['settings.url']);
  await made(admin('PATCH', '/v1/systems/ns1', { secrets: { key: 'another' } }));
  const later = await here.pool.query(`select secrets_sealed from system where name = 'ns1'`);
  assert.ok(!sealed.equals(later.rows[0].secrets_sealed));
  const log = await here.pool.query(`select facts::text as t from change where kind like 'system.%'`);
  assert.ok(log.rows.every((row) => !row.t.includes('another') && !row.t.includes(secret)));
});

test('what was read can be sent back, and changes nothing', async () => {
  const read = await made(admin('GET', '/v1/systems/ns1'));
  const count = (await changesOf('system.changed')).length;
  const sent = await admin('PATCH', '/v1/systems/ns1', read);
  assert.equal(sent.status, 200, sent.text);
  assert.equal(sent.body['version'], read['version']);
  assert.equal((await changesOf('system.changed')).length, count);
  assert.equal((await admin('PATCH', '/v1/systems/ns1', { kind: 'aps' })).status, 422);
});

test('nobody names a system by the UUID of another', async () => {
  const { id } = await made(admin('GET', '/v1/systems/office'));
  const named = `a${String(id).slice(1)}`;
  const refused = await admin('POST', '/v1/systems', { name: named, ...APS });
  assert.deepEqual([refused.status, refused.body['errors']?.[0].field], [422, 'name']);
  // Even if there were one, a change of a system finds that system alone.
  await here.pool.query(
    `insert into system (name, kind, concurrency, timeout_ms, flight_max_ms, retry_min_ms, retry_max_ms, breaker_failures,
      breaker_open_ms, drift_every_ms) values ($1, 'webhook', 1, 1, 1, 1, 1, 1, 1, 1)`,
    [id],
  );
  const paused = await made(admin('POST', '/v1/systems/office/pause', { note: 'which one' }));
  assert.deepEqual([paused.name, paused.kind], ['office', 'aps']);
  await made(admin('POST', '/v1/systems/office/resume'));
  await here.pool.query('delete from system where name = $1', [id]);
});

test('a stale version changes and removes nothing', async () => {
  const stale = { 'if-match': '"99"' };
  for (const method of ['PATCH', 'DELETE'] as const) {
    const refused = await admin(method, '/v1/systems/ns1', method === 'PATCH' ? { rate: 3 } : undefined, stale);
    assert.deepEqual([refused.status, refused.body['code']], [412, 'precondition_failed']);
  }
});

test('a pause has a note and an author, and a resumed system begins afresh', async () => {
  const paused = await made(admin('POST', '/v1/systems/office/pause', { note: 'new release' }));
  assert.deepEqual([paused.state.paused.note, paused.state.paused.by], ['new release', 'token:admin']);
  await here.pool.query(`update system set failures = 7, open_until = now() + interval '1 hour' where name = 'office'`);
  assert.equal((await made(admin('GET', '/v1/systems/office'))).state.circuit, 'open');
  const resumed = await made(admin('POST', '/v1/systems/office/resume'));
  assert.deepEqual([resumed.state.paused, resumed.state.circuit, resumed.state.failures], [null, 'closed', 0]);
  assert.equal((await admin('POST', '/v1/systems/office/pause')).status, 200, 'a note is not needed');
  await made(admin('POST', '/v1/systems/office/resume'));
  assert.equal((await changesOf('system.paused,system.resumed')).length, 6);
});

test('a repeated request under one key adds one system', async () => {
  const key = { 'idempotency-key': 'add-twice' };
  const first = await admin('POST', '/v1/systems', { name: 'twice', ...APS }, key);
  const second = await admin('POST', '/v1/systems', { name: 'twice', ...APS }, key);
  assert.equal(first.status, 201);
  assert.deepEqual([second.status, second.body], [201, first.body]);
});

test('a removed system takes its targets along, and says how many', async () => {
  const account = await made(admin('POST', '/v1/accounts', { name: 'Target' }));
  await made(
    admin('PUT', `/v1/systems/${(await addSystem('gone')).name}/targets/${await foreign(account['id'])}`, {
      reference: 'a',
    }),
  );
  const removed = await made(admin('DELETE', '/v1/systems/gone'));
  assert.equal(removed.targets.total, 1);
  const { rows } = await here.pool.query(
    'select (select count(*) from target)::integer as t, (select count(*) from system_slot s left join system y on y.id = s.system_id where y.id is null)::integer as s',
  );
  assert.deepEqual(rows[0], { t: 0, s: 0 });
  assert.equal((await admin('GET', '/v1/systems/gone')).status, 404);
  assert.equal((await changesOf('system.removed')).at(-1)?.facts['name'], 'gone');
});

const addSystem = (name: string) => made(admin('POST', '/v1/systems', { name, ...APS }));
const foreign = async (parent: string) =>
  (await made(admin('POST', '/v1/resources', { kind: 'foreign', system: 'elsewhere', parent }))).id as string;

test('systems are listed by name, page by page, by kind and by account', async () => {
  const names: string[] = [];
  for (let cursor = ''; ;) {
    const page = await made(admin('GET', `/v1/systems?limit=1&cursor=${cursor}`));
    names.push(...page.items.map((item: { name: string }) => item.name));
    if (page.next === null) break;
    cursor = page.next;
  }
  assert.deepEqual(names, ['ns1', 'office', 'twice']);
  assert.deepEqual(
    (await made(admin('GET', '/v1/systems?kind=powerdns'))).items.map((item: { name: string }) => item.name),
    ['ns1'],
  );
  assert.equal((await admin('GET', '/v1/systems?kind=nothing')).status, 422);
});

test('an account has webhooks of its own and of those beneath it, and knows of no other system', async () => {
  const reseller = await made(admin('POST', '/v1/accounts', { name: 'Reseller', reseller: true }));
  const customer = await made(admin('POST', '/v1/accounts', { name: 'Customer', parent: reseller['id'] }));
  const stranger = await made(admin('POST', '/v1/accounts', { name: 'Stranger' }));
  const boss = by(here.app, await addPerson(admin, reseller['id']));
  const child = by(here.app, await addPerson(admin, customer['id']));
  const other = by(here.app, await addPerson(admin, stranger['id']));
  const hook = sampleSystem('webhook');
  assert.equal((await boss('POST', '/v1/systems', { name: 'mine', ...APS })).body['code'], 'forbidden');
  assert.equal((await boss('POST', '/v1/systems', { name: 'x', ...hook, account: stranger['id'] })).status, 404);
  const own = await made(boss('POST', '/v1/systems', { name: 'boss-hook', ...hook }));
  assert.equal(own.account, reseller['id']);
  await made(boss('POST', '/v1/systems', { name: 'child-hook', ...hook, account: customer['id'] }));
  const seen = async (ask: typeof boss) =>
    (await made(ask('GET', '/v1/systems'))).items.map((item: { name: string }) => item.name);
  assert.deepEqual(await seen(boss), ['boss-hook', 'child-hook']);
  assert.deepEqual(await seen(child), ['child-hook']);
  assert.deepEqual(await seen(other), []);
  for (const name of ['office', 'boss-hook', 'nothing'])
    assert.equal((await child('GET', `/v1/systems/${name}`)).status, 404);
  assert.equal((await child('DELETE', '/v1/systems/boss-hook')).status, 404);
  assert.equal((await boss('PATCH', '/v1/systems/child-hook', { concurrency: 2 })).status, 200);
  assert.deepEqual(
    (await made(boss('GET', '/v1/system-kinds'))).items.map((item: { kind: string }) => item.kind),
    ['webhook'],
  );
  assert.equal((await admin('POST', '/v1/systems', { name: 'y', ...APS, account: reseller['id'] })).status, 422);
  assert.deepEqual(
    (await made(admin('GET', `/v1/systems?account=${reseller['id']}`))).items.map(
      (item: { name: string }) => item.name,
    ),
    ['boss-hook'],
  );
});

test('an account has so many webhooks, each of a modest pace', async () => {
  const account = await made(admin('POST', '/v1/accounts', { name: 'Eager' }));
  const boss = by(here.app, await addPerson(admin, account['id']));
  const hook = (name: string, more: object = {}) =>
    boss('POST', '/v1/systems', { name, kind: 'webhook', settings: { url: 'https://hooks.example/' }, ...more });
  const greedy = await hook('eager', { concurrency: 11, timeoutMs: 30_001 });
  assert.equal(greedy.status, 422);
  assert.deepEqual(
    greedy.body['errors'].map((error: { field: string }) => error.field),
    ['concurrency', 'timeoutMs'],
  );
  await made(hook('eager', { concurrency: 10 }));
  assert.equal((await boss('PATCH', '/v1/systems/eager', { concurrency: 11 })).status, 422);
  for (let n = 1; n < 25; n++) await made(hook(`eager-${n}`));
  const refused = await hook('eager-25');
  assert.deepEqual([refused.status, refused.body['code']], [409, 'conflict']);
  await made(boss('DELETE', '/v1/systems/eager'));
  await made(hook('eager-25'));
});
