/** From closing to the provider and back: numbers are released by the reconciler, when they may be. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestContext, test } from 'node:test';

import { buyNumber } from '#operations/buy-number.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { createEntity } from '#operations/create-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { readEntity } from '#operations/read-entity.ts';
import { settlePurchases } from '#operations/settle-purchases.ts';
import { updateEntity } from '#operations/update-entity.ts';
import { Reconciler } from '#reconciler/reconciler.ts';
import { makeNumberProviderDriver } from '#systems/number-provider/driver.ts';
import { ADMIN } from '#test/installation.ts';
import { NUMBER, type NumberWorld, customer, expireLeases, market, numberWorld } from '#test/number-world.ts';
import { findingsOf } from '#test/outcomes.ts';

import { makeRandom } from '../scripts/random.ts';

const WAIT_MS = 30_000;

function reconcile(here: NumberWorld, t: TestContext): Reconciler {
  const reconciler = new Reconciler({
    pool: here.pool,
    connectionString: here.connectionString,
    sealingKey: () => here.context.sealingKey,
    chainKey: () => here.context.chainKey,
    makeDriver: { number_provider: makeNumberProviderDriver },
    workerName: 'test',
    onTrouble: () => {},
    pollMs: 50,
  });
  reconciler.start();
  t.after(() => reconciler.stop());
  return reconciler;
}

async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  for (const endMs = performance.now() + WAIT_MS; !(await condition()); await sleep(20))
    if (performance.now() > endMs) throw new Error(`it never came: ${what}`);
}

/** Everything that was committed has reached its targets, and those are settled or wait. */
async function settled({ pool }: NumberWorld): Promise<void> {
  await until('all is settled', async () => {
    const { rows } = await pool.query<{ open: number }>(
      `select (select count(*) from target t where generation_applied < generation_desired and target_outcome(t) <> 'waiting'
            or lease_token is not null)
          + (select count(*) from sweep where expanded_at is null)
          + (select c.revision - s.revision from change_counter c, sweep_cursor s) as open`,
    );
    return rows[0]?.open === 0;
  });
}

async function targetOf({ pool }: NumberWorld, id: number) {
  const { rows } = await pool.query<{ outcome: string; problem_code: string | null; applied: unknown }>(
    `select target_outcome(t) as outcome, problem_code, applied from target t where entity_id = $1`,
    [id],
  );
  return rows[0];
}

async function bought(here: NumberWorld, account: number, number = NUMBER): Promise<number> {
  return (await buyNumber(here.context, ADMIN, 'carrier', { account, number })).value.number;
}

for (const dialect of ['generic', 'twilio'] as const)
  test(`${dialect}: holds release nothing, closing releases, through lost replies and refusals`, async (t: TestContext) => {
    const stock = Array.from({ length: 20 }, (_, n) => `+312080051${10 + n}`);
    const here = await numberWorld(t, { dialect, stock });
    const account = await customer(here);
    const ids: number[] = [];
    for (const number of stock) ids.push(await bought(here, account, number));
    reconcile(here, t);
    const before = here.carrier.count;
    await placeHold(here.context, ADMIN, account, { profile: 'suspended' });
    await settled(here);
    assert.equal(here.carrier.count, before, 'a hold asks the provider nothing');
    Object.assign(here.carrier.knobs, { random: makeRandom(7), refuse: 0.1, loseReply: 0.2, loseRequest: 0.1 });
    await here.pool.query(
      `update system set retry_min_ms = 10, retry_max_ms = 50, breaker_open_ms = 50, timeout_ms = 2000, flight_max_ms = 2000`,
    );
    await closeEntity(here.context, ADMIN, account);
    await until('all are taken back', () => here.carrier.held.size === 0);
    Object.assign(here.carrier.knobs, { refuse: 0, loseReply: 0, loseRequest: 0 });
    await settled(here);
    for (const [index, id] of ids.entries()) {
      assert.equal(here.carrier.released.get(stock[index] ?? ''), 1);
      assert.deepEqual((await targetOf(here, id))?.applied, { held: false });
      const view = await readEntity(here.context, ADMIN, id);
      assert.equal(view['releasePending'], undefined);
      assert.ok(view['quarantinedUntil']);
    }
    assert.deepEqual(await findingsOf(here), []);
  });

test('a pending port keeps a number whose account is closed, visibly and without a request, until it ends', async (t: TestContext) => {
  const here = await numberWorld(t);
  const account = await customer(here);
  const id = await bought(here, account);
  await updateEntity(here.context, ADMIN, id, { portOutPendingSince: '2026-01-01T00:00:00Z' });
  reconcile(here, t);
  await settled(here);
  const before = here.carrier.count;
  await closeEntity(here.context, ADMIN, account);
  await until('it waits', async () => (await targetOf(here, id))?.problem_code === 'port_out_pending');
  assert.equal((await targetOf(here, id))?.outcome, 'waiting');
  assert.equal(here.carrier.count, before);
  assert.equal((await readEntity(here.context, ADMIN, id))['releasePending'], true);
  // What is closed is changed in nothing else.
  await assert.rejects(updateEntity(here.context, ADMIN, id, { friendlyName: 'x' }), { code: 'closed' });
  await updateEntity(here.context, ADMIN, id, { portOutPendingSince: null });
  await until('it is released', () => here.carrier.released.get(NUMBER) === 1);
  await settled(here);
  assert.equal((await targetOf(here, id))?.outcome, 'confirmed');
});

test('a closed number can be asked for while it is portable, and is kept then', async (t: TestContext) => {
  const here = await numberWorld(t, { settings: { portableDays: 31 } });
  const account = await customer(here);
  const id = await bought(here, account);
  reconcile(here, t);
  await closeEntity(here.context, ADMIN, id);
  await until('it waits', async () => (await targetOf(here, id))?.problem_code === 'portable');
  await updateEntity(here.context, ADMIN, id, { portOutPendingSince: '2026-01-01T00:00:00Z' });
  await until('it waits for the port', async () => (await targetOf(here, id))?.problem_code === 'port_out_pending');
  await updateEntity(here.context, ADMIN, id, { portOutPendingSince: null });
  await until('it waits again', async () => (await targetOf(here, id))?.problem_code === 'portable');
  // As if it had been closed long ago.
  await here.pool.query(`update entity set closed_at = now() - interval '31 days 1 second' where id = $1`, [id]);
  await here.pool.query(`update target set due_at = now()`);
  await until('it is released', () => here.carrier.released.get(NUMBER) === 1);
});

test('what was bought for an account that was closed meanwhile is given back', async (t: TestContext) => {
  const here = await numberWorld(t);
  const account = await customer(here);
  reconcile(here, t);
  const crashing = here.withMarket({
    buy: async (...order) => {
      await market.buy(...order);
      throw new Error('the process died');
    },
  });
  await assert.rejects(buyNumber(crashing, ADMIN, 'carrier', { account, number: NUMBER }), /died/);
  await closeEntity(here.context, ADMIN, account);
  await until('it waits', async () => {
    const { rows } = await here.pool.query(`select from target where problem_code = 'purchase_pending'`);
    return rows.length === 1;
  });
  assert.equal(here.carrier.held.size, 1);
  await expireLeases(here);
  assert.equal(await settlePurchases(here.context), 1);
  await until('it is given back', () => here.carrier.held.size === 0);
  assert.equal(here.carrier.released.get(NUMBER), 1);
  await settled(here);
  assert.deepEqual(await findingsOf(here), []);
});

test('a number of no provider rests from its closing on, and nobody is asked', async (t: TestContext) => {
  const here = await numberWorld(t);
  const account = await customer(here);
  const { value } = await createEntity(here.context, ADMIN, { kind: 'phone_number', e164: NUMBER, parent: account });
  reconcile(here, t);
  await closeEntity(here.context, ADMIN, account);
  await settled(here);
  assert.equal(here.carrier.count, 0);
  const view = await readEntity(here.context, ADMIN, value.number);
  assert.equal(view['releasePending'], undefined);
  assert.ok(view['quarantinedUntil']);
});
