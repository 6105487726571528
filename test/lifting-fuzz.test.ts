/**
 * Random callers try to lift what is not theirs and to change what lies elsewhere; a model of its own says what they may.
 *
 * A hundred thousand attempts are judged by the decisions of the code alone, on random trees with random holds; as many
 * as fit are made for real, with logins, keys and acting as others, by the operations on the database.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import fc from 'fast-check';

import { testInstallation } from '#test/installation.ts';
import { judgeAlone } from '#test/lifting-alone.ts';
import { administrator, made } from '#test/people.ts';
import { type Tally, play } from '#test/lifting-player.ts';
import { steps, trees } from '#test/lifting-stories.ts';

const here = await testInstallation({ after: (work) => after(work) });
await made(administrator(here.app)('PUT', '/v1/profiles/calls_barred', { denied: ['call.out'] }));

const ALONE = 100_000;
/** Stories, and the most attempts in one. */
const STORIES = 140;
const STEPS_MAX = 120;

test('a hundred thousand decisions are those of the model', async (t) => {
  const counts = await judgeAlone(ALONE, 20_260_101);
  assert.equal(
    [...counts.values()].reduce((sum, count) => sum + count, 0),
    ALONE,
  );
  for (const verdict of ['allowed', 'forbidden', 'not_found'])
    assert.ok((counts.get(verdict) ?? 0) > ALONE / 100, verdict);
  t.diagnostic(JSON.stringify(Object.fromEntries(counts)));
});

test('nobody lifts, moves, closes or changes what the model forbids, and nobody is refused what it allows', async (t) => {
  const tally: Tally = { attempts: 0, outcomes: new Map() };
  await fc.assert(
    fc.asyncProperty(trees, fc.array(steps, { maxLength: STEPS_MAX, size: 'max' }), (tree, story) =>
      play(here, tree, story, tally),
    ),
    { numRuns: STORIES, seed: 20_260_101, interruptAfterTimeLimit: 120_000, markInterruptAsFailure: true },
  );
  for (const each of [
    'place ok',
    'lift ok',
    'lift forbidden',
    'lift not_found',
    'move ok',
    'move forbidden',
    'transfer ok',
    'close ok',
    'create ok',
    'update ok',
  ])
    assert.ok((tally.outcomes.get(each) ?? 0) > 0, `${each} was met`);
  t.diagnostic(`${tally.attempts} attempts: ${JSON.stringify(Object.fromEntries(tally.outcomes))}`);
});
