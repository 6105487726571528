/** Events and deliveries as callers see them: by page, as a stream, by whom, and for how long. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';

import { createEntity } from '#operations/create-entity.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { eraseEntity } from '#operations/erase-entity.ts';
import { listEvents } from '#operations/list-events.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { placeHold } from '#operations/place-hold.ts';
import { listDeliveries, readDelivery } from '#operations/read-deliveries.ts';
import { replayEvents, testWebhook } from '#operations/redeliver.ts';
import type { Actor } from '#operations/context.ts';
import { sweepDeliveries } from '#store/delivery.ts';
import { sweepEvents } from '#store/event.ts';
import { findEvents } from '#store/event-list.ts';
import { findArchivable } from '#store/retention.ts';
import { startReceiver } from '#systems/webhook/simulator.ts';
import { ADMIN, TOKEN, makeApp, testInstallation } from '#test/installation.ts';
import { SECRET, webhookWorld } from '#test/webhook-world.ts';

const here = await testInstallation({ after: (work) => after(work) });
const { context } = here;
const world = webhookWorld(here);
await world.readAll();
const make = async (name: string, parent: string | number = 0) =>
  (await createEntity(context, ADMIN, { kind: 'account', name, parent })).value;

const reseller = await make('Reseller');
const customer = await make('Customer', reseller.id);
const stranger = await make('Stranger');
const asReseller: Actor = {
  ...ADMIN,
  name: 'login:reseller',
  accountId: reseller.number,
  ownAccountId: reseller.number,
};
const { hold } = (await placeHold(context, ADMIN, reseller.id, { profile: 'suspended', note: 'private' })).value;
const { hold: own } = (await placeHold(context, asReseller, customer.id, { profile: 'limited' })).value;
await liftHold(context, ADMIN, reseller.id, hold.id);
await world.readAll();

test('each sees the events of what lies beneath, and of whoever is above only the level', async () => {
  const all = await listEvents(context, ADMIN, {});
  assert.ok(all.items.some((event) => event.account === stranger.id));
  const { items } = await listEvents(context, asReseller, {});
  assert.deepEqual(
    items.map((event) => [
      event.type,
      event.account === customer.id ? 'customer' : 'reseller',
      event.actor,
      event.hold,
    ]),
    [
      ['account.created', 'reseller', 'platform', null],
      ['account.created', 'customer', 'platform', null],
      ['account.suspended', 'reseller', 'platform', hold.id],
      ['account.suspended', 'customer', 'platform', hold.id],
      ['account.resumed', 'reseller', 'platform', hold.id],
      ['account.limited', 'customer', 'platform', hold.id],
    ],
    'what the own hold made of a suspended account is no event until the other is lifted',
  );
  assert.ok(!JSON.stringify(all.items).includes('private'));
  const asCustomer: Actor = { ...ADMIN, accountId: customer.number, ownAccountId: customer.number };
  const mine = await listEvents(context, asCustomer, {});
  assert.deepEqual(
    mine.items.map((event) => [event.type, event.entity, event.hold, event.profile]),
    [
      ['account.created', customer.id, null, null],
      ['account.suspended', null, null, 'suspended'],
      ['account.limited', null, null, 'suspended'],
    ],
    'where it was held above is not told',
  );
  assert.ok(own.id);
  await assert.rejects(listEvents(context, asCustomer, { beneath: reseller.id }), { code: 'not_found' });
  await assert.rejects(listEvents(context, { ...ADMIN, permissions: 0 }, {}), { code: 'forbidden' });
});

test('pages go on where they ended, forwards and backwards, and filters are exact', async () => {
  const all = (await listEvents(context, ADMIN, {})).items.map((event) => event.sequence);
  for (const order of ['asc', 'desc'] as const) {
    const seen: number[] = [];
    let place: string | undefined;
    for (;;) {
      const page = await listEvents(context, ADMIN, { order, limit: 2, after: place });
      seen.push(...page.items.map((event) => event.sequence));
      if (page.next === null || page.items.length === 0) break;
      place = page.next;
    }
    assert.deepEqual(seen, order === 'asc' ? all : all.toReversed());
  }
  const typed = await listEvents(context, ADMIN, { type: 'account.resumed,account.limited', beneath: reseller.id });
  assert.deepEqual(
    typed.items.map((event) => event.type),
    ['account.resumed', 'account.limited'],
  );
  assert.equal((await listEvents(context, ADMIN, { account: stranger.id })).items.length, 1);
  // A page that looks at few events and finds none says how far it came.
  const filter = { order: 'asc', above: 0, below: null, limit: 9, beneath: [stranger.number], scope: 0 } as const;
  const found: number[] = [];
  let looks = 0;
  for (let above = 0; ; looks++) {
    const page = await findEvents(here.session, { ...filter, above }, 2);
    found.push(...page.rows.map((row) => row.account_id));
    if (page.reached === null) break;
    above = page.reached;
  }
  assert.deepEqual(found, [stranger.number]);
  assert.ok(looks >= 3);
  await assert.rejects(listEvents(context, ADMIN, { type: 'account.gone' }), { code: 'invalid' });
  await assert.rejects(listEvents(context, ADMIN, { after: 'x' }), { code: 'malformed' });
  const otherEpoch = '00000000-0000-4000-8000-000000000000:1';
  await assert.rejects(listEvents(context, ADMIN, { after: otherEpoch }), { code: 'conflict' });
});

test('a stream sends what there is and what comes, and resumes behind its last id', async (t) => {
  const stopping = new AbortController();
  const server = await makeApp(context, { stopping: stopping.signal });
  await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(async () => {
    stopping.abort();
    await server.close();
  });
  const { port } = server.server.address() as AddressInfo; // It listens on TCP.
  const open = async (headers: Record<string, string>) => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/events?account=${customer.id}`, {
      headers: { authorization: `Bearer ${TOKEN}`, accept: 'text/event-stream', ...headers },
    });
    assert.equal(response.status, 200);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    assert.ok(reader);
    let text = '';
    return {
      async next(): Promise<{ id: string; type: string } | null> {
        for (;;) {
          const end = text.indexOf('\n\n');
          if (end >= 0) {
            const block = text.slice(0, end);
            text = text.slice(end + 2);
            if (block.startsWith(':')) continue;
            const [, id = '', data = '{}'] = /^id: (.*)\nevent: event\ndata: (.*)$/.exec(block) ?? [];
            return { id, type: (JSON.parse(data) as { type: string }).type };
          }
          const { value, done } = await reader.read();
          if (done) return null;
          text += value;
        }
      },
      close: () => reader.cancel(),
    };
  };
  const stream = await open({});
  assert.equal((await stream.next())?.type, 'account.created');
  assert.equal((await stream.next())?.type, 'account.suspended');
  const third = await stream.next();
  assert.equal(third?.type, 'account.limited');
  const waiting = stream.next();
  await liftHold(context, ADMIN, customer.id, own.id);
  await world.readAll();
  assert.equal((await waiting)?.type, 'account.resumed');
  await stream.close();
  const resumed = await open({ 'last-event-id': third?.id ?? '' });
  assert.equal((await resumed.next())?.type, 'account.resumed');
  const ended = resumed.next();
  stopping.abort();
  assert.equal(await ended, null, 'it ends with the server');
});

test('deliveries are listed by outcome, event and account, shown with their attempts, and sent once more', async (t) => {
  const receiver = await startReceiver({ secret: SECRET });
  t.after(() => receiver.stop());
  await world.addWebhook('mine', { url: receiver.origin }, { account: reseller.number });
  receiver.answer = () => ({ status: 500, body: 'out of order' });
  const { hold: first } = (await placeHold(context, ADMIN, customer.id, { profile: 'limited' })).value;
  await world.sendAll();
  receiver.answer = () => null;
  await liftHold(context, ADMIN, customer.id, first.id);
  await world.sendAll();
  const list = async (query: object) => (await listDeliveries(context, asReseller, 'mine', query)).items;
  const [failed] = await list({ outcome: 'failed' });
  assert.ok(failed?.event);
  assert.deepEqual(
    [failed.type, failed.attempts, failed.problem, failed.responseCode],
    ['account.limited', 10, 'answered 500', 500],
  );
  assert.deepEqual(
    (await list({ account: customer.id })).map(({ outcome }) => outcome),
    ['delivered', 'failed'],
  );
  assert.equal((await list({ account: reseller.id })).length, 0);
  assert.deepEqual(
    (await list({ event: failed.event })).map(({ id }) => id),
    [failed.id],
  );
  const details = await readDelivery(context, asReseller, 'mine', failed.id);
  assert.deepEqual(
    details.tries.map(({ attempt }) => attempt),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  assert.equal(details.tries[0]?.responseText, 'out of order');

  assert.deepEqual((await replayEvents(context, asReseller, 'mine', { onlyFailed: true })).value, { deliveries: 1 });
  assert.deepEqual(
    (await replayEvents(context, asReseller, 'mine', { onlyFailed: true })).value,
    { deliveries: 0 },
    'it is on its way',
  );
  await world.sendAll();
  assert.deepEqual(
    (await replayEvents(context, asReseller, 'mine', { onlyFailed: true })).value,
    { deliveries: 0 },
    'it was delivered since',
  );
  assert.equal(receiver.received.at(-1)?.id, failed.event, 'under the id of the event');
  const again = await replayEvents(context, asReseller, 'mine', { from: '2000-01-01T00:00:00Z' });
  const { items: seen } = await listEvents(context, asReseller, {});
  assert.deepEqual(
    again.value,
    { deliveries: seen.length },
    'also what was before the webhook, beneath its account alone',
  );
  await world.sendAll();
  const { value: tested } = await testWebhook(context, asReseller, 'mine');
  await world.sendAll();
  assert.equal(receiver.received.at(-1)?.body.type, 'webhook.test');
  assert.equal((await readDelivery(context, asReseller, 'mine', tested.id)).outcome, 'delivered');
  const outsider: Actor = { ...ADMIN, accountId: stranger.number, ownAccountId: stranger.number };
  await assert.rejects(listDeliveries(context, outsider, 'mine', {}), { code: 'not_found' });
  await assert.rejects(testWebhook(context, outsider, 'mine'), { code: 'not_found' });
  await assert.rejects(listDeliveries(context, { ...asReseller, permissions: 0 }, 'mine', {}), { code: 'forbidden' });
  for (const input of [{}, { events: ['x'] }, { to: '2000-01-01T00:00:00Z' }, { onlyFailed: 1 }, { other: 1 }])
    await assert.rejects(replayEvents(context, asReseller, 'mine', input), { code: 'invalid' });
  await world.addWebhook('above', { url: receiver.origin });
  await assert.rejects(listDeliveries(context, asReseller, 'above', {}), { code: 'not_found' });
});

test('erasing an account takes its webhooks, and what others answered about it', async (t) => {
  const receiver = await startReceiver();
  t.after(() => receiver.stop());
  const gone = await make('Gone');
  await world.addWebhook('of the erased', { url: receiver.origin }, { account: gone.number });
  const watching = await world.addWebhook('watching', { url: receiver.origin });
  receiver.answer = () => ({ status: 200, body: 'thank you, Mr Gone' });
  await closeEntity(context, ADMIN, gone.id);
  await world.sendAll();
  const texts = async () =>
    (await here.pool.query(`select from delivery_attempt where response_text like '%Mr Gone%'`)).rowCount;
  assert.ok(((await texts()) ?? 0) > 0);
  await eraseEntity(context, ADMIN, gone.id);
  assert.equal(await texts(), 0);
  const { rows } = await here.pool.query(`select name from system where name in ('of the erased', 'watching')`);
  assert.deepEqual(rows, [{ name: watching.name }]);
});

test('events and deliveries go after their time, the log never before it was read', async () => {
  const { items } = await listEvents(context, ADMIN, { limit: 1 });
  const future = new Date(Date.now() + 60_000);
  await make('Unread');
  const archivable = async () => {
    // One full partition of old changes, as it is after ten million.
    return findArchivable(here.session, future);
  };
  const { rows } = await here.pool.query<{ head: number }>('select revision as head from change_counter');
  const head = rows[0]?.head ?? 0;
  await here.pool.query('create table kept as select * from change');
  const { rows: partitions } = await here.pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'change'::regclass and inhrelid <> 'change_default'::regclass`,
  );
  for (const { name } of partitions) await here.pool.query(`drop table ${name}`);
  await here.pool.query(`create table change_old partition of change for values from (1) to (${head + 1})`);
  await here.pool.query('insert into change select * from kept');
  assert.equal(await archivable(), null, 'the last change was not read yet');
  await world.readAll();
  assert.equal((await archivable())?.last, head);

  await sweepEvents(here.session, future);
  const { rows: left } = await here.pool.query<{ id: number }>('select id from event order by id');
  assert.ok(left.length > 0, 'what a webhook has yet to pass is kept');
  await world.sendAll();
  assert.ok((await sweepDeliveries(here.session, future)) > 0);
  assert.ok((await sweepEvents(here.session, future)) > 0);
  assert.equal((await here.pool.query('select from event')).rowCount, 0);
  await make('Later');
  await world.readAll();
  const cursor = `${(await here.pool.query<{ epoch: string }>('select epoch from change_counter')).rows[0]?.epoch}:${items[0]?.sequence}`;
  await assert.rejects(
    listEvents(context, ADMIN, { after: cursor }),
    { code: 'conflict' },
    'who follows hears that some are gone',
  );
});
