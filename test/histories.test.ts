/**
 * The laws of the tree over random histories: operations on a real database, SQL and the engine, against a model that
 * computes everything from scratch. `ABEYANCE_TEST_SEED` plays the histories of an earlier run again.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { ACTIONS, ACTION_BIT } from '#core/action.ts';
import { listWrongChains } from '#store/audit.ts';
import { playCascade } from '#test/cascade-model.ts';
import { shrink } from '#test/history-shrink.ts';
import { Disagreement, type Tally, makeHistory } from '#test/history.ts';
import { play } from '#test/history-player.ts';
import { type Cast, DEPTH_MAX, randomSteps } from '#test/history-steps.ts';
import { keepPlans, makeCast } from '#test/history-world.ts';
import { type Installation, makeEngine, testInstallation } from '#test/installation.ts';

import { makeRandom } from '../scripts/random.ts';

const HISTORIES = 10_000;
/** Side by side: enough for large transactions, few enough that a failure is met early. */
const AT_ONCE = 1_000;
/** Batches on their way: while one waits for the database, another is judged. */
const PLAYERS = 2;
/** So many meet any rule that is broken. */
const BROKEN_HISTORIES = 3_000;
/** Few, so that it is found early. */
const BROKEN_AT_ONCE = 250;
/** Small, so that trees of a few nodes meet it. */
const GUARD_LIMIT = 12;

const seed = Number(process.env['ABEYANCE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

/** Plays so many random histories. Throws `Disagreement` at the first that is not as foreseen. */
async function playMany(here: Installation, cast: Cast, count: number, atOnce: number): Promise<Tally> {
  const random = makeRandom(seed);
  const tally: Tally = { histories: 0, operations: 0, refused: 0, recurrences: 0, standings: 0, deepest: 0 };
  const names = Array.from({ length: count }, (_, n) => `history ${n} of seed ${seed}`);
  const histories = names.map((name) => makeHistory(name, randomSteps(random)));
  const player = async () => {
    for (let batch = histories.splice(0, atOnce); batch.length > 0; batch = histories.splice(0, atOnce))
      await play(here, cast, batch, tally);
  };
  const players = Array.from({ length: PLAYERS }, () =>
    player().catch((error: unknown) => {
      histories.length = 0; // What one has found need not be found by the others.
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(players);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return tally;
}

/** Every standing that an engine gives, by number. */
function standingsOf({ context }: Installation, engine = context.engine): string[] {
  const standings: string[] = [];
  for (let id = 0; id <= engine.metrics().entities; id++) standings.push(JSON.stringify(engine.restrictionsOf(id)));
  return standings;
}

interface Wording {
  readonly id: number;
  readonly bit: number;
  readonly sip: number;
  readonly http: number;
  readonly text: string;
  readonly profile: string | null;
  readonly announcement: string | null;
}

/** The refusals of every action of some entities that lead to no other, as SQL and as the engine word them. */
async function compareRefusals({ pool, context }: Installation): Promise<{ refused: number; different: unknown[] }> {
  const { rows } = await pool.query<Wording>(
    `select e.id, a.bit, r.sip_code as sip, r.http_code as http, r.refusal_text as text, r.profile, r.announcement
      from entity e cross join (select 1 << n as bit from generate_series(0, $1::integer - 1) n) a
      left join lateral enforce.refusal(e.id, a.bit) r on true
      where e.id % 37 = 0 and e.kind not in ('sip_alias', 'phone_number') order by e.id, a.bit`,
    [ACTIONS.length],
  );
  const different: unknown[] = [];
  let refused = 0;
  for (const { id, bit, ...sql } of rows) {
    const action = ACTIONS.find((one) => ACTION_BIT[one] === bit) ?? 'api';
    const { refusal } = context.engine.decideFor(id, action);
    const engine = {
      sip: refusal?.sip ?? null,
      http: refusal?.http ?? null,
      text: refusal?.text ?? null,
      profile: refusal?.profile ?? null,
      announcement: refusal?.announcement ?? null,
    };
    if (refusal !== null) refused += 1;
    if (JSON.stringify(sql) !== JSON.stringify(engine)) different.push({ id, action, sql, engine });
  }
  return { refused, different: different.slice(0, 10) };
}

test('every random history ends as a computation from scratch says, in the rows, in SQL and in the engine', async (t: TestContext) => {
  const here = keepPlans(t, await testInstallation(t, { guardLimit: GUARD_LIMIT }));
  const cast = await makeCast(here);
  t.diagnostic(`seed ${seed}`);
  const startedAt = performance.now();
  const tally = await playMany(here, cast, HISTORIES, AT_ONCE).catch(async (error: unknown) => {
    if (error instanceof Disagreement) assert.fail(await shrink(here, cast, error));
    throw error;
  });
  t.diagnostic(
    `${tally.histories} histories, ${tally.operations} operations of which ${tally.refused} were refused, ${tally.standings} standings ` +
      `compared, ${tally.recurrences} states met again, accounts down to level ${tally.deepest}, in ${Math.round((performance.now() - startedAt) / 1000)} s`,
  );
  assert.equal(tally.histories, HISTORIES);
  assert.ok(tally.deepest >= DEPTH_MAX);
  assert.ok(tally.recurrences > HISTORIES / 10, 'holds were lifted again in many histories');
  assert.ok(tally.refused > HISTORIES / 10, 'refusals were foreseen in many histories');

  assert.deepEqual(await listWrongChains(here.session, 10), []);
  const fresh = makeEngine(here);
  t.after(() => fresh.stop());
  await fresh.start();
  assert.equal(fresh.metrics().entities, here.context.engine.metrics().entities);
  assert.deepEqual(standingsOf(here, fresh), standingsOf(here), 'an engine that is loaded afresh says the same');
  const { refused, different } = await compareRefusals(here);
  t.diagnostic(`${refused} refusals worded by SQL and by the engine`);
  assert.ok(refused > 1_000, 'many actions were refused');
  assert.deepEqual(different, [], 'SQL words refusals as the engine does');
});

test('a rule that is broken in SQL is found, and told by a short history', async (t: TestContext) => {
  const here = await testInstallation(t, { guardLimit: GUARD_LIMIT });
  const cast = await makeCast(here);
  const { rows } = await here.pool.query<{ text: string }>(
    `select pg_get_functiondef('restrictions'::regproc) as text`,
  );
  const sound = rows[0]?.text ?? '';
  const broken = sound.replace('path := path || owner_line;', '');
  assert.notEqual(broken, sound);
  await here.pool.query(broken);
  const found = await playMany(here, cast, BROKEN_HISTORIES, BROKEN_AT_ONCE).then(
    () => assert.fail('nothing was found'),
    (error: unknown) => error,
  );
  assert.ok(found instanceof Disagreement);
  const told = await shrink(here, cast, found);
  assert.match(told, /SQL says|foreseen was/);
  const lines = told.split('\n').slice(2);
  // Steps name nodes by their place among those there are, so that not every superfluous one can be left out.
  assert.ok(lines.length >= 3 && lines.length <= 12, told);
});

test('where a status is written over all beneath, resuming forgets what was suspended before', async (t: TestContext) => {
  const here = await testInstallation(t);
  const cast = await makeCast(here);
  const random = makeRandom(seed);
  let [recurrences, forgotten] = [0, 0];
  for (let n = 0; n < HISTORIES; n++) {
    const outcome = playCascade(randomSteps(random), cast);
    recurrences += outcome.recurrences;
    forgotten += outcome.forgotten;
  }
  t.diagnostic(
    `of ${recurrences} times that the same holds were in force again, ${forgotten} had other statuses than before`,
  );
  assert.ok(forgotten > 0);
});
