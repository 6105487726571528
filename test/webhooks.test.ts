/** Webhooks: what is sent, signed and verified by a receiver's own library, and what becomes of it when the receiver fails. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Webhook } from 'standardwebhooks';

import { platformActor } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { placeHold } from '#operations/place-hold.ts';
import { Deliveries } from '#reconciler/events/deliveries.ts';
import { type SystemRow, removeSystem } from '#store/system.ts';
import { type Receiver, startReceiver } from '#systems/webhook/simulator.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { SECRET, type WebhookWorld, webhookWorld } from '#test/webhook-world.ts';

const here = await testInstallation({ after: (work) => after(work) });
const { context } = here;
const troubles: unknown[] = [];
const world = webhookWorld(here, troubles);
await world.readAll();
after(() => assert.deepEqual(troubles, []));

async function receiverFor(
  t: { after(work: () => Promise<void>): void },
  secret: string | null = SECRET,
): Promise<Receiver> {
  const receiver = await startReceiver(secret === null ? {} : { secret });
  t.after(() => receiver.stop());
  return receiver;
}

async function account(name: string, parent: string | number = 0) {
  return (await createEntity(context, ADMIN, { kind: 'account', name, parent })).value;
}

const typesOf = (receiver: Receiver) => receiver.received.map(({ body }) => body.type);

async function deliveriesOf(systemId: number) {
  const { rows } = await here.pool.query<{ outcome: string; attempts: number; type: string; id: number }>(
    `select d.outcome, d.attempts, v.type, d.id from delivery d left join event v on v.id = d.event_id where system_id = $1 order by d.id`,
    [systemId],
  );
  return rows;
}

async function attemptsOf(systemId: number) {
  const { rows } = await here.pool.query<{
    response_code: number | null;
    problem: string | null;
    response_text: string | null;
  }>(
    `select t.response_code, t.problem, t.response_text from delivery_attempt t join delivery d on d.id = t.delivery_id
      where d.system_id = $1 order by d.id, t.attempt`,
    [systemId],
  );
  return rows;
}

/** A webhook that is gone after the test, however it ends: no other test tells it anything. */
async function addWebhook(
  t: { after(work: () => Promise<void>): void },
  ...given: Parameters<WebhookWorld['addWebhook']>
): Promise<SystemRow> {
  const system = await world.addWebhook(...given);
  t.after(() => removeSystem(here.session, system.id));
  return system;
}

test('each transition is one signed message, with what was before and after, and who did it', async (t) => {
  const receiver = await receiverFor(t);
  await addWebhook(t, 'signed', { url: `${receiver.origin}/hook?x=1` });
  const top = await account('Top');
  const sub = await account('Sub', top.id);
  const { hold } = (
    await placeHold(context, ADMIN, top.id, { profile: 'suspended', note: 'a private note', source: 'desk' })
  ).value;
  await liftHold(context, ADMIN, top.id, hold.id);
  await world.sendAll();
  assert.deepEqual(receiver.refused, []);
  assert.deepEqual(typesOf(receiver).sort(), [
    'account.created',
    'account.created',
    'account.resumed',
    'account.resumed',
    'account.suspended',
    'account.suspended',
  ]);
  const told = receiver.received.find(
    ({ body }) => body.type === 'account.suspended' && body.data['account'] === sub.id,
  );
  assert.ok(told);
  const { id, sequence, revision, ...data } = told.body.data;
  assert.equal(id, told.id, 'the id of the message is that of the event');
  assert.ok(Number(sequence) > 0 && Number(revision) > 0);
  const denied = ['register', 'call.out', 'call.in', 'message.out', 'message.in', 'api', 'sign_in', 'dns', 'mail.read'];
  assert.deepEqual(data, {
    account: sub.id,
    accountNumber: sub.number,
    before: { standing: 'active', denied: [], intercepted: [] },
    after: { standing: 'suspended', denied: [...denied, 'mail.send', 'mail.receive', 'provision'], intercepted: [] },
    cause: 'hold.placed',
    entity: top.id,
    entityNumber: top.number,
    hold: hold.id,
    profile: 'suspended',
    actor: 'token:admin',
  });
  assert.ok(receiver.asked.every(({ body }) => !body.includes('a private note')));
  assert.equal(receiver.asked[0]?.url.search, '?x=1');
  assert.equal(receiver.asked[0]?.headers['user-agent'], 'Abeyance/test');
  assert.equal(new Set(receiver.received.map((one) => one.id)).size, 6);
});

test('while a secret is changed both sign, so that either receiver verifies', async (t) => {
  const fresh = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
  const receiver = await receiverFor(t, null);
  await addWebhook(
    t,
    'rotated',
    { url: receiver.origin },
    { secrets: { secret: fresh, formerSecret: SECRET, headers: { 'X-Own': 'yes' } } },
  );
  await account('Rotated');
  await world.sendAll();
  const [asked] = receiver.asked;
  assert.ok(asked);
  for (const secret of [fresh, SECRET]) new Webhook(secret).verify(asked.body, asked.headers as Record<string, string>);
  const other = new Webhook(Buffer.alloc(32, 1).toString('base64'));
  assert.throws(() => other.verify(asked.body, asked.headers as Record<string, string>));
  assert.throws(() => new Webhook(fresh).verify(`${asked.body} `, asked.headers as Record<string, string>));
  assert.equal(asked.headers['x-own'], 'yes');
});

test("an account's webhook hears of itself and what lies beneath, by type, and of those above only the level", async (t) => {
  const receiver = await receiverFor(t);
  const reseller = await account('Reseller');
  const customer = await account('Customer', reseller.id);
  await account('Stranger');
  await addWebhook(
    t,
    'own',
    { url: receiver.origin, types: ['account.suspended', 'account.resumed'] },
    { account: reseller.number },
  );
  const boss = platformActor('login:boss', { face: 'native' });
  const clerk = { ...platformActor('login:clerk'), accountId: reseller.number, ownAccountId: reseller.number };
  const { hold } = (await placeHold(context, clerk, customer.id, { profile: 'suspended' })).value;
  await liftHold(context, clerk, customer.id, hold.id);
  await placeHold(context, clerk, customer.id, { profile: 'limited' });
  const above = (await placeHold(context, boss, reseller.id, { profile: 'suspended' })).value.hold;
  await world.sendAll();
  const told = receiver.received.map(({ body: { type, data } }) =>
    [type, data['account'], data['actor'], data['hold']].join(' '),
  );
  assert.deepEqual(
    told.sort(),
    [
      `account.suspended ${customer.id} login:clerk ${hold.id}`,
      `account.resumed ${customer.id} login:clerk ${hold.id}`,
      `account.suspended ${reseller.id} platform ${above.id}`,
      `account.suspended ${customer.id} platform ${above.id}`,
    ].sort(),
  );
});

test('what failed is sent again until it is confirmed, and holds nothing else up', async (t) => {
  const receiver = await receiverFor(t);
  const system = await addWebhook(t, 'flapping', { url: receiver.origin }, { pace: { concurrency: 1 } });
  const first = await account('First');
  await account('Second');
  let failures = 3;
  receiver.answer = ({ body }) =>
    body.includes(first.id) && failures-- > 0 ? { status: 503, body: `try later\u0000${'x'.repeat(9_000)}` } : null;
  await world.sendAll();
  assert.deepEqual(
    (await deliveriesOf(system.id)).map(({ outcome, attempts }) => [outcome, attempts]),
    [
      ['delivered', 4],
      ['delivered', 1],
    ],
  );
  const attempts = await attemptsOf(system.id);
  assert.deepEqual(
    attempts.map((attempt) => attempt.response_code),
    [503, 503, 503, 204, 204],
  );
  assert.equal(attempts[0]?.response_text?.length, 500);
  assert.ok(attempts[0]?.response_text?.startsWith('try laterx'));
  assert.equal(new Set(receiver.asked.map(({ headers }) => headers['webhook-id'])).size, 2, 'a message keeps its id');
});

test('after the last attempt a delivery is given up; a redirect is not followed, a silent receiver is left', async (t) => {
  const receiver = await receiverFor(t);
  const elsewhere = await receiverFor(t);
  const system = await addWebhook(t, 'dead', { url: receiver.origin });
  receiver.answer = () => ({ status: 307, headers: { location: elsewhere.origin } });
  await account('Lost');
  await world.sendAll();
  assert.deepEqual(
    (await deliveriesOf(system.id)).map(({ outcome, attempts }) => [outcome, attempts]),
    [['failed', 10]],
  );
  assert.equal(elsewhere.asked.length, 0);
  assert.match((await attemptsOf(system.id))[0]?.problem ?? '', /redirects are not followed/);
  receiver.answer = () => null;
  receiver.knobs.latencyMs = 3_000;
  await here.pool.query('update system set timeout_ms = 200 where id = $1', [system.id]);
  await account('Slow');
  await world.readAll();
  await world.deliveries.round();
  await world.deliveries.settled();
  assert.match((await attemptsOf(system.id)).at(-1)?.problem ?? '', /did not answer within 200 ms/);
});

test('a receiver that is gone pauses its webhook, and what was due is sent once it is resumed', async (t) => {
  const receiver = await receiverFor(t);
  const system = await addWebhook(t, 'gone', { url: receiver.origin }, { pace: { concurrency: 1 } });
  receiver.answer = () => ({ status: 410 });
  await account('One');
  await account('Two');
  await world.sendAll();
  assert.equal(receiver.asked.length, 1);
  const { rows } = await here.pool.query('select paused_by, pause_note from system where id = $1', [system.id]);
  assert.deepEqual(rows, [{ paused_by: 'system:deliveries', pause_note: 'The receiver answered 410 Gone.' }]);
  const { rows: changes } = await here.pool.query(
    `select kind, facts ->> 'name' as name from change order by revision desc limit 1`,
  );
  assert.deepEqual(changes, [{ kind: 'system.paused', name: 'gone' }]);
  await account('Three');
  await world.sendAll();
  assert.equal(receiver.asked.length, 1, 'nothing is sent while it is paused');
  receiver.answer = () => null;
  await here.pool.query('update system set paused_at = null where id = $1', [system.id]);
  await world.sendAll();
  assert.equal(receiver.received.length, 3, 'and nothing is lost');
});

test('after many failures in a row the circuit opens, and closes with the first that is confirmed', async (t) => {
  const receiver = await receiverFor(t);
  const pace = { breakerFailures: 3, breakerOpenMs: 3_600_000, concurrency: 1 };
  const system = await addWebhook(t, 'broken', { url: receiver.origin }, { pace });
  receiver.knobs.isDown = true;
  for (const name of ['A', 'B', 'C', 'D', 'E']) await account(name);
  await world.readAll();
  for (let n = 0; n < 8; n++) {
    await world.deliveries.round();
    await world.deliveries.settled();
  }
  assert.equal(receiver.count, 3);
  const state = async () =>
    (await here.pool.query('select failures, open_until > now() as open from system where id = $1', [system.id]))
      .rows[0];
  assert.deepEqual(await state(), { failures: 3, open: true });
  receiver.knobs.isDown = false;
  await here.pool.query('update system set open_until = now() where id = $1', [system.id]);
  await world.sendAll();
  assert.deepEqual(await state(), { failures: 0, open: null });
  assert.equal(receiver.received.length, 5);
});

test('what was committed before a webhook was made is not for it, however late it is read, whatever the clock said', async (t) => {
  const made = [];
  const before = await account('Before');
  for (const [name, by] of [
    ['at once', '0'],
    ['by a clock that is slow', '-1 hour'],
    ['by a clock that is fast', '1 hour'],
  ] as const) {
    const receiver = await receiverFor(t);
    const system = await addWebhook(t, name, { url: receiver.origin });
    await here.pool.query('update system set created_at = created_at + $2::interval where id = $1', [system.id, by]);
    made.push({ name, receiver });
  }
  const behind = await account('Behind');
  await world.sendAll();
  for (const { name, receiver } of made)
    assert.deepEqual(
      receiver.received.map(({ body }) => body.data['account']),
      [behind.id],
      `made ${name}, with ${before.id} before it`,
    );
});

test('no more requests are under way at once than there is room for, and each webhook has its turn', async (t) => {
  const hooks = [];
  for (const name of ['room-1', 'room-2', 'room-3'])
    hooks.push(await addWebhook(t, name, { url: 'https://hooks.example/' }, { pace: { concurrency: 2 } }));
  const told: string[] = [];
  const ends: (() => void)[] = [];
  const narrow = new Deliveries({
    context,
    sendingMax: 1,
    onTrouble: (error) => void troubles.push(error),
    send: ({ name }) => {
      told.push(name);
      return new Promise((resolve) => {
        ends.push(() => resolve({ type: 'answered', code: 204, text: '', retryAfterMs: null }));
      });
    },
  });
  await account('Roomy');
  await world.readAll();
  for (let round = 0; round < 3; round++) {
    await narrow.round();
    await narrow.round();
    assert.equal(told.length, round + 1);
    for (const end of ends.splice(0)) end();
    await narrow.settled();
  }
  assert.deepEqual(told.toSorted(), ['room-1', 'room-2', 'room-3']);
});
