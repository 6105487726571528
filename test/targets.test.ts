/** Targets as people see and mend them, over targets whose states are written by hand. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { made } from '#test/people.ts';
import { receiptWorld } from '#test/receipt-world.ts';
import { sampleSystem } from '#test/system-samples.ts';

const world = await receiptWorld({ after: (work) => after(work) });
const { pool, admin, account, tenants, create, tenant, reach, set, confirmAll, readTo } = world;

describe('targets', () => {
  const targetOf = (id: number | undefined) => made(admin('GET', `/v1/systems/office/targets/${id}`));

  test('are bound only to what they fit, under a reference that the kind of system reads', async () => {
    const wrong = await admin('PUT', `/v1/systems/office/targets/${account}`, { reference: 'x' });
    assert.deepEqual([wrong.status, wrong.body['errors'][0].field], [422, 'entity']);
    const empty = await admin('PUT', `/v1/systems/office/targets/${tenants[0]}`, { reference: '' });
    assert.deepEqual([empty.status, empty.body['errors'][0].field], [422, 'reference']);
    await made(admin('POST', '/v1/systems', { name: 'proxy', ...sampleSystem('kamailio') }));
    assert.equal((await admin('PUT', `/v1/systems/proxy/targets/${account}`, { reference: 'x' })).status, 422);
    assert.equal((await admin('PUT', `/v1/systems/nothing/targets/${account}`, { reference: 'x' })).status, 404);
    const closed = await tenant(await create('0', 'Free'));
    await made(admin('POST', `/v1/entities/${closed}/close`));
    const refused = await admin('PUT', `/v1/systems/office/targets/${closed}`, { reference: 'x' });
    assert.equal(refused.body['code'], 'closed');
  });

  test('of another reference are another thing, of which nothing is known', async () => {
    const [id] = tenants;
    await set(
      id,
      `applied = '{"disabled": true}', kept = '{"a": 1}', lease_token = gen_random_uuid(), leased_until = now()`,
    );
    const same = await made(admin('PUT', `/v1/systems/office/targets/${id}`, { reference: `tenant-${id}` }));
    assert.deepEqual(same['confirmed'], { disabled: true });
    const other = await made(admin('PUT', `/v1/systems/office/targets/${id}`, { reference: 'renamed' }));
    assert.deepEqual([other['confirmed'], other['reference'], other['running']], [null, 'renamed', false]);
    const { rows } = await pool.query('select kept, lease_token from target where entity_id = $1', [id]);
    assert.deepEqual(rows[0], { kept: null, lease_token: null });
  });

  test('that failed are told again, one or all that are meant', async () => {
    await confirmAll();
    await readTo(await reach(tenants));
    const fail = (id: number | undefined, code: string) =>
      set(id, `needs_person = true, attempts = 4, due_at = null, problem_code = '${code}'`);
    const [a, b, c, d] = tenants;
    for (const id of [a, b, c]) await fail(id, 'refused');
    await fail(d, 'credentials');
    const one = await made(admin('POST', `/v1/systems/office/targets/${a}/retry`));
    assert.deepEqual([one['outcome'], one['attempts'], one['nextTryAt'] === null], ['pending', 0, false]);
    assert.deepEqual(await made(admin('POST', '/v1/systems/office/targets/retry', { problem: 'credentials' })), {
      system: 'office',
      count: 1,
    });
    assert.equal((await targetOf(d))['outcome'], 'pending');
    assert.equal((await made(admin('POST', '/v1/systems/office/targets/acknowledge', { beneath: b })))['count'], 1);
    assert.deepEqual(
      [(await targetOf(b))['outcome'], (await targetOf(b))['acknowledgedBy']],
      ['acknowledged', 'token:admin'],
    );
    assert.equal((await made(admin('POST', '/v1/systems/office/targets/retry')))['count'], 1, 'only what failed');
    assert.equal((await targetOf(b))['outcome'], 'acknowledged');
    const { body } = await admin('POST', `/v1/systems/office/targets/${a}/acknowledge`);
    assert.equal(body['code'], 'conflict');
    await fail(a, 'refused');
    assert.equal((await made(admin('POST', `/v1/systems/office/targets/${a}/acknowledge`)))['outcome'], 'acknowledged');
    const { items } = await made(admin('GET', '/v1/changes?kind=target.*&limit=1000'));
    const recorded = items.filter((change: { kind: string }) => /retried|acknowledged/.test(change.kind));
    assert.deepEqual(
      recorded.map((change: { kind: string; facts: { count?: number } }) => [change.kind, change.facts.count]),
      [
        ['target.retried', undefined],
        ['target.retried', 1],
        ['target.acknowledged', 1],
        ['target.retried', 1],
        ['target.acknowledged', undefined],
      ],
    );
    assert.equal((await admin('POST', '/v1/systems/office/targets/retry', { size: 1 })).status, 422);
  });

  test('are listed by number, page by page, by outcome, problem and place', async () => {
    const idsOf = async (query: string) =>
      (await made(admin('GET', `/v1/systems/office/targets?${query}`))).items.map(
        (item: { entityNumber: number }) => item.entityNumber,
      );
    assert.deepEqual(await idsOf('limit=1000'), tenants);
    const page = await made(admin('GET', '/v1/systems/office/targets?limit=2'));
    assert.deepEqual(await idsOf(`limit=2&cursor=${page['next']}`), tenants.slice(2, 4));
    assert.deepEqual(await idsOf('outcome=acknowledged'), tenants.slice(0, 2));
    assert.deepEqual(await idsOf(`beneath=${tenants[3]}`), [tenants[3]]);
    assert.deepEqual(await idsOf(`beneath=${account}`), tenants);
    assert.deepEqual(await idsOf('beneath=0'), tenants);
    assert.deepEqual(await idsOf(`beneath=${await create('0', 'Empty')}`), []);
    const { targets } = await made(admin('GET', '/v1/systems/office'));
    assert.deepEqual([targets.total, targets.acknowledged], [6, 2]);
  });

  test('that name a system by themselves are not unbound by hand', async () => {
    await set(tenants[4], 'is_bound_by_hand = false');
    const refused = await admin('DELETE', `/v1/systems/office/targets/${tenants[4]}`);
    assert.equal(refused.body['code'], 'conflict');
    const gone = await made(admin('DELETE', `/v1/systems/office/targets/${tenants[3]}`));
    assert.equal(gone['entityNumber'], tenants[3]);
    assert.equal((await admin('GET', `/v1/systems/office/targets/${tenants[3]}`)).status, 404);
    assert.equal((await admin('DELETE', `/v1/systems/office/targets/${tenants[3]}`)).status, 404);
  });

  test('that were bound otherwise than they say go by their own name again when they are unbound', async () => {
    const free = await create('0', 'Own');
    const { number } = await made(
      admin('POST', '/v1/resources', { kind: 'foreign', system: 'office', externalReference: 'own-1', parent: free }),
    );
    await made(admin('PUT', `/v1/systems/office/targets/${number}`, { reference: 'other' }));
    await made(admin('DELETE', `/v1/systems/office/targets/${number}`));
    const target = await targetOf(number);
    assert.deepEqual([target['reference'], target['boundByHand']], ['own-1', false]);
  });
});
