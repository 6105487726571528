/** The life of a resource at its endpoint: made, changed, held through its container, found changed, removed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeApsDriver } from './aps.ts';
import { HELD, INSTANCE, systemFor } from './target-for-test.ts';
import { typeOf, world } from './world-for-test.ts';

test('a resource that is still being made is called when it is ready', async (t) => {
  const { endpoint, add, status } = await world(t);
  for (const awaits of ['aps:provisioning', 'aps:activating', 'aps:configuring', 'aps:upgrading', 'aps:whatever']) {
    const target = add({ apsStatus: awaits });
    const before = endpoint.requests.length;
    const outcome = await target.tell(HELD);
    assert.equal(typeOf(outcome), 'waiting');
    assert.match(JSON.stringify(outcome), new RegExp(awaits));
    assert.equal(endpoint.requests.length, before, 'nothing is called');
    target.values = { ...target.values, apsStatus: 'aps:ready' };
    assert.equal(typeOf(await target.tell(HELD)), 'done');
    assert.equal(status(target), 'aps:disabled');
  }
});

test('a custom status is remembered, counts as ready, and is back after enable', async (t) => {
  const { add } = await world(t);
  const target = add({ apsStatus: 'crm:trial' });
  await target.tell(HELD);
  assert.deepEqual(target.kept, { status: 'crm:trial' });
  target.values = { ...target.values, apsStatus: 'aps:ready' };
  await target.tell({});
  assert.equal((target.applied as { status?: string }).status, 'crm:trial');
  assert.equal(target.kept, null);
});

test('properties are configured when they changed, and never while it is disabled', async (t) => {
  const { endpoint, add, effects } = await world(t, {}, { configures: true });
  const target = add({ properties: { plan: 'small' } });
  assert.equal(typeOf(await target.tell({})), 'done', 'what is there is taken over');
  assert.deepEqual(effects(target), []);
  assert.equal(await target.tell({}), null);
  target.values = { ...target.values, properties: { plan: 'large', aps: { id: 'forged' } } };
  assert.equal(typeOf(await target.tell({})), 'done');
  const sent = JSON.parse(endpoint.requests.at(-1)?.body ?? '') as { plan: string; aps: { id: string } };
  assert.equal(sent.plan, 'large');
  assert.equal(sent.aps.id, target.id, 'no property takes the place of aps');
  await target.tell(HELD);
  target.values = { ...target.values, properties: { plan: 'huge' } };
  assert.equal(await target.tell(HELD), null);
  assert.equal(typeOf(await target.tell({})), 'done');
  assert.deepEqual(effects(target), ['configure', 'disable', 'enable', 'configure']);
  assert.equal(endpoint.resources.get(target.id)?.properties['plan'], 'huge');
  assert.ok(
    !JSON.stringify([target.applied, target.kept, target.outcomes]).includes('huge'),
    'nothing keeps properties',
  );
});

test('a configure that fails after enable goes on where it was, and a new hold disables again', async (t) => {
  const { endpoint, add, effects, status } = await world(t, {}, { configures: true });
  const target = add({ properties: { plan: 'small' } });
  await target.tell({});
  await target.tell(HELD);
  target.values = { ...target.values, properties: { plan: 'huge' } };
  const fail = async () => {
    // The second request of the order is refused.
    const { random } = endpoint.knobs;
    let drawn = 0;
    endpoint.knobs.random = () => (drawn++ === 0 ? 1 : 0);
    endpoint.knobs.refuse = 0.5;
    const outcome = await target.tell({});
    Object.assign(endpoint.knobs, { random, refuse: 0 });
    return outcome;
  };
  assert.equal(typeOf(await fail()), 'later unavailable');
  assert.equal(status(target), 'aps:ready');
  assert.equal(typeOf(await target.tell({})), 'done');
  assert.deepEqual(effects(target), ['disable', 'enable', 'configure']);
  await target.tell(HELD);
  target.values = { ...target.values, properties: { plan: 'tiny' } };
  assert.equal(typeOf(await fail()), 'later unavailable');
  assert.equal(status(target), 'aps:ready');
  assert.equal(typeOf(await target.tell(HELD)), 'done', 'held again though it was confirmed as disabled');
  assert.equal(status(target), 'aps:disabled');
});

test('resources are made only where that is set, and removed as closing says', async (t) => {
  const { endpoint, add } = await world(t, {}, { provisions: true, onClose: 'unprovision', enablesToRemove: true });
  const target = add({ apsStatus: 'aps:proto', apsType: 'http://x.example/tenant/1.0', properties: { plan: 'small' } });
  endpoint.resources.clear();
  assert.equal(await target.tell(HELD), null, 'nothing is made while it is held');
  assert.equal(typeOf(await target.tell({})), 'done');
  assert.equal(endpoint.requests[0]?.method, 'POST');
  assert.equal(endpoint.requests[0]?.path, '/ext/tenant');
  assert.equal(endpoint.resources.get(target.id)?.properties['plan'], 'small');
  assert.equal(await target.tell({}), null);
  assert.equal(typeOf(await target.tell(HELD)), 'done');
  assert.equal(typeOf(await target.tell({ closed: true })), 'done');
  assert.deepEqual(
    endpoint.requests.slice(-2).map(({ method }) => method),
    ['PUT', 'DELETE'],
  );
  assert.equal(endpoint.resources.size, 0);
  assert.equal(await target.tell({ closed: true }), null);
});

test('a lost reply to making or removing is no failure when the repeat meets its own work', async (t) => {
  const { endpoint, add } = await world(t, {}, { provisions: true, onClose: 'unprovision' });
  const target = add({ apsStatus: 'aps:proto' });
  endpoint.resources.clear();
  const lose = async (facts: object) => {
    endpoint.knobs.loseReply = 1;
    assert.equal(typeOf(await target.tell(facts)), 'unknown no_reply');
    endpoint.knobs.loseReply = 0;
  };
  await lose({});
  assert.equal(typeOf(await target.tell({})), 'done', '409 to the POST');
  assert.deepEqual(endpoint.resources.get(target.id)?.effects, ['provision']);
  await lose({ closed: true });
  assert.equal(typeOf(await target.tell({ closed: true })), 'done', '404 to the DELETE');
  const other = add();
  endpoint.resources.clear();
  assert.equal(typeOf(await other.tell({ closed: true })), 'never drift', 'gone, though nobody removed it');
});

test('a resource that is made while a hold comes is learnt of, and disabled', async (t) => {
  const { endpoint, add, effects } = await world(t, {}, { provisions: true });
  const target = add({ apsStatus: 'aps:proto' });
  endpoint.resources.clear();
  endpoint.knobs.loseReply = 1;
  await target.tell({});
  endpoint.knobs.loseReply = 0;
  assert.equal(typeOf(await target.tell(HELD)), 'done');
  assert.deepEqual(effects(target), ['provision', 'disable']);
});

test('an endpoint that does not really suspend is named as such', async (t) => {
  const { add } = await world(t, {}, { suspends: false });
  const outcome = await add().tell(HELD);
  assert.ok(outcome?.type === 'done');
  assert.match(outcome.note ?? '', /does not really suspend/);
  assert.match(outcome.note ?? '', /Unverified/);
});

test('a half-made resource is dropped without a call, and a refused removal says what to do', async (t) => {
  const { endpoint, add } = await world(t, {}, { onClose: 'unprovision' });
  const half = add({ apsStatus: 'aps:proto' });
  assert.equal(await half.tell({ closed: true }), null);
  assert.equal(endpoint.requests.length, 0);
  const held = add();
  await held.tell(HELD);
  assert.equal(typeOf(await held.tell({ closed: true })), 'never refused');
  assert.match(JSON.stringify(held.outcomes.at(-1)), /switch it on first/);
});

test('what stops with its container is not called, and a hold of its own outlives it', async (t) => {
  const cascades = ['http://x.example/context/1.0'];
  const { add, effects } = await world(t, {}, { cascades });
  const container = (facts: object) => ({
    containers: [
      {
        kind: 'foreign' as const,
        values: { system: 'apps', apsType: cascades[0] ?? '', externalReference: 'ctx-1', apsStatus: 'aps:ready' },
        denied: 0,
        intercepted: 0,
        closed: false,
        profiles: [],
        ...facts,
      },
    ],
  });
  const child = add();
  assert.equal(await child.tell({ ...HELD, ...container(HELD) }), null, 'stopped through its container');
  assert.equal(
    typeOf(await child.tell({ ...HELD, ...container({}) })),
    'done',
    'its own hold, when the container is back',
  );
  assert.equal(await child.tell({ ...HELD, ...container(HELD) }), null);
  assert.equal(typeOf(await child.tell(container({}))), 'done');
  assert.deepEqual(effects(child), ['disable', 'enable']);
});

test('drift is found where the endpoint can be read, and written back', async (t) => {
  const { endpoint, add, status } = await world(t, { canRead: true }, { canRead: true });
  const target = add();
  await target.tell(HELD);
  const driver = makeApsDriver(systemFor(`${endpoint.origin}/ext`, { canRead: true }));
  const observe = async () => {
    const order = target.order(HELD);
    const call = { signal: new AbortController().signal, timeoutMs: 2_000, slot: 0 };
    return driver.observe?.(order, call);
  };
  assert.deepEqual(await observe(), { type: 'seen', state: { disabled: true } });
  Object.assign(endpoint.resources.get(target.id) ?? {}, { status: 'aps:ready' });
  assert.deepEqual(await observe(), { type: 'seen', state: { disabled: false } });
  target.isForced = true;
  assert.equal(typeOf(await target.tell(HELD)), 'done');
  assert.equal(status(target), 'aps:disabled');
  endpoint.habits.canRead = false;
  assert.equal((await observe())?.type, 'unseen');
  await driver.close?.();
});

test('an unknown resource, a wrong instance and a redirect are told apart', async (t) => {
  const { endpoint, add } = await world(t);
  const target = add();
  endpoint.resources.clear();
  assert.equal(typeOf(await target.tell(HELD)), 'never refused');
  endpoint.habits.shrugs = true;
  const shrugged = await target.tell(HELD);
  assert.ok(shrugged?.type === 'done' && /may not know the resource/.test(shrugged.note ?? ''));
  const other = add();
  endpoint.habits.instead.set(other.id, { status: 302, headers: { location: `${endpoint.origin}/ext/tenant` } });
  const before = endpoint.requests.length;
  assert.equal(typeOf(await other.tell(HELD)), 'never redirected');
  assert.equal(endpoint.requests.length, before + 1, 'nobody follows it');
  endpoint.habits.instead.set(other.id, { status: 403, body: { message: 'who?' } });
  assert.match(JSON.stringify(await other.tell(HELD)), new RegExp(INSTANCE));
});
