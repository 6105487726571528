/** Holds that begin and end by themselves: all of a night at once, shared by two schedulers, each exactly once. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { pino } from 'pino';

import { Scheduler } from '#main/scheduler.ts';
import { createEntity } from '#operations/create-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { putProfile } from '#operations/put-profile.ts';
import { runDueHolds } from '#operations/run-due-holds.ts';
import { makePool } from '#store/database.ts';
import { waitUntil } from '#test/barrier.ts';
import { ADMIN, type Installation, testInstallation } from '#test/installation.ts';
import { changesAfter, findingsOf, headOf } from '#test/outcomes.ts';

const MIDNIGHT_HOLDS = 50_000;
const HOUR_MS = 3_600_000;
const log = pino({ level: 'silent' });

async function account({ context }: Installation, name: string): Promise<number> {
  return (await createEntity(context, ADMIN, { kind: 'account', name })).value.number;
}

/** Writes accounts, each with a hold that begins at one and the same moment in the past. */
async function fillNight({ pool }: Installation): Promise<void> {
  await pool.query(
    `with made as (
        insert into entity (kind, parent_id, ancestors, label)
        select 'account', 0, array[0], 'Customer ' || n from generate_series(1, $1) n returning id
      ), chained as (
        insert into account select d.* from made, lateral jsonb_populate_record(null::account,
          (select to_jsonb(a) from account a where a.entity_id = 0) || jsonb_build_object('entity_id', made.id)) d
      )
      insert into hold (entity_id, profile, authority, authority_rank, source, placed_by, starts_at)
      select id, 'suspended', 'platform', 30, 'billing', 'billing', date_trunc('hour', now()) from made`,
    [MIDNIGHT_HOLDS],
  );
  await pool.query(`update entity set ancestors = array[0, id] where id <> 0`);
  await pool.query('analyze');
}

test('fifty thousand holds of one moment are put in force by two schedulers, each hold once', async (t: TestContext) => {
  const here = await testInstallation(t);
  await fillNight(here);
  const before = await headOf(here);
  const otherPool = makePool({ connectionString: here.connectionString });
  t.after(() => otherPool.end());
  const schedulers = [new Scheduler(here.context, log), new Scheduler({ ...here.context, pool: otherPool }, log)];
  assert.ok(((await schedulers[0]?.lagMs()) ?? 0) > 0, 'they are late');
  const startedAt = performance.now();
  for (const scheduler of schedulers) scheduler.start();
  await waitUntil('nothing is due', async () => (await schedulers[0]?.lagMs()) === 0);
  const seconds = (performance.now() - startedAt) / 1000;
  for (const scheduler of schedulers) await scheduler.stop();
  t.diagnostic(
    `${MIDNIGHT_HOLDS} holds in ${seconds.toFixed(1)} s, shared ${schedulers.map((scheduler) => scheduler.activated).join(' to ')}`,
  );

  const { rows } = await here.pool.query<{ count: number }>(
    'select count(*) from hold where activated_at is not null and ended_at is null',
  );
  assert.equal(rows[0]?.count, MIDNIGHT_HOLDS);
  const changes = await changesAfter(here, before);
  assert.deepEqual([...new Set(changes.map(({ kind }) => kind))], ['hold.activated']);
  assert.equal(changes.length, MIDNIGHT_HOLDS, 'one change each');
  assert.equal(new Set(changes.map(({ entity_id }) => entity_id)).size, MIDNIGHT_HOLDS);
  assert.equal(
    schedulers.reduce((sum, scheduler) => sum + scheduler.activated, 0),
    MIDNIGHT_HOLDS,
  );
  assert.ok(
    schedulers.every(({ activated, failures }) => activated > 0 && failures === 0),
    'both took part',
  );
  assert.deepEqual(await findingsOf(here), []);
});

test('a scheduled hold begins and ends by itself, and what it held is again as it was', async (t: TestContext) => {
  const here = await testInstallation(t);
  const { context } = here;
  const held = await account(here, 'A customer');
  const startsAt = new Date(Date.now() + HOUR_MS);
  const endsAt = new Date(Date.now() + 2 * HOUR_MS);
  await placeHold(context, ADMIN, held, {
    profile: 'suspended',
    startsAt: startsAt.toISOString(),
    endsAt: endsAt.toISOString(),
  });
  const look = async () => {
    const run = await runDueHolds(context);
    await here.follow();
    return { ...run, standing: context.engine.standing(held)?.standing };
  };
  assert.deepEqual(await look(), { activated: 0, expired: 0, standing: 'active' });
  await here.pool.query(`update hold set starts_at = now() - interval '1 second'`);
  assert.deepEqual(await look(), { activated: 1, expired: 0, standing: 'suspended' });
  assert.deepEqual(await look(), { activated: 0, expired: 0, standing: 'suspended' });
  await here.pool.query(`update hold set ends_at = now()`);
  assert.deepEqual(await look(), { activated: 0, expired: 1, standing: 'active' });
  assert.deepEqual(
    (await changesAfter(here, 0)).map(({ kind }) => kind).filter((kind) => kind.startsWith('hold.')),
    ['hold.placed', 'hold.activated', 'hold.expired'],
  );
  assert.deepEqual(await findingsOf(here), []);
});

test('a hold whose whole period went by unseen never comes into force', async (t: TestContext) => {
  const here = await testInstallation(t);
  const held = await account(here, 'A customer');
  const startsAt = new Date(Date.now() + HOUR_MS).toISOString();
  await placeHold(here.context, ADMIN, held, {
    profile: 'suspended',
    startsAt,
    endsAt: new Date(Date.now() + 2 * HOUR_MS).toISOString(),
  });
  await here.pool.query(
    `update hold set starts_at = now() - interval '2 seconds', ends_at = now() - interval '1 second'`,
  );
  assert.deepEqual(await runDueHolds(here.context), { activated: 0, expired: 1 });
  assert.deepEqual(await runDueHolds(here.context), { activated: 0, expired: 0 });
  const { rows } = await here.pool.query('select activated_at, end_cause from hold');
  assert.deepEqual(rows, [{ activated_at: null, end_cause: 'expired' }]);
});

test('when a legal override has run out the emergency path opens, and all else stays held', async (t: TestContext) => {
  const here = await testInstallation(t);
  const { context } = here;
  const held = await account(here, 'A customer');
  const expiresAt = new Date(Date.now() + HOUR_MS).toISOString();
  await putProfile(context, ADMIN, 'blackout', {
    denied: ['call.out', 'call.emergency'],
    legalOverride: { author: 'A. Judge', reason: 'order 4711', expiresAt },
  });
  await placeHold(context, ADMIN, held, { profile: 'blackout' });
  const effects = async () => {
    await here.follow();
    const ask = (destination: string) => context.engine.decideFor(held, 'call.out', { destination }).effect;
    return { emergency: ask('112'), elsewhere: ask('+31208005100') };
  };
  await runDueHolds(context);
  assert.deepEqual(await effects(), { emergency: 'deny', elsewhere: 'deny' });
  const before = await headOf(here);
  const later = { ...context, clock: () => new Date(Date.parse(expiresAt) + 1) };
  await Promise.all([runDueHolds(later), runDueHolds(later)]);
  assert.deepEqual(await effects(), { emergency: 'allow', elsewhere: 'deny' });
  assert.deepEqual(
    (await changesAfter(here, before)).map(({ kind }) => kind),
    ['profile.changed'],
    'once, however many looked',
  );
  assert.deepEqual(await findingsOf(here), []);
});
