/** Webhooks and the processes that serve them: several at once, and some that end while they send. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createEntity } from '#operations/create-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { placeHold } from '#operations/place-hold.ts';
import { replayEvents } from '#operations/redeliver.ts';
import { chooseFreePort } from '#main/database/free-port.ts';
import { removeSystem } from '#store/system.ts';
import { type Receiver, startReceiver } from '#systems/webhook/simulator.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { SECRET, webhookWorld } from '#test/webhook-world.ts';

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

async function remove(id: number): Promise<void> {
  await removeSystem(here.session, id);
}

test('many processes share the deliveries: each message arrives, once when nothing fails, never more at once than allowed', async (t) => {
  const receiver = await receiverFor(t);
  receiver.knobs.latencyMs = 5;
  const system = await world.addWebhook('shared', { url: receiver.origin }, { pace: { concurrency: 3 } });
  const parent = await account('Shared');
  for (let n = 0; n < 40; n++) await account(`${n}`, parent.id);
  await placeHold(context, ADMIN, parent.id, { profile: 'limited' });
  await world.readAll();
  const workers = Array.from({ length: 4 }, () => world.another());
  for (const worker of workers) worker.start();
  await world.sendAll();
  for (const worker of workers) await worker.stop();
  assert.equal(receiver.received.length, 82);
  assert.equal(new Set(receiver.received.map(({ id }) => id)).size, 82);
  assert.ok(
    (await deliveriesOf(system.id)).every(({ outcome, attempts }) => outcome === 'delivered' && attempts === 1),
  );
  const { rows } = await here.pool.query<{ most: number }>(
    `select max((select count(*) from delivery_attempt o where o.at <= t.at and o.ended_at > t.at)) as most from delivery_attempt t`,
  );
  assert.ok((rows[0]?.most ?? 9) <= 3, `${rows[0]?.most} at once`);
  await remove(system.id);
});

test('a process that ends while it sends leaves its lease to the next, and its late outcome counts no more', async (t) => {
  const receiver = await receiverFor(t);
  const system = await world.addWebhook('leased', { url: receiver.origin });
  receiver.knobs.latencyMs = 50;
  await account('Leased');
  await world.readAll();
  const slow = world.another();
  await slow.round();
  await here.pool.query(`update delivery set leased_until = now() - interval '1 second' where system_id = $1`, [
    system.id,
  ]);
  receiver.answer = () => ({ status: 500 });
  const [claimed] = (await here.pool.query('select lease_token from delivery where system_id = $1', [system.id])).rows;
  assert.ok(claimed?.lease_token);
  await world.deliveries.round();
  receiver.answer = () => null;
  await slow.settled();
  await world.sendAll();
  const [delivery] = await deliveriesOf(system.id);
  assert.equal(delivery?.outcome, 'delivered');
  assert.ok((delivery?.attempts ?? 0) >= 2);
  assert.ok(receiver.received.length >= 1, 'at least once');
  await remove(system.id);
});

test('a stop gives up what is under way; the next process sends it', async (t) => {
  const receiver = await receiverFor(t);
  const system = await world.addWebhook('stopped', { url: receiver.origin });
  receiver.knobs.latencyMs = 5_000;
  await account('Stopped');
  await world.readAll();
  const worker = world.another();
  worker.start();
  while (receiver.count === 0) await new Promise((resolve) => setImmediate(resolve));
  await worker.stop();
  assert.match((await attemptsOf(system.id))[0]?.problem ?? '', /ended before the answer/);
  receiver.knobs.latencyMs = 0;
  await world.sendAll();
  assert.equal(receiver.received.length, 1);
  await remove(system.id);
});

test('credentials that cannot be opened are a failure like any other, and told to who runs this', async (t) => {
  const receiver = await receiverFor(t);
  const system = await world.addWebhook('unreadable', { url: receiver.origin });
  await here.pool.query(`update system set secrets_sealed = '\\x00' where id = $1`, [system.id]);
  await account('Unreadable');
  await world.readAll();
  await world.deliveries.round();
  await world.deliveries.settled();
  assert.equal(troubles.splice(0).length, 1);
  assert.match((await attemptsOf(system.id))[0]?.problem ?? '', /the log of the server says why/);
  assert.equal(receiver.count, 0);
  await remove(system.id);
});

test('processes that are killed again and again leave no event out, and none of their own behind', async (t) => {
  const receiver = await receiverFor(t);
  const system = await world.addWebhook('killed', { url: receiver.origin });
  const parent = await account('Killed');
  for (let n = 0; n < 30; n++) await account(`${n}`, parent.id);
  receiver.knobs.latencyMs = 3;
  const program = fileURLToPath(new URL('./support/events-process.ts', import.meta.url));
  let kills = 0;
  for (let n = 0; n < 4; n++) {
    const { hold } = (await placeHold(context, ADMIN, parent.id, { profile: 'suspended' })).value;
    const before = receiver.count;
    const child = spawn(process.execPath, [program, here.connectionString], { stdio: ['ignore', 'ignore', 'inherit'] });
    const exited = once(child, 'exit');
    // Somewhere in the middle of its work: after a few more requests each time.
    while (receiver.count < before + 4 * n + 1) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGKILL');
    const [, signal] = await exited;
    assert.equal(signal, 'SIGKILL');
    kills++;
    await liftHold(context, ADMIN, parent.id, hold.id);
    // Time passes until the leases of the dead are over.
    await here.pool.query(`update delivery set leased_until = now() where lease_token is not null`);
  }
  await world.sendAll();
  assert.equal(kills, 4);
  const ids = new Set(receiver.received.map(({ id }) => id));
  const { rows } = await here.pool.query<{ uuid: string }>(
    `select v.uuid from event v join entity a on a.id = v.account_id where a.ancestors @> array[$1::bigint] and v.at >= $2`,
    [parent.number, system.created_at],
  );
  assert.equal(rows.length, 31 + 31 * 8, 'each transition is one event');
  assert.deepEqual(
    rows.filter(({ uuid }) => !ids.has(uuid)),
    [],
  );
  assert.ok((await deliveriesOf(system.id)).every(({ outcome }) => outcome === 'delivered'));
  await remove(system.id);
});

test('the receiver of the documents verifies what it is sent, and takes a repeat once', async () => {
  const document = await readFile(new URL('../docs/systems/webhook.md', import.meta.url), 'utf8');
  const code = /```js\n([^`]+)```/.exec(document)?.[1] ?? '';
  const port = await chooseFreePort(null);
  assert.match(code, /\b8090\b/);
  const receiver = spawn(process.execPath, ['--input-type=module', '--eval', code.replace('8090', String(port))], {
    env: { ...process.env, WEBHOOK_SECRET: SECRET },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(receiver, 'exit');
  const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]();
  const pace = { breakerFailures: 1_000_000, retryMinMs: 1, retryMaxMs: 5 };
  const system = await world.addWebhook('documented', { url: `http://127.0.0.1:${port}/` }, { pace });
  try {
    const made = await account('Documented');
    await world.readAll();
    // It takes a while until it listens.
    while (!(await deliveriesOf(system.id)).some(({ outcome }) => outcome === 'delivered')) {
      await here.pool.query(
        `update delivery set due_at = now(), attempts = 0 where outcome = 'pending' and lease_token is null`,
      );
      await here.pool.query(`delete from delivery_attempt`);
      await world.deliveries.round();
      await world.deliveries.settled();
    }
    const { value } = await lines.next();
    assert.match(String(value), new RegExp(`account.created ${made.id}$`));
    await replayEvents(context, ADMIN, 'documented', { from: '2000-01-01T00:00:00Z' });
    const last = await account('Last');
    await world.sendAll();
    const rest: string[] = [];
    while (!rest.at(-1)?.endsWith(last.id)) rest.push(String((await lines.next()).value));
    assert.ok(rest.every((line) => !line.includes(made.id)));
  } finally {
    receiver.kill();
    await exited;
    await remove(system.id);
  }
});
