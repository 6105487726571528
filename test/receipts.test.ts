/** Receipts as people see them, over targets whose states are written by hand. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { systemAuthor } from '#store/change.ts';
import { transact } from '#store/transaction.ts';
import { addPerson, by, made } from '#test/people.ts';
import { receiptWorld } from '#test/receipt-world.ts';

const world = await receiptWorld({ after: (work) => after(work) });
const { here, pool, admin, account, tenants, create, tenant, reach, set, confirmAll, readTo, receiptOf } = world;

function sumOf(totals: Record<string, unknown>): number {
  const { confirmed, pending, waiting, retrying, failed, acknowledged, superseded } = totals as Record<
    string,
    number
  > & {
    superseded: { confirmed: number; open: number };
  };
  const parts = [confirmed, pending, waiting, retrying, failed, acknowledged, superseded.confirmed, superseded.open];
  return parts.reduce((sum: number, part) => sum + Number(part), 0);
}

test('a write names its receipt, which is expanding until the log was read that far', async () => {
  const written = await admin('POST', '/v1/accounts', { name: 'Plain' });
  const revision = Number(written.headers['abeyance-revision']);
  assert.equal(written.headers['link'], `</v1/operations/${revision}>; rel="receipt"`);
  await readTo(revision - 1);
  assert.equal((await receiptOf(revision)).state, 'expanding');
  await readTo(revision);
  const receipt = await receiptOf(revision);
  assert.deepEqual(
    [receipt['state'], receipt['systems'], receipt['items'], receipt['kind'], receipt['entity'], receipt['actor']],
    ['settled', [], [], 'entity.created', written.body['id'], 'token:admin'],
  );
});

test('whoever prefers not to wait is told where the receipt is', async () => {
  for (const prefer of ['respond-async', 'handling=lenient, Respond-Async; foo']) {
    const { status, headers, body } = await admin('POST', '/v1/accounts', { name: 'Async' }, { prefer });
    assert.equal(status, 202);
    assert.equal(body['name'], 'Async');
    assert.equal(headers['location'], `/v1/operations/${String(headers['abeyance-revision'])}`);
    assert.equal(headers['preference-applied'], 'respond-async');
  }
  const none = await admin('PATCH', `/v1/entities/${account}`, {}, { prefer: 'respond-async' });
  assert.deepEqual([none.status, none.headers['location']], [200, undefined], 'nothing was changed');
  const wait = await admin('POST', '/v1/accounts', { name: 'Sync' }, { prefer: 'wait=10' });
  assert.deepEqual([wait.status, wait.headers['preference-applied']], [201, undefined]);
});

describe('a receipt', () => {
  let revision: number;
  before(async () => {
    await confirmAll();
    revision = await reach(tenants);
    await readTo(revision);
    const [confirmed, waiting, retrying, failed, acknowledged] = tenants;
    await set(
      confirmed,
      'generation_applied = generation_desired, is_drifted = true, confirmed_at = now(), due_at = null',
    );
    await set(waiting, `task = '{"at": 1}', note = 'provisioning', told_at = now()`);
    await set(retrying, `attempts = 3, problem_code = 'timeout', problem_detail = 'no answer', problem_since = now()`);
    await set(
      failed,
      `needs_person = true, problem_code = 'refused', problem_detail = 'no such tenant', problem_since = now()`,
    );
    await set(acknowledged, `needs_person = true, acknowledged_at = now(), acknowledged_by = 'token:admin'`);
  });

  test('counts each target once', async () => {
    const receipt = await receiptOf(revision);
    assert.equal(receipt['state'], 'running');
    const [totals] = receipt['systems'];
    assert.deepEqual(totals, {
      system: 'office',
      kind: 'aps',
      targets: 6,
      confirmed: 1,
      pending: 1,
      waiting: 1,
      retrying: 1,
      failed: 1,
      acknowledged: 1,
      superseded: { confirmed: 0, open: 0 },
    });
    assert.equal(sumOf(totals), 6);
  });

  test('tells of each target what became of it', async () => {
    const { items } = await receiptOf(revision);
    assert.deepEqual(
      items.map((item: { entityNumber: number; outcome: string }) => [item.entityNumber, item.outcome]),
      tenants.map((id, index) => [id, ['drifted', 'waiting', 'retrying', 'failed', 'acknowledged', 'pending'][index]]),
    );
    assert.deepEqual(
      [items[1].note, items[2].attempts, items[3].problem.detail],
      ['provisioning', 3, 'no such tenant'],
    );
    assert.ok(items.every((item: { desiredGeneration: number }) => item.desiredGeneration === revision));
  });

  test('gives its targets page by page, and those that were asked for', async () => {
    const seen: number[] = [];
    for (let cursor = ''; ;) {
      const page = await receiptOf(revision, `?limit=4&cursor=${cursor}`);
      seen.push(...page['items'].map((item: { entityNumber: number }) => item.entityNumber));
      if (page['next'] === null) break;
      cursor = page['next'];
    }
    assert.deepEqual(seen, tenants);
    const failed = await receiptOf(revision, '?outcome=failed,retrying');
    assert.deepEqual(
      failed['items'].map((item: { entityNumber: number }) => item.entityNumber),
      [tenants[2], tenants[3]],
    );
    assert.deepEqual((await receiptOf(revision, '?system=nothing'))['items'], []);
    assert.equal((await receiptOf(revision, '?system=office'))['items'].length, 6);
    for (const wrong of ['outcome=fine', 'cursor=x', 'limit=0', 'wait=soon'])
      assert.ok([400, 422].includes((await admin('GET', `/v1/operations/${revision}?${wrong}`)).status), wrong);
  });

  test('of what a later change reached says how it stood then', async () => {
    const later = await reach(tenants.slice(0, 3));
    await readTo(later);
    const [totals] = (await receiptOf(revision))['systems'];
    assert.deepEqual(totals.superseded, { confirmed: 1, open: 2 });
    assert.equal(sumOf(totals), totals.targets);
    assert.equal((await receiptOf(revision))['items'].length, 3);
    assert.equal((await receiptOf(later))['items'].length, 3);
    await made(admin('DELETE', `/v1/systems/office/targets/${tenants[5]}`));
    const [unbound] = (await receiptOf(revision))['systems'];
    assert.deepEqual(unbound.superseded, { confirmed: 1, open: 3 });
    assert.equal(sumOf(unbound), unbound.targets);
    await made(admin('PUT', `/v1/systems/office/targets/${tenants[5]}`, { reference: 'again' }));
    assert.equal((await receiptOf(revision))['state'], 'settled', 'what is left needs a person');
  });
});

test('a receipt can be waited for, and ends as soon as nothing is under way', async () => {
  await confirmAll();
  const revision = await reach(tenants.slice(0, 2));
  await readTo(revision);
  const waiting = receiptOf(revision, '?wait=60s');
  const streaming = admin('GET', `/v1/operations/${revision}`, undefined, { accept: 'text/event-stream' });
  assert.equal((await receiptOf(revision, '?wait=10ms'))['state'], 'running');
  await set(tenants[0], 'generation_applied = generation_desired');
  await set(tenants[1], `needs_person = true, problem_code = 'refused'`);
  const receipt = await waiting;
  assert.equal(receipt['state'], 'settled');
  assert.deepEqual([receipt['systems'][0].confirmed, receipt['systems'][0].failed], [1, 1]);
  const { text, headers } = await streaming;
  assert.match(String(headers['content-type']), /^text\/event-stream/);
  const events = text.split('\n\n').filter((event) => event.startsWith('event:'));
  assert.match(events.at(-1) ?? '', /^event: settled\ndata: \{.*"failed":1/);
  assert.ok(events.length >= 1 && events.slice(0, -1).every((event) => event.startsWith('event: progress')));
});

test('several changes of one commit are one operation', async () => {
  const first = Number((await pool.query('select revision from change_counter')).rows[0].revision) + 1;
  const answer = await admin('POST', '/v1/bulk', {
    items: [1, 2, 3].map((n) => ({ op: 'create', body: { kind: 'account', name: `Bulk ${n}` } })),
  });
  const last = Number(answer.headers['abeyance-revision']);
  assert.equal(last, first + 2);
  for (const revision of [first, first + 1, last]) assert.equal((await receiptOf(revision))['revision'], last);
  assert.equal((await receiptOf(first - 1))['revision'], first - 1);
  const mine = by(here.app, await addPerson(admin, answer.body['items'][0].body.id));
  assert.equal(
    (await made(mine('GET', `/v1/operations/${first}`)))['revision'],
    first,
    'who sees a part is told of that',
  );
  assert.equal((await mine('GET', `/v1/operations/${last}`)).status, 404);
});

describe('who may see', () => {
  test('whoever sees the entity of the change sees its receipt, without what is of the platform', async () => {
    await confirmAll();
    const revision = await reach(tenants);
    await readTo(revision);
    const boss = by(here.app, await addPerson(admin, account));
    const other = by(here.app, await addPerson(admin, await create('0', 'Other')));
    const receipt = await made(boss('GET', `/v1/operations/${revision}`));
    assert.equal(receipt['items'].length, 6);
    assert.equal(receipt['actor'], 'platform');
    assert.ok(receipt['items'].every((item: object) => !('reference' in item) && !('acknowledgedBy' in item)));
    const hidden = await other('GET', `/v1/operations/${revision}`);
    const missing = await other('GET', '/v1/operations/999999');
    assert.equal(hidden.status, 404);
    assert.equal(hidden.text.replaceAll(String(revision), '999999'), missing.text);
    for (const wrong of ['0', 'abc', '-1', '1e3', '999999999999999'])
      assert.equal((await admin('GET', `/v1/operations/${wrong}`)).status, 404, wrong);
    const own = await made(boss('GET', `/v1/entities/${tenants[0]}/targets`));
    assert.deepEqual(
      own['items'].map((item: { system: string; outcome: string }) => [item.system, item.outcome]),
      [['office', 'pending']],
    );
    assert.ok(!('reference' in own['items'][0]));
    await set(
      tenants[0],
      `attempts = 1, problem_code = 'unreachable', problem_detail = 'http://10.1.2.3', note = 'at 10.1.2.3'`,
    );
    const facts = { system: 'x', name: 'office', found: { at: '10.1.2.3' }, wanted: { at: '10.1.2.3' } };
    await transact(pool, here.chainKey, 'none', systemAuthor('system:reconciler'), async (transaction) =>
      transaction.record({ kind: 'drift.found', entityId: tenants[0] ?? 0, facts, touched: [] }),
    );
    const drifts = await made(boss('GET', '/v1/changes?kind=drift.*'));
    assert.deepEqual(drifts['items'].at(-1).facts, { system: 'x', name: 'office' });
    assert.deepEqual((await made(admin('GET', '/v1/changes?kind=drift.*')))['items'].at(-1).facts, facts);
    for (const path of [`/v1/entities/${tenants[0]}/targets`, `/v1/operations/${revision}`]) {
      const { text } = await boss('GET', path);
      assert.ok(text.includes('"code":"unreachable"') && !text.includes('10.1.2.3'), path);
      assert.ok((await admin('GET', path)).text.includes('10.1.2.3'), path);
    }
    assert.equal((await other('GET', `/v1/entities/${tenants[0]}/targets`)).status, 404);
    assert.equal((await boss('GET', '/v1/systems/office/targets')).status, 404);
    assert.equal((await boss('POST', `/v1/systems/office/targets/${tenants[0]}/retry`)).status, 404);
  });
});

test('what was bound a moment ago is counted by no change of somebody else', async () => {
  await confirmAll();
  const fresh = await tenant(await create('0', 'Fresh'));
  // Whoever commits between its look at the log and its own commit gets the revision that it took for its own.
  await made(admin('PUT', `/v1/systems/office/targets/${fresh}`, { reference: 'fresh' }));
  const revision = await reach(tenants.slice(0, 2));
  await set(fresh, `generation_desired = ${revision}, generation_applied = 0`);
  await readTo(revision);
  await pool.query('update target set generation_applied = generation_desired where entity_id = any ($1)', [tenants]);
  const totals = async () => (await receiptOf(revision))['systems'][0];
  assert.deepEqual([(await totals()).targets, (await totals()).confirmed, (await totals()).pending], [2, 2, 0]);
  await made(admin('DELETE', `/v1/systems/office/targets/${fresh}`));
  assert.deepEqual([(await totals()).confirmed, (await totals()).superseded], [2, { confirmed: 0, open: 0 }]);
});
