/** Writers that race: the real operations, held back by real locks until each is where the race is decided. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import pg from 'pg';

import { closeEntity } from '#operations/close-entity.ts';
import { createEntity } from '#operations/create-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { moveEntity } from '#operations/move-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { runBulk } from '#operations/run-bulk.ts';
import { transferEntity } from '#operations/transfer-entity.ts';
import { updateEntity } from '#operations/update-entity.ts';
import { holdBack, holdCommits } from '#test/barrier.ts';
import { ADMIN, type Installation, testInstallation } from '#test/installation.ts';
import { changesAfter, codesOf, findingsOf, headOf, outcomeOf } from '#test/outcomes.ts';

import { makeRandom, pick } from '../scripts/random.ts';

async function account({ context }: Installation, parent: number, name = 'An account'): Promise<number> {
  return (await createEntity(context, ADMIN, { kind: 'account', name, parent })).value.number;
}

async function stored({ pool }: Installation, id: number): Promise<{ ancestors: number[]; closed: boolean }> {
  const { rows } = await pool.query<{ ancestors: number[]; closed: boolean }>(
    'select e.ancestors, r.closed from entity e cross join lateral restrictions(e.id) r where e.id = $1',
    [id],
  );
  const [row] = rows;
  assert.ok(row);
  return row;
}

const child = (parent: number) => ({ kind: 'account', name: 'A child', parent });

test('what is created while its parent waits to be moved moves with it', async (t: TestContext) => {
  const here = await testInstallation(t);
  const [from, to] = [await account(here, 0), await account(here, 0)];
  const parent = await account(here, from);
  const barrier = await holdCommits(here);
  const creation = createEntity(here.context, ADMIN, child(parent));
  await barrier.held(1);
  const move = moveEntity(here.context, ADMIN, parent, to);
  await barrier.waitingForShape(1);
  await barrier.open();
  const { number } = (await creation).value;
  await move;
  assert.deepEqual((await stored(here, number)).ancestors, [0, to, parent, number]);
  assert.deepEqual(await findingsOf(here), []);
});

test('what is created after its parent was moved knows the new place', async (t: TestContext) => {
  const here = await testInstallation(t);
  const [from, to] = [await account(here, 0), await account(here, 0)];
  const parent = await account(here, from);
  const barrier = await holdCommits(here);
  const move = moveEntity(here.context, ADMIN, parent, to);
  await barrier.held(1);
  const creation = createEntity(here.context, ADMIN, child(parent));
  await barrier.waitingForShape(1);
  await barrier.open();
  await move;
  const { number } = (await creation).value;
  assert.deepEqual((await stored(here, number)).ancestors, [0, to, parent, number]);
  assert.deepEqual(await findingsOf(here), []);
});

test('what is created while its parent waits to be closed is closed with it', async (t: TestContext) => {
  const here = await testInstallation(t);
  const parent = await account(here, 0);
  const barrier = await holdCommits(here);
  const creation = createEntity(here.context, ADMIN, child(parent));
  await barrier.held(1);
  const close = closeEntity(here.context, ADMIN, parent);
  await barrier.waitingForShape(1);
  await barrier.open();
  const { number } = (await creation).value;
  await close;
  assert.equal((await stored(here, number)).closed, true);
  assert.deepEqual(
    (await changesAfter(here, 0)).slice(-2).map(({ kind }) => kind),
    ['entity.created', 'entity.closed'],
  );
  assert.deepEqual(await findingsOf(here), []);
});

test('nothing is created beneath a parent whose closing was committed first, by itself or above', async (t: TestContext) => {
  const here = await testInstallation(t);
  const top = await account(here, 0);
  const parent = await account(here, top);
  const barrier = await holdCommits(here);
  const close = closeEntity(here.context, ADMIN, top);
  await barrier.held(1);
  const creations = [
    outcomeOf(createEntity(here.context, ADMIN, child(top))),
    outcomeOf(createEntity(here.context, ADMIN, child(parent))),
  ];
  await barrier.waitingForShape(2);
  await barrier.open();
  await close;
  assert.deepEqual(codesOf(await Promise.all(creations)), ['closed', 'closed']);
  assert.equal((await changesAfter(here, 0)).at(-1)?.kind, 'entity.closed');
  assert.deepEqual(await findingsOf(here), []);
});

test('of two accounts that are moved beneath each other at once, one is', async (t: TestContext) => {
  const here = await testInstallation(t);
  const [a, b] = [await account(here, 0), await account(here, 0)];
  const barrier = await holdCommits(here);
  const first = outcomeOf(moveEntity(here.context, ADMIN, a, b));
  await barrier.held(1);
  const second = outcomeOf(moveEntity(here.context, ADMIN, b, a));
  await barrier.waitingForShape(1);
  await barrier.open();
  assert.deepEqual([(await first).code, (await second).code], [null, 'invalid']);
  assert.deepEqual((await stored(here, a)).ancestors, [0, b, a]);
  assert.deepEqual(await findingsOf(here), []);
});

test('of many creations with one name, one succeeds and the others hear that it exists', async (t: TestContext) => {
  const here = await testInstallation(t);
  const owner = await account(here, 0);
  const barrier = await holdCommits(here);
  const racers = Array.from({ length: 8 }, () =>
    outcomeOf(createEntity(here.context, ADMIN, { kind: 'sip_domain', domain: 'wanted.example', parent: owner })),
  );
  await barrier.held(racers.length);
  await barrier.open();
  assert.deepEqual(codesOf(await Promise.all(racers)), [
    'done',
    ...Array.from({ length: racers.length - 1 }, () => 'exists'),
  ]);
  const { rows } = await here.pool.query(`select 1 from sip_domain where domain = 'wanted.example'`);
  assert.equal(rows.length, 1, 'the others left nothing behind');
  assert.deepEqual(await findingsOf(here), []);
});

test('a deadlock of two bulk creations is undone and done again, and nobody hears of it', async (t: TestContext) => {
  const here = await testInstallation(t);
  const owner = await account(here, 0);
  const create = (names: readonly string[]) => {
    const items = names.map(
      (name) => ({ op: 'create', body: { kind: 'sip_domain', domain: `${name}.example`, parent: owner } }) as const,
    );
    return runBulk(here.context, ADMIN, items, { isBrief: true });
  };
  // Each has its first name and waits for the second; whoever gets that one needs the name that the other has.
  const barrier = await holdBack(here, `insert into identifier values ('sip', 'middle.example', 0)`);
  const racers = [create(['left', 'middle', 'right']), create(['right', 'middle', 'left'])];
  await barrier.held(2);
  await barrier.open();
  const outcomes = (await Promise.all(racers)).flatMap((racer) => racer.outcomes);
  assert.deepEqual(outcomes.map((outcome) => (outcome.ok ? 'done' : outcome.problem.code)).sort(), [
    'done',
    'done',
    'done',
    'exists',
    'exists',
    'exists',
  ]);
  const { rows } = await here.pool.query<{ value: string }>('select value from identifier order by value');
  assert.deepEqual(
    rows.map(({ value }) => value),
    ['left.example', 'middle.example', 'right.example'],
  );
  assert.deepEqual(await findingsOf(here), []);
});

test('the same hold placed by many at once is one hold, and each is told it', async (t: TestContext) => {
  const here = await testInstallation(t);
  const held = await account(here, 0);
  const before = await headOf(here);
  const barrier = await holdCommits(here);
  const racers = Array.from({ length: 8 }, () =>
    placeHold(here.context, ADMIN, held, { profile: 'suspended', externalRef: 'invoice 1' }),
  );
  await barrier.held(racers.length);
  await barrier.open();
  const placed = (await Promise.all(racers)).map(({ value }) => value);
  assert.equal(new Set(placed.map(({ hold }) => hold.id)).size, 1);
  assert.equal(placed.filter(({ isNew }) => isNew).length, 1);
  assert.deepEqual(
    (await changesAfter(here, before)).map(({ kind }) => kind),
    ['hold.placed'],
  );
});

test('a hold lifted by many at once is lifted once, and each is told so', async (t: TestContext) => {
  const here = await testInstallation(t);
  const held = await account(here, 0);
  const { hold } = (await placeHold(here.context, ADMIN, held, { profile: 'suspended' })).value;
  const before = await headOf(here);
  const barrier = await holdCommits(here);
  const racers = Array.from({ length: 8 }, () => liftHold(here.context, ADMIN, held, hold.id));
  await barrier.held(racers.length);
  await barrier.open();
  const ends = (await Promise.all(racers)).map(({ value }) => value.endedAt);
  assert.equal(new Set(ends).size, 1);
  assert.deepEqual(
    (await changesAfter(here, before)).map(({ kind }) => kind),
    ['hold.lifted'],
  );
});

test('one idempotency key sent many times at once has one effect and one answer', async (t: TestContext) => {
  const here = await testInstallation(t);
  const before = await headOf(here);
  const key = { actor: ADMIN.name, key: 'once', route: 'POST /v1/accounts', digest: Buffer.alloc(32) };
  const barrier = await holdCommits(here);
  const racers = Array.from({ length: 8 }, () =>
    createEntity(here.context, ADMIN, { kind: 'account', name: 'Once' }, key),
  );
  await barrier.held(racers.length);
  await barrier.open();
  const performed = await Promise.all(racers);
  assert.equal(new Set(performed.map(({ value }) => JSON.stringify(value, Object.keys(value).sort()))).size, 1);
  assert.equal(performed.filter(({ replayed }) => !replayed).length, 1);
  assert.deepEqual(
    (await changesAfter(here, before)).map(({ kind }) => kind),
    ['entity.created'],
  );
});

const WRITERS = 16;
const WRITES_EACH = 30;
/** What a writer among others may be told. */
const FAIR_REFUSALS = new Set(['invalid', 'exists', 'closed', 'held', 'not_found', 'plan_required']);

test('sixteen writers leave a gapless log in the order of their commits, and a whole tree', async (t: TestContext) => {
  const here = await testInstallation(t);
  const { context } = here;
  const top = await account(here, 0);
  const accounts = [top];
  for (let n = 0; n < 5; n++) accounts.push(await account(here, top));
  const domain = (await createEntity(context, ADMIN, { kind: 'sip_domain', domain: 'busy.example', parent: top })).value
    .number;
  const users: number[] = [];
  const holds: { entity: number; id: string }[] = [];
  const told = await listen(here);
  const before = await headOf(here);
  const refusals = new Map<string, number>();
  let done = 0;
  const writer = async (_: unknown, index: number) => {
    const random = makeRandom(index);
    for (let n = 0; n < WRITES_EACH; n++) {
      const outcome = await outcomeOf(write(random, `${pick(['a', 'b', 'c'], random())}-${n}`));
      if (outcome.code === null) done++;
      else refusals.set(outcome.code, (refusals.get(outcome.code) ?? 0) + 1);
    }
  };
  const write = async (random: () => number, name: string): Promise<void> => {
    const [what, one, other] = [random(), pick(accounts, random()), pick(accounts, random())];
    if (what < 0.2) accounts.push(await account(here, one));
    else if (what < 0.4)
      users.push(
        (await createEntity(context, ADMIN, { kind: 'sip_account', username: name, parent: domain, owner: one })).value
          .number,
      );
    else if (what < 0.55) {
      const { hold } = (await placeHold(context, ADMIN, one, { profile: 'limited', externalRef: name })).value;
      holds.push({ entity: one, id: hold.id });
    } else if (what < 0.65 && holds.length > 0) {
      const hold = pick(holds, random());
      await liftHold(context, ADMIN, hold.entity, hold.id);
    } else if (what < 0.75) await moveEntity(context, ADMIN, one, other);
    else if (what < 0.85 && users.length > 0) await transferEntity(context, ADMIN, pick(users, random()), other);
    else if (what < 0.98 || accounts.length < 20) await updateEntity(context, ADMIN, one, { company: name });
    else await closeEntity(context, ADMIN, pick(accounts.slice(-5), random()));
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  t.diagnostic(`${done} writes done, refused: ${JSON.stringify(Object.fromEntries(refusals))}`);
  assert.ok(done > (WRITERS * WRITES_EACH) / 4);
  assert.deepEqual(
    [...refusals.keys()].filter((code) => !FAIR_REFUSALS.has(code)),
    [],
  );
  const changes = await changesAfter(here, before);
  await told.until(before + changes.length);
  await told.stop();
  assert.deepEqual(
    told.revisions,
    [...told.revisions].sort((a, b) => a - b),
    'commits were told in the order of their revisions',
  );
  assert.equal(new Set(told.revisions).size, told.revisions.length);
  assert.deepEqual(await findingsOf(here), []);
});

/** Hears of commits as the database tells them: in the order in which they happened. */
async function listen({ connectionString }: Installation) {
  const client = new pg.Client({ connectionString });
  const revisions: number[] = [];
  let wake = () => {};
  client.on('notification', ({ payload }) => {
    revisions.push(Number(payload));
    wake();
  });
  await client.connect();
  await client.query('listen abeyance_change');
  client.on('error', () => {}); // A test that failed drops its database with whoever is still connected.
  const until = async (revision: number) => {
    while ((revisions.at(-1) ?? 0) < revision)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };
  return { revisions, until, stop: () => client.end() };
}
