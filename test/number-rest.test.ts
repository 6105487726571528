/** Closed numbers: when they can be assigned again, and what another operator has asked for. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { maskOf } from '#core/action.ts';
import { Problem } from '#core/problem.ts';
import { closeEntity } from '#operations/close-entity.ts';
import type { OperationContext } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { eraseEntity, tidyErasures } from '#operations/erase-entity.ts';
import { applyPlan } from '#operations/apply-plan.ts';
import { planChange } from '#operations/plan-change.ts';
import { placeHold } from '#operations/place-hold.ts';
import { listEntities, readEntity } from '#operations/read-entity.ts';
import { updateEntity } from '#operations/update-entity.ts';
import { removeSystem } from '#store/system.ts';
import { ADMIN } from '#test/installation.ts';
import { NUMBER, type NumberWorld, confirmRelease, customer, numberWorld } from '#test/number-world.ts';
import { findingsOf } from '#test/outcomes.ts';

import { makeRandom, pick } from '../scripts/random.ts';

const DAY_MS = 86_400_000;
const RESTS = { numberQuarantineDays: 45, numberQuarantineByCountry: { US: 90, DE: 30, FR: 0 } };
const DAYS: Readonly<Record<string, number>> = { US: 90, DE: 30, FR: 0, NL: 45, none: 45 };

function number(here: { readonly context: OperationContext }, parent: number, more: Record<string, unknown> = {}) {
  return createEntity(here.context, ADMIN, { kind: 'phone_number', e164: NUMBER, parent, ...more });
}

async function refusalOf(work: Promise<unknown>): Promise<Problem> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Problem, `expected a refusal, not ${String(error)}`);
  return error;
}

/** The same installation at another time. */
function at({ context }: { readonly context: OperationContext }, ms: number): { readonly context: OperationContext } {
  return { context: { ...context, clock: () => new Date(ms) } };
}

async function closedAtOf({ pool }: NumberWorld, id: number): Promise<number> {
  const { rows } = await pool.query<{ since: Date }>('select closed_since($1) as since', [id]);
  return rows[0]?.since.getTime() ?? Number.NaN;
}

const SEED = Number(process.env['ABEYANCE_TEST_SEED'] ?? Date.now() % 1_000_000);

test(`a number is never assigned before its rest and its release, and always after (seed ${SEED})`, async (t: TestContext) => {
  const here = await numberWorld(t, { operations: RESTS });
  const random = makeRandom(SEED);
  let refused = 0;
  let assigned = 0;
  for (let round = 0; round < 60; round++) {
    const e164 = `+3120800${5100 + round}`;
    const country = pick(['US', 'DE', 'FR', 'NL', 'none'], random());
    const isBought = random() < 0.6;
    const parent = await customer(here);
    const { value } = await number(here, parent, {
      e164,
      ...(country === 'none' ? {} : { country }),
      ...(isBought ? { provider: 'carrier', providerReference: `PN${round}` } : {}),
    });
    if (random() < 0.3) await placeHold(here.context, ADMIN, parent, { profile: 'suspended' });
    // As long as it is open nobody else gets it, however much later.
    const heir = await customer(here);
    const create = (ms: number) => number(at(here, ms), heir, { e164 });
    assert.equal((await refusalOf(create(Date.now() + 4_000 * DAY_MS))).code, 'exists');
    await closeEntity(here.context, ADMIN, random() < 0.5 ? parent : value.number);
    const closedAt = await closedAtOf(here, value.number);
    const freeAt = closedAt + (DAYS[country] ?? 45) * DAY_MS;
    let isReleased = !isBought;
    const steps = [1, 29.9, 30.1, 44.9, 45.1, 89.9, 90.1, 200].map((days) => days + random() / 20);
    for (const days of steps) {
      const now = closedAt + days * DAY_MS;
      if (!isReleased && random() < 0.3) {
        await confirmRelease(here, here.system, value.number, pick(['applied', 'acknowledged'] as const, random()));
        isReleased = true;
      }
      const view = await readEntity(here.context, ADMIN, value.number);
      assert.equal(view['quarantinedUntil'], new Date(freeAt).toISOString());
      assert.equal(view['releasePending'], isReleased ? undefined : true);
      if (!isReleased || now < freeAt) {
        const refusal = await refusalOf(create(now));
        assert.equal(refusal.code, 'exists');
        assert.equal(refusal.facts['quarantinedUntil'], new Date(freeAt).toISOString());
        assert.equal(refusal.facts['releasePending'], isReleased ? undefined : true);
        refused++;
        continue;
      }
      assert.equal((await create(now)).value.lifecycle, 'open');
      assigned++;
      // It is somebody else's now: the old one says nothing of it any more.
      assert.equal((await readEntity(here.context, ADMIN, value.number))['quarantinedUntil'], undefined);
      break;
    }
  }
  assert.ok(refused > 50 && assigned > 20, `${refused} refused, ${assigned} assigned`);
  assert.deepEqual(await findingsOf(here), []);
});

test('lists say until when numbers rest, and a closed number whose provider was removed only rests', async (t: TestContext) => {
  const here = await numberWorld(t);
  const account = await customer(here);
  const { value } = await number(here, account, { provider: 'carrier', providerReference: 'PN1' });
  await closeEntity(here.context, ADMIN, account);
  const list = () => listEntities(here.context, ADMIN, { kind: 'phone_number', closed: true });
  assert.equal((await list()).items[0]?.['releasePending'], true);
  assert.ok((await list()).items[0]?.['quarantinedUntil']);
  await removeSystem(here.session, here.system);
  assert.equal((await list()).items[0]?.['releasePending'], undefined);
  const late = (await closedAtOf(here, value.number)) + 46 * DAY_MS;
  await number(at(here, late), await customer(here));
});

test('a number that another operator has asked for is not closed by itself', async (t: TestContext) => {
  const here = await numberWorld(t);
  const account = await customer(here);
  const { value } = await number(here, account, { portOutPendingSince: '2026-01-01T00:00:00Z' });
  const refusal = await refusalOf(closeEntity(here.context, ADMIN, value.number));
  assert.equal(refusal.code, 'conflict');
  assert.deepEqual(
    refusal.errors.map(({ field }) => field),
    ['portOutPendingSince'],
  );
  const plan = (await planChange(here.context, ADMIN, value.number, { action: 'close' })).value;
  assert.deepEqual(plan.effect.portOutPending, { count: 1, numbers: [NUMBER] });
  assert.equal((await refusalOf(applyPlan(here.context, ADMIN, plan.token))).code, 'conflict');
  await updateEntity(here.context, ADMIN, value.number, { portOutPendingSince: null });
  assert.equal((await closeEntity(here.context, ADMIN, value.number)).value.lifecycle, 'closed');
});

test('plans count the numbers beneath that another operator has asked for', async (t: TestContext) => {
  const here = await numberWorld(t);
  const reseller = await customer(here);
  const account = await customer(here, reseller);
  const beside = await customer(here);
  for (let n = 0; n < 25; n++)
    await number(here, account, { e164: `+312080051${10 + n}`, portOutPendingSince: '2026-01-01T00:00:00Z' });
  await number(here, account, { e164: '+31208005199' });
  const gone = await number(here, beside, { e164: '+31208005198', portOutPendingSince: null });
  await closeEntity(here.context, ADMIN, gone.value.number);
  const planned = async (entity: number, intent: Record<string, unknown>) =>
    (await planChange(here.context, ADMIN, entity, intent)).value.effect.portOutPending;
  const close = await planned(reseller, { action: 'close' });
  assert.equal(close?.count, 25);
  assert.equal(close?.numbers.length, 20);
  assert.equal((await planned(account, { action: 'hold', profile: 'suspended' }))?.count, 25);
  assert.equal((await planned(account, { action: 'hold', profile: 'limited' }))?.count, 25);
  assert.equal(await planned(beside, { action: 'close' }), undefined);
  // A hold that leaves calls alone cuts nobody off.
  const { pool } = here;
  await pool.query(`update profile set denied = $1, intercepted = 0 where name = 'limited'`, [maskOf(['mail.send'])]);
  assert.equal(await planned(account, { action: 'hold', profile: 'limited' }), undefined);
  await closeEntity(here.context, ADMIN, reseller);
  assert.equal(await planned(0, { action: 'hold', profile: 'suspended' }), undefined);
});

test('an account is erased only when its provider knows nothing of it any more', async (t: TestContext) => {
  const here = await numberWorld(t, { operations: { numberQuarantineByCountry: { DE: 0 } } });
  const account = await customer(here);
  const { value } = await number(here, account, { provider: 'carrier', providerReference: 'PN1', country: 'de' });
  await closeEntity(here.context, ADMIN, account);
  const refusal = await refusalOf(eraseEntity(here.context, ADMIN, account));
  assert.equal(refusal.code, 'conflict');
  assert.equal(refusal.facts['releasesPending'], 1);
  await confirmRelease(here, here.system, value.number);
  await eraseEntity(here.context, ADMIN, account);
  await tidyErasures(here.context);
  // Its rest is over at once, so its name is gone at once.
  await number(here, await customer(here));
  assert.deepEqual(await findingsOf(here), []);
});
