/**
 * Random histories of people, systems and workers: what was wanted, what went wrong, and who was killed in the middle. At the end
 * every system is as a computation from scratch says. `ABEYANCE_TEST_SEED` plays the histories of an earlier run again,
 * `ABEYANCE_TEST_HISTORY` only one of them.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestContext, test } from 'node:test';

import type { Cleanup } from '#test/database.ts';
import { type Installation, testInstallation } from '#test/installation.ts';
import { keepPlans } from '#test/history-world.ts';
import { judgeStory, passTimeQuietly, settle } from '#test/reconcile-judge.ts';
import { type Mortal, Traffic, startMortal } from '#test/reconcile-mortal.ts';
import { addDropped, boardOf, calm, makeStory, plant, play, resumeAll, waitForSweeps } from '#test/reconcile-player.ts';
import type { Story } from '#test/reconcile-story.ts';
import { dropSystem, generationsThatWentBack, watchGenerations } from '#test/reconcile-world.ts';
import { lastFirst } from '#test/server-process.ts';

import { makeRandom } from '../scripts/random.ts';

const HISTORIES = 300;
/** Side by side: workers serve all of them at once, and die for all of them at once. */
const AT_ONCE = 20;
const WORKERS = 2;
/** A worker lives for so many of its waits at the most while histories are played. */
const WAITS_MAX = 1_200;
const POLL_MS = 20;
/** How much time passes at once while histories are played, at the most. */
const LEAP_MAX_MS = 90_000;

const seed = Number(process.env['ABEYANCE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const only = process.env['ABEYANCE_TEST_HISTORY'];

interface Tally {
  operations: number;
  lives: number;
  deaths: number;
  late: number;
  effects: number;
  receipts: number;
  troubles: Map<string, number>;
}

/** What went wrong, with what lies behind it. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${wordsOf(error.cause)})`;
}

async function playBatch(t: Cleanup, here: Installation, numbers: readonly number[], tally: Tally): Promise<string[]> {
  const random = makeRandom(seed + (numbers[0] ?? 0));
  const stories: Story[] = [];
  for (const number of numbers) stories.push(await makeStory(here, seed, number));
  await plant(here, stories, seed);
  const traffic = new Traffic();
  let isPlaying = true;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const alive = new Set<Mortal>();
  t.after(async () => {
    for (const mortal of alive) mortal.kill();
    await Promise.all(stories.flatMap(({ systems }) => systems.map(({ server }) => server.stop())));
  });
  const begin = (diesAt?: number) => {
    const mortal = startMortal(here, {
      name: `worker ${(tally.lives += 1)}`,
      boardOf,
      traffic,
      pollMs: POLL_MS,
      onTrouble: (what, error) => {
        const told = `${what}: ${wordsOf(error)}`;
        tally.troubles.set(told, (tally.troubles.get(told) ?? 0) + 1);
      },
      ...(diesAt === undefined ? {} : { diesAt }),
    });
    alive.add(mortal);
    void mortal.died.then(() => alive.delete(mortal));
    return mortal;
  };
  // Systems that are added in the middle of everything are a step of the histories; those that they begin with are there before.
  const first = begin();
  await waitForSweeps(here);
  await first.stop();
  const lives = Array.from({ length: WORKERS }, async () => {
    while (isPlaying) {
      const mortal = begin(1 + Math.floor(WAITS_MAX * random() ** 3));
      await Promise.race([mortal.died, ended]);
      if (mortal.isDead) tally.deaths += 1;
      mortal.kill();
    }
  });
  const leaps = (async () => {
    while (isPlaying) {
      await Promise.race([sleep(300, undefined, { ref: false }), ended]); // As histories go on meanwhile.
      if (isPlaying) await passTimeQuietly(here, traffic, LEAP_MAX_MS * random());
    }
  })();
  try {
    await Promise.all(stories.map((story) => play(here, story)));
  } finally {
    isPlaying = false;
    end();
    await Promise.all([...lives, leaps]);
  }
  for (const story of stories) {
    calm(story);
    await resumeAll(here, story);
    await addDropped(here, story);
  }
  const last = [begin(), begin()];
  try {
    await settle(here, traffic, () => last.forEach(({ reconciler }) => reconciler.poke()));
  } finally {
    await Promise.all(last.map((mortal) => mortal.stop()));
  }
  const findings: string[] = [];
  for (const story of stories) {
    const found = await judgeStory(here, story);
    if (found.length > 0) findings.push(`${story.name}:\n  ${[...found, 'What was done:', ...story.log].join('\n  ')}`);
    tally.operations += story.operations;
    tally.receipts += story.receipts;
    for (const { row, server } of story.systems) {
      for (const name of server.board.names()) {
        tally.effects += server.board.effectsOf(name);
        tally.late += server.board.told(name).filter(({ isLate }) => isLate).length;
      }
      await server.stop();
      if (row !== null) await dropSystem(here, row);
    }
  }
  return findings;
}

test('whatever people want, systems do wrong and workers die of, every system ends as it should be', async (t: TestContext) => {
  const end = lastFirst(t);
  const here = keepPlans(t, await testInstallation(t));
  await watchGenerations(here.pool);
  t.diagnostic(`seed ${seed}`);
  const startedAt = Date.now(); // The other clock is moved while it plays.
  const tally: Tally = { operations: 0, lives: 0, deaths: 0, late: 0, effects: 0, receipts: 0, troubles: new Map() };
  const numbers = only === undefined ? Array.from({ length: HISTORIES }, (_, n) => n) : [Number(only)];
  end.after(() => {
    for (const [what, times] of tally.troubles) t.diagnostic(`trouble, ${times} times: ${what}`);
  });
  while (numbers.length > 0) {
    const findings = await playBatch(end, here, numbers.splice(0, AT_ONCE), tally);
    assert.equal(findings.length, 0, findings.slice(0, 3).join('\n\n'));
  }
  t.diagnostic(
    `${tally.operations} operations, ${tally.deaths} deaths, ${tally.effects} effects, ${tally.late} late requests, ${tally.receipts} receipts ` +
      `compared, in ${Math.round((Date.now() - startedAt) / 1_000)} s`,
  );
  assert.deepEqual(await generationsThatWentBack(here.pool), []);
  if (only !== undefined) return;
  assert.ok(tally.operations > HISTORIES, 'people wanted much');
  assert.ok(tally.deaths > HISTORIES / 10, 'many workers died');
  assert.ok(tally.late > HISTORIES / 10, 'requests were late');
  assert.ok(tally.receipts > HISTORIES / 10, 'receipts were compared');
});
