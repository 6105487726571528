/** Telling an endpoint with the habits of real ones: lost replies, "already", errors in disguise, and work that takes time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { INSTANCE, HELD } from './target-for-test.ts';
import { typeOf, world } from './world-for-test.ts';

test('a hold disables, its end enables, and each request carries what the contract demands', async (t) => {
  const { endpoint, add, effects } = await world(t);
  const target = add();
  assert.equal(typeOf(await target.tell(HELD)), 'done');
  assert.equal(await target.tell(HELD), null, 'a second hold tells nothing');
  assert.equal(typeOf(await target.tell({})), 'done');
  assert.deepEqual(effects(target), ['disable', 'enable']);
  const [disable] = endpoint.requests;
  assert.equal(disable?.method, 'PUT');
  assert.equal(disable?.path, `/ext/tenant/${target.id}/disable`);
  assert.equal(disable?.body, '{}');
  const { headers } = disable ?? { headers: {} };
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['aps-controller-uri'], 'https://abeyance.example:6308/');
  assert.equal(headers['aps-instance-id'], INSTANCE);
  assert.equal(headers['aps-request-phase'], 'sync');
  assert.equal(headers['aps-version'], '2.0');
  assert.match(String(headers['aps-transaction-id']), /^[0-9a-f-]{36}$/);
  assert.match(String(headers['aps-request-id']), /^[0-9a-f-]{36}$/);
  assert.equal(headers['aps-scheduled-on-date'], undefined);
});

test('a lost reply followed by 409 is done, with the same request id', async (t) => {
  const { endpoint, add, effects } = await world(t);
  const target = add();
  endpoint.knobs.loseReply = 1;
  assert.equal(typeOf(await target.tell(HELD)), 'unknown no_reply');
  endpoint.knobs.loseReply = 0;
  assert.equal(typeOf(await target.tell(HELD)), 'done');
  assert.deepEqual(effects(target), ['disable']);
  const ids = endpoint.requests.map(({ headers }) => headers['aps-request-id']);
  assert.equal(ids.length, 2);
  assert.equal(new Set(ids).size, 1);
});

test('409 out of the blue is possible drift, and needs a person', async (t) => {
  const { endpoint, add } = await world(t);
  const target = add();
  Object.assign(endpoint.resources.get(target.id) ?? {}, { status: 'aps:disabled' });
  const outcome = await target.tell(HELD);
  assert.equal(typeOf(outcome), 'never drift');
  assert.ok(outcome?.type === 'never' && outcome.afterMs === undefined, 'it is not tried again by itself');
  target.isForced = true;
  assert.equal(typeOf(await target.tell(HELD)), 'done', 'accepted when it is told in any case');
});

test('409 after a lost reply is a refusal where it carries APS-Transient-Error, or says that it is busy', async (t) => {
  const { endpoint, add } = await world(t);
  const target = add();
  endpoint.knobs.loseReply = 1;
  await target.tell(HELD);
  endpoint.knobs.loseReply = 0;
  endpoint.habits.transientError = 'True';
  const refused = await target.tell(HELD);
  assert.equal(typeOf(refused), 'never refused');
  assert.ok(refused?.type === 'never' && refused.afterMs === 3_600_000);
  endpoint.habits.transientError = 'False';
  const byHand = await target.tell(HELD);
  assert.equal(typeOf(byHand), 'never not_transient');
  assert.ok(byHand?.type === 'never' && byHand.afterMs === undefined);
  endpoint.habits.transientError = null;
  endpoint.habits.instead.set(target.id, { status: 409, body: { code: 409, error: 'Busy', message: 'wait' } });
  assert.equal(typeOf(await target.tell(HELD)), 'later resource_busy');
  endpoint.habits.instead.clear();
  assert.equal(typeOf(await target.tell(HELD)), 'done', 'the first request still may have been the one');
});

test('200 with an error in its body is a failure, and the state stays', async (t) => {
  const { endpoint, add } = await world(t, { hidesErrors: true });
  const target = add();
  endpoint.habits.instead.set(target.id, { status: 200, body: { code: 500, type: 'Exception', message: 'no vendor' } });
  const outcome = await target.tell(HELD);
  assert.equal(typeOf(outcome), 'later endpoint_failed');
  assert.match(JSON.stringify(outcome), /no vendor/);
  assert.equal(target.applied, null);
  endpoint.habits.instead.clear();
  assert.equal(typeOf(await target.tell(HELD)), 'done');
});

test('202 is waited for by phase and time-out, with the text of the endpoint', async (t) => {
  const { endpoint, add, effects } = await world(t, { polls: 2, retryTimeout: '77', info: 'asking \u009b the vendor' });
  const target = add();
  const first = await target.tell(HELD);
  assert.ok(first?.type === 'waiting');
  assert.equal(first.pollAfterMs, 77_000);
  assert.equal(first.text, 'asking the vendor');
  endpoint.habits.retryTimeout = null;
  const second = await target.tell(HELD);
  assert.ok(second?.type === 'waiting');
  assert.equal(second.pollAfterMs, 30_000);
  assert.equal(typeOf(await target.tell(HELD)), 'done');
  assert.deepEqual(effects(target), ['disable']);
  assert.deepEqual(
    endpoint.requests.map(({ headers }) => headers['aps-request-phase']),
    ['sync', 'async', 'async'],
  );
  assert.equal(new Set(endpoint.requests.map(({ path, body }) => `${path} ${body}`)).size, 1, 'the same path and body');
});

test('202 without end is waiting until the deadline, and can be asked for after it', async (t) => {
  const { endpoint, add, status } = await world(t, { polls: 1_000 }, { asyncDeadlineMs: 60_000 });
  const [target, other] = [add(), add()];
  await target.tell(HELD);
  assert.equal(typeOf(await target.tell(HELD)), 'waiting');
  target.task = { ...(target.task as object), since: new Date(Date.now() - 61_000).toISOString() };
  assert.equal(typeOf(await target.tell(HELD)), 'never deadline');
  assert.notEqual(target.task, null, 'the operator can poll on');
  assert.equal(typeOf(await target.tell(HELD)), 'never deadline');
  endpoint.habits.polls = 0;
  assert.equal(typeOf(await other.tell(HELD)), 'done', 'other resources are not affected');
  assert.equal(typeOf(await target.tell({})), 'later resource_busy', 'no longer wanted: its opposite is told');
  assert.equal(status(target), 'aps:ready');
});

test('a failed poll ends the task, and a fresh try begins anew', async (t) => {
  const { endpoint, add } = await world(t, { polls: 1, ends: 'failed' });
  const target = add();
  await target.tell(HELD);
  const failed = await target.tell(HELD);
  assert.equal(typeOf(failed), 'later endpoint_failed');
  assert.match(JSON.stringify(failed), /the vendor said no/);
  assert.equal(target.task, null);
  endpoint.habits.ends = 'done';
  await target.tell(HELD);
  assert.equal(endpoint.requests.at(-1)?.headers['aps-request-phase'], 'sync');
  const ids = endpoint.requests.map(({ headers }) => headers['aps-request-id']);
  assert.equal(new Set(ids).size, ids.length, 'what was answered is never repeated under its own id');
  assert.equal(typeOf(await target.tell(HELD)), 'done');
});

test('a hold that is lifted while disable is polling ends enabled', async (t) => {
  for (const polls of [1, 3])
    for (const ends of ['done', 'failed'] as const)
      for (const forgetsPolls of [false, true]) {
        const { endpoint, add, status } = await world(t, { polls, ends, forgetsPolls });
        const target = add();
        await target.tell(HELD);
        for (let turn = 0; turn < polls - 1; turn += 1) assert.equal(typeOf(await target.tell({})), 'waiting');
        const before = endpoint.requests.length;
        endpoint.habits.polls = 0;
        assert.equal(typeOf(await target.settle({})), 'done');
        assert.equal(status(target), 'aps:ready');
        assert.match(endpoint.requests[before]?.path ?? '', /disable$/, 'its outcome was learnt first');
        assert.equal(await target.tell({}), null);
      }
});

test('a lost poll is asked again, and "already" is then done', async (t) => {
  const { endpoint, add, effects } = await world(t, { polls: 1, forgetsPolls: true });
  const target = add();
  await target.tell(HELD);
  endpoint.knobs.loseReply = 1;
  assert.equal(typeOf(await target.tell(HELD)), 'unknown no_reply');
  endpoint.knobs.loseReply = 0;
  endpoint.habits.polls = 0;
  assert.equal(typeOf(await target.tell(HELD)), 'done');
  assert.deepEqual(effects(target), ['disable']);
});

test('trouble on the way to a running operation does not end it', async (t) => {
  const { endpoint, add, effects } = await world(t, { polls: 1 });
  const target = add();
  await target.tell(HELD);
  endpoint.knobs.refuse = 1;
  assert.equal(typeOf(await target.tell(HELD)), 'later unavailable');
  endpoint.knobs.refuse = 0;
  assert.equal(typeOf(await target.tell(HELD)), 'done');
  assert.deepEqual(effects(target), ['disable']);
});

test('the outcome of a superseded request is learnt before its opposite is told', async (t) => {
  for (const [habits, settings, wanted] of [
    [{}, {}, 'PUT /disable, PUT /disable, PUT /enable'],
    [{ canRead: true }, { canRead: true }, 'PUT /disable, GET , PUT /enable'],
  ] as const) {
    const { endpoint, add, effects, status } = await world(t, habits, settings);
    const target = add();
    endpoint.knobs.loseReply = 1;
    await target.tell(HELD);
    endpoint.knobs.loseReply = 0;
    assert.equal(typeOf(await target.tell({})), 'done');
    assert.equal(status(target), 'aps:ready');
    assert.deepEqual(effects(target), ['disable', 'enable']);
    const told = endpoint.requests.map(({ method, path }) => `${method} ${path.split(target.id)[1] ?? ''}`);
    assert.equal(told.join(', '), wanted);
  }
});

test('an outcome that cannot be learnt does not keep the opposite from being told', async (t) => {
  const { endpoint, add, status } = await world(t);
  const target = add();
  endpoint.knobs.loseReply = 1;
  await target.tell(HELD);
  endpoint.knobs.loseReply = 0;
  endpoint.habits.instead.set(target.id, { status: 503 });
  for (let turn = 0; turn < 3; turn += 1) assert.equal(typeOf(await target.tell({})), 'later unavailable');
  assert.equal(status(target), 'aps:disabled');
  endpoint.habits.instead.clear();
  const before = endpoint.requests.length;
  await target.tell({});
  assert.match(endpoint.requests[before]?.path ?? '', /enable$/);
  assert.equal(status(target), 'aps:ready');
});

test('of ten resources one fails, nine are disabled', async (t) => {
  const { endpoint, add, status } = await world(t);
  const targets = Array.from({ length: 10 }, () => add());
  const bad = targets[3];
  assert.ok(bad);
  endpoint.habits.instead.set(bad.id, { status: 500, body: { message: 'broken', error: 'Exception' } });
  const outcomes = await Promise.all(targets.map((target) => target.tell(HELD)));
  assert.equal(outcomes.filter((outcome) => outcome?.type === 'done').length, 9);
  assert.equal(typeOf(outcomes[3] ?? null), 'later endpoint_failed');
  endpoint.habits.instead.clear();
  assert.equal(typeOf(await bad.tell(HELD)), 'done');
  assert.ok(targets.every((target) => status(target) === 'aps:disabled'));
});
