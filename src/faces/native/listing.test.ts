/** Lists: every item once whatever the size of the page, filters, exact totals, and the ways to name an entity. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { testInstallation } from '#test/installation.ts';

import { type Body, CheckedClient } from '#test/checked-client.ts';

const { app } = await testInstallation({ after: (work) => after(work) });
const client = await CheckedClient.of(app);

const COUNT = 57;
const root = await client.done('POST', '/v1/accounts', { name: 'Root' });
const domain = await client.done('POST', '/v1/resources', {
  kind: 'sip_domain',
  domain: 'lists.example',
  parent: root.id,
});
const items = Array.from({ length: COUNT }, (_, index) => ({
  op: 'create',
  body: { kind: 'sip_account', username: `user${String(index).padStart(2, '0')}`, parent: domain.id },
}));
const users = (await client.done('POST', '/v1/bulk', { items })).items.map((item) => item['body'] as Body);
const idOf = (index: number) => users[index]?.id ?? assert.fail('no such user');

async function all(url: string): Promise<{ items: Body[]; pages: number }> {
  const found: Body[] = [];
  let pages = 0;
  for (let cursor: string | null = ''; cursor !== null; pages++) {
    const page: Body = await client.done('GET', `${url}${cursor === '' ? '' : `&cursor=${cursor}`}`);
    found.push(...page.items);
    cursor = page.next;
  }
  return { items: found, pages };
}

test('pages of any size give every child once, in the order of creation', async () => {
  for (const limit of [1, 10, 19, 56, 57, 58, 1000]) {
    const found = await all(`/v1/entities/${domain.id}/children?limit=${limit}`);
    assert.deepEqual(
      found.items.map((item) => item.id),
      users.map((user) => user.id),
      `limit ${limit}`,
    );
    assert.equal(found.pages, Math.ceil(COUNT / limit));
  }
});

test('what is created between two pages appears at the end, and nothing appears twice', async () => {
  const parent = await client.done('POST', '/v1/accounts', { name: 'Growing' });
  const create = (name: string) => client.done('POST', '/v1/accounts', { name, parent: parent.id });
  await create('a');
  await create('b');
  await create('c');
  const first = await client.done('GET', `/v1/entities/${parent.id}/children?limit=2`);
  await create('d');
  const rest = await client.done('GET', `/v1/entities/${parent.id}/children?limit=10&cursor=${first.next}`);
  assert.deepEqual(
    [...first.items, ...rest.items].map((item) => item['name']),
    ['a', 'b', 'c', 'd'],
  );
});

test('filters narrow a list, and total=exact counts what they leave', async () => {
  await client.done('POST', `/v1/entities/${idOf(3)}/holds`, { profile: 'suspended' });
  await client.done('POST', `/v1/entities/${idOf(4)}/holds`, { profile: 'limited' });
  await client.done('POST', `/v1/entities/${idOf(5)}/close`);
  const other = await client.done('POST', '/v1/accounts', { name: 'Owner', parent: root.id });
  await client.done('POST', `/v1/entities/${idOf(6)}/transfer`, { owner: other.id });
  const url = `/v1/entities/${domain.id}/children`;
  const rows: readonly { reason: string; query: string; indexes: readonly number[] | null; total: number }[] = [
    { reason: 'closed ones are left out unless asked for', query: '', indexes: null, total: COUNT - 1 },
    { reason: 'and come when asked for', query: 'closed=true', indexes: null, total: COUNT },
    { reason: 'by standing', query: 'standing=suspended', indexes: [3], total: 1 },
    { reason: 'limited is not suspended', query: 'standing=limited', indexes: [4], total: 1 },
    { reason: 'asking for closed ones includes them', query: 'standing=closed', indexes: [5], total: 1 },
    { reason: 'by owner', query: `owner=${other.id}`, indexes: [6], total: 1 },
    {
      reason: 'by part of the label, case ignored',
      query: 'q=USER1',
      indexes: [10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
      total: 10,
    },
    { reason: 'a percent sign is a letter like any other', query: 'q=%25', indexes: [], total: 0 },
    { reason: 'an underscore too', query: 'q=user_1', indexes: [], total: 0 },
    { reason: 'by kind', query: 'kind=sip_alias', indexes: [], total: 0 },
    { reason: 'by kinds', query: 'kind=sip_alias,sip_account&standing=suspended', indexes: [3], total: 1 },
  ];
  for (const { reason, query, indexes, total } of rows) {
    const page = await client.done('GET', `${url}?limit=1000&total=exact&${query}`);
    assert.equal(page['total'], total, reason);
    assert.equal(page.items.length, total, reason);
    if (indexes !== null)
      assert.deepEqual(
        page.items.map((item) => item.id),
        indexes.map(idOf),
        reason,
      );
  }
  assert.equal((await client.done('GET', url))['total'], null, 'nobody counts unasked');
  const short = await client.done('GET', `${url}?limit=2&total=exact`);
  assert.deepEqual([short.items.length, short['total']], [2, COUNT - 1], 'the total is not that of the page');
  const everywhere = await client.done('GET', `/v1/entities?kind=sip_account&total=exact&limit=1`);
  assert.equal(everywhere['total'], COUNT - 1);
});

test('a filter that means nothing is refused by name', async () => {
  for (const [query, field] of [
    ['kind=elephant', 'kind'],
    ['cursor=abc', 'cursor'],
    ['standing=merry', 'standing'],
    ['limit=1001', 'limit'],
    ['closed=perhaps', 'closed'],
  ] as const) {
    const { status, body } = await client.call('GET', `/v1/entities?${query}`);
    assert.ok(status === 400 || status === 422, query);
    assert.deepEqual(
      (body['errors'] as { field: string }[]).map((error) => error.field),
      [field],
    );
  }
});

test('holds are paged like everything else', async () => {
  const account = await client.done('POST', '/v1/accounts', { name: 'Many holds' });
  const url = `/v1/entities/${account.id}/holds`;
  for (let index = 0; index < 7; index++)
    await client.done('POST', url, { profile: 'limited', externalRef: `r${index}` });
  const found = await all(`${url}?limit=3`);
  assert.deepEqual(
    found.items.map((hold) => hold['externalRef']),
    ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6'],
  );
  assert.equal(found.pages, 3);
});

test('the log of changes is paged without gaps, and its cursor names the epoch', async () => {
  const revisions: unknown[] = [];
  let cursor = '';
  for (;;) {
    const page = await client.done('GET', `/v1/changes?limit=20&after=${cursor}`);
    if (page.items.length === 0) break;
    revisions.push(...page.items.map((change) => change['revision']));
    cursor = String(page.next);
  }
  assert.deepEqual(
    revisions,
    revisions.map((_, index) => index + 1),
  );
  assert.ok(revisions.length > COUNT);
  const former = cursor.replace(/^[0-9a-f]{8}/, '00000000');
  const refused = await client.call('GET', `/v1/changes?after=${former}`);
  assert.equal(refused.body['code'], 'conflict', 'the cursor of another epoch');
});

test('an entity answers to its UUID, its number, and every one of its names', async () => {
  const number = await client.done('POST', '/v1/resources', {
    kind: 'phone_number',
    e164: '+31208005300',
    target: idOf(0),
    parent: root.id,
  });
  const account = await client.done('POST', '/v1/accounts', { name: 'Named', reference: 'A/17 b' });
  const box = await client.done('POST', '/v1/resources', {
    kind: 'mailbox',
    address: 'box@lists.example',
    parent: account.id,
  });
  const first = users[0] ?? assert.fail('no user');
  const rows: readonly [string, string][] = [
    [first.id, first.id],
    [first.id.toUpperCase(), first.id],
    [String(first.number), first.id],
    ['sip:user00@lists.example', first.id],
    ['sip:USER00@LISTS.example', first.id],
    ['sips:user00@lists.example;transport=tls', first.id],
    ['tel:+31208005300', number.id],
    ['tel:+31 20 800-5300', number.id],
    ['ref:A/17 b', account.id],
    [`account:${account.id}`, account.id],
    ['mailto:Box@Lists.Example', box.id],
    ['sip:lists.example', domain.id],
  ];
  for (const [given, id] of rows)
    assert.equal((await client.done('GET', `/v1/entities/${encodeURIComponent(given)}`)).id, id, given);
  for (const given of ['sip:user99@lists.example', '999999999', 'tel:+31209999999'])
    assert.equal((await client.call('GET', `/v1/entities/${encodeURIComponent(given)}`)).status, 404, given);
  for (const given of ['user00@lists.example', 'sip:', 'tel:12', 'x'.repeat(500)])
    assert.equal(
      (await client.call('GET', `/v1/entities/${encodeURIComponent(given)}`)).body['code'],
      'invalid',
      given,
    );
});
