/**
 * The laws of the tree over random histories: operations on a real database, SQL and the engine, against a model that
 * computes everything from scratch. `ABEYANCE_TEST_SEED` plays the histories of an earlier run again.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { verifyInstallation } from '#operations/verify-installation.ts';
import { shrink } from '#test/history-shrink.ts';
import { Disagreement, type History, type Tally, makeHistory, play } from '#test/history-player.ts';
import { DEPTH_MAX, type Step, randomSteps } from '#test/history-steps.ts';
import { makeCast } from '#test/history-world.ts';
import { makeEngine, testInstallation } from '#test/installation.ts';

import { makeRandom } from '../scripts/random.ts';

const HISTORIES = Number(process.env['N'] ?? 10_000);
/** Side by side: enough for large transactions, few enough that a failure is met early. */
const AT_ONCE = 250;
/** Batches on their way: while one waits for the database, another is judged. */
const PLAYERS = 3;
/** Small, so that trees of a few nodes meet it. */
const GUARD_LIMIT = 12;

const seed = Number(process.env['ABEYANCE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const newTally = (): Tally => ({ histories: 0, operations: 0, refused: 0, recurrences: 0, standings: 0, deepest: 0 });

test('every random history ends as a computation from scratch says, in the rows, in SQL and in the engine', async (t) => {
  const here = await testInstallation({ after }, { guardLimit: GUARD_LIMIT });
  const cast = await makeCast(here);
  const random = makeRandom(seed);
  const tally = newTally();
  const startedAt = performance.now();
  t.diagnostic(`seed ${seed}`);
  const names = Array.from({ length: HISTORIES }, (_, n) => `history ${n} of seed ${seed}`);
  const player = async () => {
    for (let batch = names.splice(0, AT_ONCE); batch.length > 0; batch = names.splice(0, AT_ONCE))
      await play(here, cast, batch.map((name) => makeHistory(name, randomSteps(random))), tally);
  };
  try {
    await Promise.all(Array.from({ length: PLAYERS }, player));
  } catch (error) {
    if (!(error instanceof Disagreement)) throw error;
    assert.fail(await shrink(here, cast, error));
  }
  t.diagnostic(
    `${tally.histories} histories, ${tally.operations} operations of which ${tally.refused} were refused, ${tally.standings} standings ` +
      `compared, ${tally.recurrences} states met again, accounts down to level ${tally.deepest}, in ${Math.round((performance.now() - startedAt) / 1000)} s`,
  );
  assert.equal(tally.deepest, DEPTH_MAX);
  assert.ok(tally.recurrences > HISTORIES / 10, 'holds were lifted again in many histories');
  assert.ok(tally.refused > HISTORIES / 10, 'refusals were foreseen in many histories');
});
