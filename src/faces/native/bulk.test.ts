/** Many writes in one request: an outcome for each, in order, and going on where an interruption came. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { testInstallation } from '#test/installation.ts';
import { takeSnapshot } from '#test/snapshot.ts';

import { type Body, CheckedClient } from '#test/checked-client.ts';
import { entity } from './entity-schemas.ts';
import * as schemas from './schemas.ts';

const { app, pool, follow } = await testInstallation({ after: (work) => after(work) });
const client = await CheckedClient.of(app);
const statuses = (answer: Body) => answer.items.map((item) => item['status']);
const codes = (answer: Body) =>
  answer.items.map((item) => (item['problem'] as { code: string } | undefined)?.code ?? null);

test('all operations can be mixed, and later items see what earlier ones did', async () => {
  const first = await client.done('POST', '/v1/bulk', {
    items: [
      { op: 'create', body: { kind: 'account', name: 'Reseller', reference: 'bulk-r' } },
      { op: 'create', body: { kind: 'account', name: 'A', reference: 'bulk-a', parent: 'ref:bulk-r' } },
      { op: 'create', body: { kind: 'account', name: 'B', reference: 'bulk-b', parent: 'ref:bulk-r' } },
      { op: 'create', body: { kind: 'sip_domain', domain: 'bulk.example', parent: 'ref:bulk-a' } },
      { op: 'create', body: { kind: 'sip_account', username: 'alice', parent: 'sip:bulk.example' } },
      { op: 'hold', entity: 'ref:bulk-a', body: { profile: 'limited', source: 'billing' } },
      { op: 'hold', entity: 'ref:bulk-a', body: { profile: 'limited', source: 'billing' } },
      { op: 'update', entity: 'sip:alice@bulk.example', body: { callLimit: 4 } },
      { op: 'transfer', entity: 'sip:alice@bulk.example', body: { owner: 'ref:bulk-b' } },
      { op: 'create', body: { kind: 'sip_account', username: 'carol', parent: 'sip:bulk.example' } },
      { op: 'move', entity: 'sip:bulk.example', body: { parent: 'ref:bulk-b' } },
      { op: 'close', entity: 'ref:bulk-a' },
      { op: 'hold', entity: 'ref:bulk-a', body: { profile: 'fraud' } },
    ],
  });
  assert.deepEqual(codes(first), [null, null, null, null, null, null, null, null, null, 'held', null, null, 'closed']);
  assert.deepEqual(statuses(first), [201, 201, 201, 201, 201, 201, 200, 200, 200, 409, 200, 200, 409]);
  assert.deepEqual(
    first.items.map((item) => item['index']),
    first.items.map((_, index) => index),
  );
  assert.deepEqual([first['succeeded'], first['failed']], [11, 2]);
  for (const item of first.items) {
    if (item['problem'] !== undefined) continue;
    const schema = [5, 6].includes(Number(item['index'])) ? schemas.hold : entity;
    assert.ok(schema.safeParse(item['body']).success, JSON.stringify(item));
  }
  const alice = await client.done('GET', '/v1/entities/sip:alice@bulk.example');
  assert.equal(alice['callLimit'], 4);
  const hold = (await client.done('POST', `/v1/entities/ref:bulk-b/holds`, { profile: 'limited' })).id;
  const lifted = await client.done('POST', '/v1/bulk', { items: [{ op: 'lift', entity: 'ref:bulk-b', hold }] });
  assert.deepEqual(statuses(lifted), [200]);
});

test('a refused item leaves no trace and does not hinder its neighbours', async () => {
  const parent = await client.done('POST', '/v1/accounts', { name: 'Neighbours' });
  const before = await takeSnapshot(pool);
  const answer = await client.done('POST', '/v1/bulk', {
    items: [
      { op: 'create', body: { kind: 'sip_domain', domain: 'good.example', parent: parent.id } },
      { op: 'create', body: { kind: 'sip_domain', domain: 'bad domain', parent: parent.id } },
      { op: 'create', body: { kind: 'sip_domain', domain: 'good.example', parent: parent.id } },
      { op: 'create', body: { kind: 'sip_account', username: 'x', parent: 'sip:bad.example' } },
      { op: 'update', entity: 'sip:good.example', body: { domain: 'other.example' } },
      { op: 'close', entity: 0 },
      { op: 'move', entity: parent.id },
      { op: 'create', body: { kind: 'sip_account', username: 'x', parent: 'sip:good.example' } },
    ],
  });
  assert.deepEqual(codes(answer), [null, 'invalid', 'exists', 'not_found', 'invalid', 'invalid', 'invalid', null]);
  const now = await takeSnapshot(pool);
  assert.equal(now.rows['entity'], Number(before.rows['entity']) + 2);
  assert.equal(now.revision, before.revision + 2);
});

test('brief answers name what was created and no more', async () => {
  const answer = await client.done('POST', '/v1/bulk?brief=true', {
    items: [{ op: 'create', body: { kind: 'account', name: 'Brief' } }],
  });
  assert.deepEqual(Object.keys(answer.items[0]?.['body'] ?? {}).toSorted(), ['id', 'kind', 'number']);
});

test('more than ten thousand items, and items without a frame, are refused before anything is done', async () => {
  const before = await takeSnapshot(pool);
  const many = Array.from({ length: 10_001 }, () => ({ op: 'create', body: { kind: 'account', name: 'x' } }));
  const refusals = [
    { payload: { items: many }, fields: ['items'] },
    { payload: { items: 'all' }, fields: ['items'] },
    { payload: {}, fields: ['items'] },
    {
      payload: {
        items: [
          { op: 'create', body: { kind: 'account', name: 'x' } },
          { op: 'destroy', entity: 0 },
          { op: 'close' },
          null,
        ],
      },
      fields: ['items[1].op', 'items[2].entity', 'items[3].op'],
    },
  ];
  for (const { payload, fields } of refusals) {
    const { body } = await client.call('POST', '/v1/bulk', payload);
    assert.equal(body['code'], 'invalid');
    assert.deepEqual(
      (body['errors'] as { field: string }[]).map((error) => error.field),
      fields,
    );
  }
  assert.deepEqual(await takeSnapshot(pool), before);
});

/** Three transactions of a thousand, the middle one of which meets what the trigger does at its item. */
async function withFault(
  name: string,
  fault: string,
  work: (items: readonly object[]) => Promise<void>,
): Promise<void> {
  await pool.query(`create function ${name}() returns trigger language plpgsql as $$ begin
    if new.label = '${name} 1500' then ${fault}; end if; return new; end $$`);
  await pool.query(`create trigger ${name} before insert on entity for each row execute function ${name}()`);
  const parent = await client.done('POST', '/v1/accounts', { name });
  await work(
    Array.from({ length: 2_500 }, (_, index) => ({
      op: 'create',
      body: { kind: 'account', name: `${name} ${index}`, parent: parent.id },
    })),
  );
}
const endFault = (name: string) => pool.query(`drop trigger ${name} on entity; drop function ${name}`);

for (const { name, fault, code, reason } of [
  { name: 'failing', fault: `raise exception 'out of luck'`, code: 'bug', reason: 'an error in the middle' },
  {
    name: 'cut_off',
    fault: 'perform pg_terminate_backend(pg_backend_pid())',
    code: 'unavailable',
    reason: 'a connection that is cut in the middle',
  },
])
  test(`after ${reason} the same request under its key goes on where it stopped`, () =>
    withFault(name, fault, async (items) => {
      const options = { headers: { 'idempotency-key': `bulk ${name}` } };
      const first = await client.done('POST', '/v1/bulk?brief=true', { items }, options);
      assert.deepEqual([first['succeeded'], first['failed']], [1_500, 1_000]);
      assert.deepEqual(new Set(codes(first).slice(1_000, 2_000)), new Set([code]), 'a thousand are one transaction');
      await endFault(name);
      const second = await client.done('POST', '/v1/bulk?brief=true', { items }, options);
      assert.deepEqual([second['succeeded'], second['failed']], [2_500, 0]);
      for (const range of [
        [0, 1_000],
        [2_000, 2_500],
      ] as const)
        assert.deepEqual(
          second.items.slice(...range),
          first.items.slice(...range),
          'what was done is answered as it was',
        );
      const before = await takeSnapshot(pool);
      const third = await client.done('POST', '/v1/bulk?brief=true', { items }, options);
      assert.deepEqual(third, second);
      assert.deepEqual(await takeSnapshot(pool), before, 'nothing is done a second time');
      const other = await client.call('POST', '/v1/bulk?brief=true', { items: items.slice(1) }, options);
      assert.equal(other.body['code'], 'conflict');
      await follow();
      const { rows } = await pool.query<{ count: number }>(`select count(*) from entity where label like '${name} %'`);
      assert.equal(rows[0]?.count, 2_500);
    }));

test('the same bulk request under one key from four callers at once is done once', async () => {
  const items = Array.from({ length: 200 }, (_, index) => ({
    op: 'create',
    body: { kind: 'account', name: `Together ${index}` },
  }));
  const options = { headers: { 'idempotency-key': 'bulk together' } };
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => client.done('POST', '/v1/bulk?brief=true', { items }, options)),
  );
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  const { rows } = await pool.query<{ count: number }>(`select count(*) from entity where label like 'Together %'`);
  assert.equal(rows[0]?.count, 200);
});

test('logins of accounts are given in bulk, and with onlyNew to those alone that have none', async () => {
  const md5 = 'b58ff35f5bc9a1d0d5ea6ee4b8f8a5e4';
  const create = (reference: string) => ({ op: 'create', body: { kind: 'account', name: reference, reference } });
  const login = (reference: string, body: object) => ({
    op: 'account-login',
    entity: `ref:${reference}`,
    body: { role: 'Administrator', passwordMd5: md5, ...body },
  });
  const items = [
    create('bulk-l1'),
    create('bulk-l2'),
    login('bulk-l1', { email: 'one@bulk.example', token: md5, onlyNew: true }),
    login('bulk-l2', { email: 'one@bulk.example', onlyNew: true }),
    login('bulk-l2', { email: 'two@bulk.example', token: `${md5}2` }),
  ];
  const first = await client.done('POST', '/v1/bulk', { items });
  assert.deepEqual(statuses(first), [201, 201, 201, 409, 201]);
  assert.ok(!JSON.stringify(first).includes(md5), 'answers are kept, and so have no token');
  const own = () => client.done('GET', '/v1/entities/ref:bulk-l1/account-login');
  assert.deepEqual([(await own())['email'], (await own())['token']], ['one@bulk.example', md5]);
  const hashes = () => pool.query('select name, password_hash from login where is_account order by name');
  const before = (await hashes()).rows;
  const again = await client.done('POST', '/v1/bulk', {
    items: [login('bulk-l1', { token: `${md5}1`, onlyNew: true }), login('bulk-l1', { onlyNew: true, role: 'Nobody' })],
  });
  assert.deepEqual(codes(again), ['exists', 'exists']);
  assert.deepEqual((await hashes()).rows, before);
  assert.equal((await own())['token'], md5);
  const changed = await client.done('POST', '/v1/bulk', { items: [login('bulk-l1', { role: 'Developer' })] });
  assert.deepEqual(statuses(changed), [200]);
  assert.notEqual((await own())['token'], md5, 'a new password makes a new token');
});
