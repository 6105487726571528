/**
 * The law of events over random histories: what the events of an account tell, one after the other, is what the log says of
 * it at each revision, however far the pipeline lags and whenever it is ended.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { maskOf } from '#core/action.ts';
import { readPastStanding } from '#operations/as-of/read-past.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { createEntity } from '#operations/create-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { moveEntity } from '#operations/move-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { putProfile } from '#operations/put-profile.ts';
import { EventPipeline } from '#reconciler/events/event-pipeline.ts';
import { type Tally, makeHistory } from '#test/history.ts';
import { play } from '#test/history-player.ts';
import { randomSteps } from '#test/history-steps.ts';
import { makeCast } from '#test/history-world.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { headOf } from '#test/outcomes.ts';

import { makeRandom } from '../scripts/random.ts';

const seed = Number(process.env['ABEYANCE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const HISTORIES = 60;
const here = await testInstallation({ after: (work) => after(work) });
const { context } = here;

interface EventRow {
  readonly id: number;
  readonly revision: number;
  readonly type: string;
  readonly account_id: number;
  readonly denied_before: number | null;
  readonly intercepted_before: number | null;
  readonly closed_before: boolean | null;
  readonly denied: number;
  readonly intercepted: number;
  readonly closed: boolean;
}

const makePipeline = () => new EventPipeline({ context, onTrouble: (error) => assert.fail(String(error)) });

async function readAll(pipeline = makePipeline()): Promise<void> {
  while (await pipeline.step());
}

const eventsAfter = async (revision: number) =>
  (await here.pool.query<EventRow>('select * from event where revision > $1 order by id', [revision])).rows;

/** What the log says of an account at a revision; null before its creation. */
async function standingAt(account: number, revision: number): Promise<[number, number, boolean] | null> {
  const told = await readPastStanding(context, ADMIN, account, String(revision)).catch((error: { code?: string }) => {
    if (error.code === 'not_found') return null;
    throw error;
  });
  if (told === null) return null;
  return [maskOf(told.denied), maskOf(told.intercepted), told.standing === 'closed'];
}

function wordOf(denied: number, closed: boolean, intercepted: number): string {
  if (closed) return 'closed';
  if ((denied | intercepted) === 0) return 'active';
  return (denied & (8191 - 8)) === 8191 - 8 ? 'suspended' : 'limited';
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/**
 * Compares the events of accounts after a revision with the log, at each revision of their spans: where the history of an
 * account was played, and what concerns all accounts.
 */
async function compare(spans: ReadonlyMap<number, readonly Span[]>, first: number): Promise<number> {
  const events = await eventsAfter(first);
  for (const [at, event] of events.entries())
    assert.ok(at === 0 || event.revision >= (events[at - 1]?.revision ?? 0), 'events are in the order of the log');
  const byAccount = Map.groupBy(events, (event) => event.account_id);
  let compared = 0;
  for (const [account, own] of spans) {
    let state = await standingAt(account, first);
    const mine = [...(byAccount.get(account) ?? [])];
    const revisions = own.flatMap((span) =>
      Array.from({ length: span.last - span.first }, (_, n) => span.first + n + 1),
    );
    for (const revision of revisions.sort((a, b) => a - b)) {
      const now = await standingAt(account, revision);
      if (JSON.stringify(now) !== JSON.stringify(state)) {
        const event = mine.shift();
        assert.ok(now !== null && event !== undefined, `account ${account} has an event at ${revision} (seed ${seed})`);
        assert.equal(event.revision, revision, `account ${account}`);
        assert.deepEqual([event.denied, event.intercepted, event.closed], now);
        const before =
          event.denied_before === null ? null : [event.denied_before, event.intercepted_before, event.closed_before];
        assert.deepEqual(before, state);
        const [was, is] = [
          state === null ? null : wordOf(state[0], state[2], state[1]),
          wordOf(now[0], now[2], now[1]),
        ];
        const type = was === null ? 'created' : was === is ? 'restrictions_changed' : is === 'active' ? 'resumed' : is;
        assert.equal(event.type, `account.${type}`);
        compared++;
      }
      state = now;
    }
    assert.deepEqual(mine, [], `account ${account} has no event too many (seed ${seed})`);
  }
  return compared;
}

test('after any history, read late and by pages, the events are what the log says, none missing and none twice', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = makeRandom(seed);
  const cast = await makeCast(here);
  await readAll();
  const first = await headOf(here);
  const tally: Tally = { histories: 0, operations: 0, refused: 0, recurrences: 0, standings: 0, deepest: 0 };
  const spans = new Map<number, Span[]>();
  const common: Span[] = [];
  const edit = async (denied: readonly string[]) => {
    const before = await headOf(here);
    const intercepted = ['call.in', 'message.in', 'provision'];
    await putProfile(context, ADMIN, 'diverted', { denied, intercepted });
    common.push({ first: before, last: await headOf(here) });
  };
  for (let n = 0; n < HISTORIES; n++) {
    const history = makeHistory(`history ${n} of seed ${seed}`, randomSteps(random));
    const span = { first: await headOf(here), last: 0 };
    await play(here, cast, [history], tally);
    span.last = await headOf(here);
    for (const node of history.world.nodes) if (node.kind === 'account') spans.set(node.id, [span]);
    // Edits of a profile that change what holds do, and back again; at times while nothing is read.
    if (n % 10 === 9) await edit(n % 20 === 9 ? ['dns', 'api'] : ['call.out']);
    // Now it lags by many revisions, now by few.
    if (random() < 0.4) await readAll();
    if (n % 10 === 9) await edit(['dns']);
  }
  await readAll();
  spans.set(0, []);
  for (const own of spans.values()) own.push(...common.filter((span) => span.first >= (own[0]?.last ?? 0)));
  const compared = await compare(spans, first);
  t.diagnostic(`${compared} events of ${spans.size} accounts, ${await headOf(here)} revisions`);
  assert.ok(compared > spans.size);
});

test('a hold that was placed and lifted before it was read has its two events, for each account beneath', async () => {
  await readAll();
  const first = await headOf(here);
  const top = (await createEntity(context, ADMIN, { kind: 'account', name: 'Top' })).value;
  const held = (await createEntity(context, ADMIN, { kind: 'account', name: 'Held', parent: top.id })).value;
  const other = (await createEntity(context, ADMIN, { kind: 'account', name: 'Other', parent: top.id })).value;
  await placeHold(context, ADMIN, held.id, { profile: 'suspended', source: 'own' });
  const { hold } = (await placeHold(context, ADMIN, top.id, { profile: 'suspended' })).value;
  await liftHold(context, ADMIN, top.id, hold.id);
  await moveEntity(context, ADMIN, other.id, 0);
  await placeHold(context, ADMIN, top.id, { profile: 'limited' });
  await moveEntity(context, ADMIN, other.id, top.id);
  await closeEntity(context, ADMIN, top.id);
  await readAll();
  const names = new Map([
    [top.number, 'top'],
    [held.number, 'held'],
    [other.number, 'other'],
  ]);
  assert.deepEqual(
    (await eventsAfter(first)).map((event) => `${names.get(event.account_id)} ${event.type}`),
    [
      'top account.created',
      'held account.created',
      'other account.created',
      'held account.suspended',
      'top account.suspended',
      'other account.suspended',
      'top account.resumed',
      'other account.resumed',
      'top account.limited',
      'other account.limited',
      'top account.closed',
      'held account.closed',
      'other account.closed',
    ],
    'what its own hold held has none by the hold above',
  );
});

test('several pipelines at once, and some that are cut off in the middle, write each event once', async () => {
  await readAll();
  const first = await headOf(here);
  const parent = (await createEntity(context, ADMIN, { kind: 'account', name: 'Many' })).value;
  const accounts: number[] = [parent.number];
  for (let n = 0; n < 12; n++)
    accounts.push(
      (await createEntity(context, ADMIN, { kind: 'account', name: `${n}`, parent: parent.id })).value.number,
    );
  const pipelines = Array.from({ length: 4 }, makePipeline);
  for (let n = 0; n < 10; n++) {
    const { hold } = (await placeHold(context, ADMIN, parent.id, { profile: 'limited' })).value;
    const steps = pipelines.map((pipeline) => pipeline.step());
    // The backend of one that reads is killed, as by the end of its process.
    await here.pool
      .query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like '%derive_events%' and pid <> pg_backend_pid()`,
      )
      .catch(() => undefined);
    await Promise.allSettled(steps);
    await liftHold(context, ADMIN, parent.id, hold.id);
  }
  await readAll();
  const span = { first, last: await headOf(here) };
  assert.equal(await compare(new Map(accounts.map((account) => [account, [span]])), first), 13 + 13 * 20);
});

test('an epoch that goes on where the shadows are loses nothing; a log with a gap is begun anew', async () => {
  await readAll();
  const first = await headOf(here);
  const account = (await createEntity(context, ADMIN, { kind: 'account', name: 'Restored' })).value;
  await here.pool.query('update change_counter set epoch = gen_random_uuid()');
  await readAll();
  assert.deepEqual(
    (await eventsAfter(first)).map((event) => event.type),
    ['account.created'],
  );
  await here.pool.query('update event_cursor set revision = -5');
  await here.pool.query('delete from event_standing where account_id = $1', [account.number]);
  await placeHold(context, ADMIN, account.id, { profile: 'suspended' });
  await readAll();
  assert.equal((await eventsAfter(first)).length, 1, 'what the gap took has no events');
  const { rows } = await here.pool.query('select denied from event_standing where account_id = $1', [account.number]);
  assert.deepEqual(rows, [{ denied: 8183 }]);
});
