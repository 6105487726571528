/** Records that connected systems tell: written once however often they are told, by account and beneath, swept, erased. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { RECORD_KINDS } from '#core/record.ts';
import { sidOf } from '#core/sid.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { createEntity } from '#operations/create-entity.ts';
import { eraseEntity } from '#operations/erase-entity.ts';
import { systemAuthor } from '#store/change.ts';
import { sweepRecords } from '#store/record.ts';
import { transact } from '#store/transaction.ts';
import { ADMIN, TOKEN, testInstallation } from '#test/installation.ts';

const here = await testInstallation({ after });
const add = async (name: string, parent?: string) =>
  (await createEntity(here.context, ADMIN, { kind: 'account', name, ...(parent === undefined ? {} : { parent }) }))
    .value;
const top = await add('top');
const middle = await add('middle', top.id);
const leaf = await add('leaf', middle.id);
const other = await add('other');
await here.follow();

async function ask(method: 'GET' | 'POST', url: string, payload?: object) {
  const response = await here.app.inject({
    method,
    url,
    headers: { authorization: `Bearer ${TOKEN}` },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: response.statusCode, body: response.json() };
}

const put = (records: readonly (object | null)[], source = 'switch-1') =>
  ask('POST', '/v1/records', { source, records });
const list = async (kind: string, query: string) => (await ask('GET', `/v1/records/${kind}?${query}`)).body;

test('what is told again is the same record, with what is new in it', async () => {
  const first = await put([
    { kind: 'call', externalRef: 'leg-1', account: leaf.id, fromText: '+31', toText: '+32', status: 'in-progress' },
    { kind: 'message', externalRef: 'leg-1', account: leaf.number, body: 'Hello', price: '0.015', priceUnit: 'EUR' },
    { kind: 'recording', externalRef: 'r', account: sidOf('account', leaf.id), fileUri: 'https://media.example/r.wav' },
    { kind: 'transcription', externalRef: 't', account: leaf.id, body: 'Hello there' },
    { kind: 'conference', externalRef: 'c', account: leaf.id, name: 'Monday' },
  ]);
  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.deepEqual(
    first.body.items.map(({ kind, created }: { kind: string; created: boolean }) => [kind, created]),
    RECORD_KINDS.map((kind) => [kind, true]),
  );
  const [call] = first.body.items;
  assert.equal(call.sid, `CA${call.id.replaceAll('-', '')}`);
  const again = await put([
    { kind: 'call', externalRef: 'leg-1', account: leaf.id, status: 'completed', duration: 60 },
    { kind: 'call', id: call.sid, account: leaf.id, ringDuration: 5 },
  ]);
  assert.deepEqual(again.body.items, [
    { ...call, created: false },
    { ...call, created: false },
  ]);
  const { items, total } = await list('call', `account=${leaf.id}&total=exact`);
  assert.equal(total, 1);
  assert.deepEqual((await list('call', `account=${sidOf('account', leaf.id)}&total=exact`)).items, items);
  const { fromText, toText, status, duration, ringDuration, externalRef, source } = items[0];
  assert.deepEqual(
    { fromText, toText, status, duration, ringDuration, externalRef, source },
    {
      fromText: '+31',
      toText: '+32',
      status: 'completed',
      duration: 60,
      ringDuration: 5,
      externalRef: 'leg-1',
      source: 'switch-1',
    },
  );
  const [message] = (await list('message', `account=${leaf.id}`)).items;
  assert.deepEqual(
    [message.body, message.price, message.priceUnit, message.status],
    ['Hello', '0.015', 'EUR', 'queued'],
  );
});

test('one system does not meet the names of another, nor one account those of another', async () => {
  const named = (account: string) => ({ kind: 'conference', externalRef: 'same', account });
  const one = await put([named(top.id), named(other.id)], 'a');
  const two = await put([named(top.id), named(other.id)], 'b');
  const ids = [...one.body.items, ...two.body.items].map(({ id }) => id);
  assert.equal(new Set(ids).size, 4);
  const moved = await put([{ kind: 'conference', id: ids[0], account: other.id }], 'a');
  assert.deepEqual([moved.status, moved.body.errors[0].field], [422, 'records[0].id']);
  const mixed = await put([{ kind: 'conference', id: ids[2], externalRef: 'same', account: top.id }], 'a');
  assert.deepEqual([mixed.status, mixed.body.errors[0].field], [422, 'records[0].id']);
});

test('every field that is wrong is named, and nothing is written then', async () => {
  const before = (await list('call', 'total=exact&beneath=true')).total;
  const wrong = await put([
    { kind: 'call', externalRef: 'fine', account: leaf.id },
    {
      kind: 'call',
      account: leaf.id,
      status: 'gone',
      duration: -1,
      startedAt: 'yesterday',
      price: 'much',
      colour: 'red',
    },
    { kind: 'fax', id: 'x', account: 'AC00000000000000000000000000000000' },
    { kind: 'message', externalRef: '', account: {} },
    null,
  ]);
  assert.equal(wrong.status, 422);
  const fields = new Set(wrong.body.errors.map(({ field }: { field: string }) => field));
  for (const field of ['records[1].id', 'records[1].colour', 'records[2].kind', 'records[2].id', 'records[2].account'])
    assert.ok(fields.has(field), field);
  assert.ok(fields.has('records[3].externalRef') && fields.has('records[3].account'));
  const values = await put([
    {
      kind: 'call',
      id: 'CA00000000000000000000000000000001',
      account: leaf.id,
      status: 'gone',
      duration: -1,
      startedAt: 'yesterday',
      price: 'much',
    },
  ]);
  assert.deepEqual(values.body.errors.map(({ field }: { field: string }) => field.slice('records[0].'.length)).sort(), [
    'duration',
    'price',
    'startedAt',
    'status',
  ]);
  assert.equal((await list('call', 'total=exact&beneath=true')).total, before);
  const [source, many, missing] = await Promise.all([
    ask('POST', '/v1/records', { source: 'a b', records: [] }),
    put(Array.from({ length: 1_001 }, () => ({}))),
    ask('POST', '/v1/records', {}),
  ]);
  assert.deepEqual([source.status, many.status, missing.status], [422, 422, 422]);
});

test('two reports of the same at once leave one record', async () => {
  const records = Array.from({ length: 50 }, (_, n) => ({ kind: 'call', externalRef: `race-${n}`, account: other.id }));
  const answers = await Promise.all([1, 2, 3, 4].map((n) => put(n % 2 === 0 ? records : records.toReversed())));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  assert.equal((await list('call', `account=${other.id}&total=exact`)).total, 50);
});

test('pages follow one another, the newest first, of an account and of all beneath it', async () => {
  const records = Array.from({ length: 7 }, (_, n) => ({
    kind: 'message',
    externalRef: `page-${n}`,
    account: n % 2 === 0 ? middle.id : leaf.id,
    createdAt: `2020-01-0${n + 1}T00:00:00Z`,
  }));
  await put(records);
  const found: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = await list('message', `account=${top.id}&beneath=true&until=2021-01-01&limit=3&cursor=${cursor}`);
    found.push(...page.items.map((item: { externalRef: string }) => item.externalRef));
    cursor = page.next;
  }
  assert.deepEqual(
    found,
    [6, 5, 4, 3, 2, 1, 0].map((n) => `page-${n}`),
  );
  assert.equal((await list('message', `account=${middle.id}&total=exact`)).total, 4);
  assert.equal((await list('message', `account=${top.id}&total=exact`)).total, 0);
  assert.equal((await ask('GET', '/v1/records/fax')).status, 400);
});

test('what is older than it is kept is swept, by when it was', async () => {
  const { pool, chainKey } = here.context;
  const sweep = () =>
    transact(pool, chainKey, 'none', systemAuthor('system:test'), (transaction) =>
      sweepRecords(transaction, new Date('2020-01-03T12:00:00Z')),
    );
  assert.equal((await sweep()).value, 3);
  assert.equal((await sweep()).value, 0);
  assert.equal((await list('message', `account=${top.id}&beneath=true&until=2021-01-01&total=exact`)).total, 4);
});

test('the records of a closed account are there when they are asked for, and gone when it is erased', async () => {
  await closeEntity(here.context, ADMIN, middle.id);
  await here.follow();
  const count = async (query: string) =>
    (await list('call', `account=${top.id}&beneath=true&total=exact${query}`)).total;
  assert.deepEqual([await count(''), await count('&closed=true')], [0, 1]);
  const late = await put([{ kind: 'call', externalRef: 'late', account: leaf.id }]);
  assert.equal(late.status, 200);
  assert.equal(await count('&closed=true'), 2);
  await eraseEntity(here.context, ADMIN, middle.id);
  assert.equal(await count('&closed=true'), 0);
  for (const kind of RECORD_KINDS)
    assert.equal((await list(kind, `account=${middle.id}&beneath=true&closed=true&total=exact`)).total, 0);
});
