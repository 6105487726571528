/** How writes are protected: by the version that was read, and by a key that makes a repeated request one request. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { testInstallation } from '#test/installation.ts';
import { takeSnapshot } from '#test/snapshot.ts';

import { CheckedClient } from '#test/checked-client.ts';

const { app, pool, context } = await testInstallation({ after: (work) => after(work) });
const client = await CheckedClient.of(app);

test('an ETag grows with each change, and only who has the last one may change', async () => {
  const created = await client.call('POST', '/v1/accounts', { name: 'Acme' });
  assert.equal(created.headers['etag'], '"1"');
  const url = `/v1/entities/${created.body.id}`;
  const changed = await client.call('PATCH', url, { name: 'Acme Ltd' }, { headers: { 'if-match': '"1"' } });
  assert.equal(changed.headers['etag'], '"2"');
  assert.equal((await client.call('GET', url)).headers['etag'], '"2"');
  const late = await client.call('PATCH', url, { name: 'Acme GmbH' }, { headers: { 'if-match': '"1"' } });
  assert.equal(late.status, 412);
  assert.deepEqual(late.body['facts'], { version: 2 });
  assert.equal((await client.call('PATCH', url, { name: 'Acme GmbH' }, { headers: { 'if-match': '*' } })).status, 200);
  assert.equal(
    (await client.call('PATCH', url, { name: 'Acme BV' }, { headers: { 'if-match': 'W/"3"' } })).status,
    200,
  );
  for (const [action, payload] of [
    ['close', undefined],
    ['move', { parent: 0 }],
  ] as const)
    assert.equal(
      (await client.call('POST', `${url}/${action}`, payload, { headers: { 'if-match': '"1"' } })).status,
      412,
      action,
    );
  assert.equal((await client.done('GET', url))['name'], 'Acme BV');
});

test('a write that changes nothing leaves version and revision as they are', async () => {
  const account = await client.done('POST', '/v1/accounts', { name: 'Same', city: 'Utrecht' });
  const before = await takeSnapshot(pool);
  const again = await client.call('PATCH', `/v1/entities/${account.id}`, { name: 'Same', city: 'Utrecht' });
  assert.deepEqual(again.body, account);
  assert.equal(again.headers['abeyance-revision'], undefined);
  assert.deepEqual(await takeSnapshot(pool), before);
});

test('every answer to a write names its revision, and the decisions of this process know it', async () => {
  const account = await client.call('POST', '/v1/accounts', { name: 'Told' });
  const hold = await client.call('POST', `/v1/entities/${account.body.id}/holds`, { profile: 'suspended' });
  assert.equal(Number(hold.headers['abeyance-revision']), Number(account.headers['abeyance-revision']) + 1);
  assert.equal(hold.headers['abeyance-pending'], undefined);
  assert.ok(context.engine.revision >= Number(hold.headers['abeyance-revision']));
});

test('a request sent twice under one key is done once, and answered twice the same', async () => {
  const account = await client.done('POST', '/v1/accounts', { name: 'Replayed' });
  const url = `/v1/entities/${account.id}`;
  const requests = [
    ['POST', '/v1/accounts', { name: 'Twice', parent: account.id }],
    ['POST', '/v1/resources', { kind: 'sip_domain', domain: 'twice.example', parent: account.id }],
    ['PATCH', url, { name: 'Replayed and changed' }],
    ['POST', `${url}/holds`, { profile: 'limited' }],
    ['PUT', '/v1/profiles/twice', { denied: ['api'] }],
    ['DELETE', '/v1/profiles/twice', undefined],
    ['POST', `${url}/move`, { parent: 0 }],
    ['POST', `${url}/close`, undefined],
  ] as const;
  for (const [index, [method, to, payload]] of requests.entries()) {
    const options = { headers: { 'idempotency-key': `twice-${index}` } };
    const first = await client.call(method, to, payload, options);
    assert.ok(first.status < 300, first.text);
    const before = await takeSnapshot(pool);
    const second = await client.call(method, to, payload, options);
    assert.equal(second.status, first.status, `${method} ${to}`);
    assert.deepEqual(second.body, first.body);
    assert.equal(second.headers['etag'], first.headers['etag']);
    assert.equal(second.headers['idempotent-replayed'], 'true');
    assert.equal(first.headers['idempotent-replayed'], undefined);
    assert.deepEqual(await takeSnapshot(pool), before, 'nothing was done again');
  }
});

test('the same key with another request is a conflict, and does neither again', async () => {
  const options = { headers: { 'idempotency-key': 'one request' } };
  await client.done('POST', '/v1/accounts', { name: 'First' }, options);
  const before = await takeSnapshot(pool);
  assert.equal((await client.call('POST', '/v1/accounts', { name: 'Second' }, options)).body['code'], 'conflict');
  assert.equal((await client.call('POST', '/v1/resources', { name: 'First' }, options)).body['code'], 'conflict');
  assert.equal((await client.call('POST', '/v1/bulk', { items: [] }, options)).body['code'], 'conflict');
  assert.deepEqual(await takeSnapshot(pool), before);
});

test('a refused request does not use up its key', async () => {
  const options = { headers: { 'idempotency-key': 'tried again' } };
  assert.equal(
    (await client.call('POST', '/v1/accounts', { name: 'Child', parent: 'ref:later' }, options)).status,
    404,
  );
  await client.done('POST', '/v1/accounts', { name: 'Parent', reference: 'later' });
  assert.equal(
    (await client.call('POST', '/v1/accounts', { name: 'Child', parent: 'ref:later' }, options)).status,
    201,
  );
});

test('the same request under one key from twelve callers at once is done once', async () => {
  const before = await takeSnapshot(pool);
  const options = { headers: { 'idempotency-key': 'all at once' } };
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => client.call('POST', '/v1/accounts', { name: 'Once' }, options)),
  );
  assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([201]));
  assert.equal(new Set(answers.map((answer) => answer.body.id)).size, 1);
  assert.equal(answers.filter((answer) => answer.headers['idempotent-replayed'] === undefined).length, 1);
  const later = await takeSnapshot(pool);
  assert.equal(later.rows['account'], Number(before.rows['account']) + 1);
  assert.equal(later.revision, before.revision + 1);
});

test('of writers who read the same version, one writes', async () => {
  const account = await client.done('POST', '/v1/accounts', { name: 'Contended' });
  const url = `/v1/entities/${account.id}`;
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      client.call('PATCH', url, { name: `Writer ${index}` }, { headers: { 'if-match': '"1"' } }),
    ),
  );
  assert.deepEqual(answers.map((answer) => String(answer.status)).toSorted(), [
    '200',
    ...Array.from({ length: 7 }, () => '412'),
  ]);
  assert.equal((await client.done('GET', url))['version'], 2);
});
