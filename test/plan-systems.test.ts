/** A plan says what systems will be told: as many as the receipt counts, and as the systems hear it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { SystemKindName } from '#core/system-kind.ts';
import { Reconciler } from '#reconciler/reconciler.ts';
import type { MakeDriver, Order } from '#systems/system.ts';
import { makeSealingKey } from '#store/sealing.ts';
import { TEST_SECRET } from '#test/database.ts';
import { testInstallation } from '#test/installation.ts';
import { administrator, made } from '#test/people.ts';
import { sampleSystem } from '#test/system-samples.ts';

const here = await testInstallation({ after: (work) => after(work) }, { guardLimit: 1_000_000 });
const admin = administrator(here.app);

/** What each system was told, by entity. */
const told: { system: string; order: Order }[] = [];
const driver: MakeDriver = ({ name }) => ({
  converge: (order) => {
    told.push({ system: name, order });
    return Promise.resolve({ type: 'done' });
  },
});
const kinds: readonly SystemKindName[] = ['aps', 'number_provider', 'kamailio'];
const troubles: unknown[] = [];
const reconciler = new Reconciler({
  pool: here.pool,
  connectionString: here.connectionString,
  sealingKey: () => makeSealingKey(TEST_SECRET),
  chainKey: () => here.chainKey,
  makeDriver: Object.fromEntries(kinds.map((kind) => [kind, driver])),
  workerName: 'test',
  onTrouble: (what, error) => troubles.push([what, error]),
  pollMs: 20,
});
reconciler.start();
after(() => reconciler.stop());

interface Planned {
  readonly system: string;
  readonly targets: number;
  readonly told: Readonly<Record<string, number>>;
  readonly unchanged: number;
}

const settled = async (revision: unknown) => {
  const receipt = await made(admin('GET', `/v1/operations/${String(revision)}?wait=60s&limit=1000`));
  assert.equal(receipt['state'], 'settled', JSON.stringify(receipt['systems']));
  return receipt;
};
const write = async (answer: ReturnType<typeof admin>) => {
  const { status, headers, body, text } = await answer;
  assert.ok(status < 300, text);
  return { body, revision: Number(headers['abeyance-revision']) };
};

/** platform / a / b / c, each with tenants and a number; what lies in `a` and is owned by `side`. */
const ids: Record<string, string> = {};
let last = 0;
const create = async (name: string, path: string, payload: object) => {
  const { body, revision } = await write(admin('POST', path, payload));
  ids[name] = body['id'];
  last = revision;
};
let e164 = 31_700_000_000;
for (const [name, kind] of [
  ['office', 'aps'],
  ['carrier', 'number_provider'],
  ['proxy', 'kamailio'],
] as const)
  await create(name, '/v1/systems', { name, ...sampleSystem(kind) });
for (const [name, parent] of [
  ['a', null],
  ['b', 'a'],
  ['c', 'b'],
  ['side', 'a'],
  ['far', null],
] as const) {
  await create(name, '/v1/accounts', { name, ...(parent === null ? {} : { parent: ids[parent] }) });
  for (const n of [1, 2])
    await create(`${name} tenant ${n}`, '/v1/resources', {
      kind: 'foreign',
      system: n === 1 ? 'office' : 'nowhere',
      externalReference: `${name}-${n}`,
      parent: ids[name],
    });
  await create(`${name} number`, '/v1/resources', {
    kind: 'phone_number',
    e164: `+${(e164 += 1)}`,
    provider: 'carrier',
    providerReference: `n-${name}`,
    parent: ids[name],
  });
}
await create('owned', '/v1/resources', {
  kind: 'phone_number',
  e164: `+${(e164 += 1)}`,
  provider: 'carrier',
  providerReference: 'n-owned',
  parent: ids['b'],
  owner: ids['side'],
});
await settled(last);

/** Plans, applies, and compares what was said with what came. Answers the plan's part about systems. */
async function check(entity: string, intent: object): Promise<readonly Planned[]> {
  const plan = await made(admin('POST', `/v1/entities/${entity}/plan`, intent));
  const planned = plan['effect'].systems as readonly Planned[];
  told.length = 0;
  const { revision } = await write(admin('POST', `/v1/plans/${String(plan['token'])}/apply`));
  const receipt = await settled(revision);
  const counted = Object.fromEntries(
    receipt['systems'].map((totals: { system: string; targets: number }) => [totals.system, totals.targets]),
  );
  assert.deepEqual(Object.fromEntries(planned.map(({ system, targets }) => [system, targets])), counted);
  for (const { system, targets, told: verbs, unchanged } of planned) {
    const calls = Object.values(verbs).reduce((sum, n) => sum + n, 0);
    assert.equal(calls + unchanged, targets);
    assert.equal(
      told.filter((call) => call.system === system).length,
      calls,
      `${system} after ${JSON.stringify(intent)}`,
    );
  }
  assert.equal(
    told.filter((call) => !planned.some(({ system }) => system === call.system)).length,
    0,
    'nobody else is told anything',
  );
  return planned;
}

test('a hold, another beneath it, and their lifting', async () => {
  const outer = await check(ids['b'] ?? '', { action: 'hold', profile: 'suspended' });
  assert.deepEqual(
    outer.find(({ system }) => system === 'office'),
    { system: 'office', kind: 'aps', targets: 2, told: { disable: 2 }, unchanged: 0 },
  );
  assert.equal(outer.find(({ system }) => system === 'carrier')?.targets, 3);
  const inner = await check(ids['a'] ?? '', { action: 'hold', profile: 'suspended', externalRef: 'again' });
  assert.deepEqual(
    inner.find(({ system }) => system === 'office'),
    { system: 'office', kind: 'aps', targets: 4, told: { disable: 2 }, unchanged: 2 },
  );
  const { items } = await made(admin('GET', `/v1/entities/${ids['b']}/holds`));
  await check(ids['b'] ?? '', { action: 'lift', hold: items[0].id });
  const above = await made(admin('GET', `/v1/entities/${ids['a']}/holds`));
  await check(ids['a'] ?? '', { action: 'lift', hold: above['items'][0].id });
});

test('what is owned from elsewhere is told of with its owner', async () => {
  const planned = await check(ids['side'] ?? '', { action: 'hold', profile: 'limited' });
  assert.equal(planned.find(({ system }) => system === 'carrier')?.targets, 2);
});

test('a single resource', async () => {
  const planned = await check(ids['c tenant 1'] ?? '', { action: 'hold', profile: 'suspended' });
  assert.equal(planned.find(({ system }) => system === 'office')?.targets, 1);
});

test('an edit of a profile reaches all that it holds, and nothing when it holds nothing', async () => {
  await made(admin('PUT', '/v1/profiles/seasonal', { denied: ['call.out'] }));
  assert.deepEqual(await check('0', { action: 'profile', name: 'seasonal', body: { denied: ['call.in'] } }), []);
  for (const name of ['far', 'c']) {
    const { revision } = await write(admin('POST', `/v1/entities/${ids[name]}/holds`, { profile: 'seasonal' }));
    await settled(revision);
  }
  const { denied } = await made(admin('GET', '/v1/profiles/suspended'));
  const planned = await check('0', { action: 'profile', name: 'seasonal', body: { denied } });
  assert.deepEqual(
    planned.find(({ system }) => system === 'office'),
    { system: 'office', kind: 'aps', targets: 2, told: { disable: 1 }, unchanged: 1 },
    'what a hold of its own suspends already stays as it is',
  );
});

test('closing releases', async () => {
  const planned = await check(ids['b'] ?? '', { action: 'close' });
  assert.deepEqual(planned.find(({ system }) => system === 'carrier')?.told, { release: 3 });
});

test('a hold for later, and one beneath what is closed', async () => {
  const plan = await made(
    admin('POST', `/v1/entities/${ids['a']}/plan`, { action: 'hold', profile: 'suspended', startsAt: '2199-01-01' }),
  );
  assert.ok(plan['effect'].systems.length > 0, 'it is planned as it will be when it begins');
  await check(ids['a'] ?? '', { action: 'hold', profile: 'limited' });
  assert.deepEqual(troubles, []);
});
