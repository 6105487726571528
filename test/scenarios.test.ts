/** Every scenario is told once and asked five times: core, the engine that followed, one made afresh, SQL, and HTTP. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { Answer } from '#test/answers.ts';
import { type Installation, makeEngine, testInstallation } from '#test/installation.ts';
import { type Question, type Scenario, readScenarios } from '#test/scenario.ts';
import { ScenarioModel } from '#test/scenario-model.ts';
import { type Arrangement, ScenarioWorld } from '#test/scenario-world.ts';

const installation = await testInstallation({ after: (work) => after(work) });
const { rows } = await installation.pool.query<{ id: string; number: number }>(
  'select uuid as id, id as number from entity where id = 0',
);
const platform = rows[0] ?? assert.fail('there is no platform');

for (const scenario of await readScenarios())
  test(`${scenario.file}: ${scenario.title}`, () => play(installation, scenario));

async function play(of: Installation, { steps }: Scenario): Promise<void> {
  const model = new ScenarioModel();
  const world = new ScenarioWorld(of, platform);
  for (const [index, step] of steps.entries()) {
    model.take(step);
    await world
      .take(step)
      .catch((error: unknown) => assert.fail(`step ${index} ${JSON.stringify(step)}: ${String(error)}`));
    if (step.do !== 'ask') continue;
    const rebuilt = makeEngine(of);
    await rebuilt.start();
    try {
      for (const question of step.questions) await compare(question, model, world, of, rebuilt);
    } finally {
      await rebuilt.stop();
    }
  }
}

async function compare(
  question: Question,
  model: ScenarioModel,
  world: ScenarioWorld,
  of: Installation,
  rebuilt: ReturnType<typeof makeEngine>,
): Promise<void> {
  const what = JSON.stringify(question);
  const fromScratch =
    question.type === 'standing'
      ? model.standing(question.of)
      : model.decide(question.subject, question.action, question.destination);
  assert.deepEqual(pick(fromScratch, question.expected), question.expected, `core: ${what}`);
  const arrangements: Readonly<Record<string, Arrangement>> = {
    'the engine that followed': world.of(of.context.engine),
    'the engine made afresh': world.of(rebuilt),
    SQL: world.sql,
    HTTP: world.http,
  };
  for (const [name, arrangement] of Object.entries(arrangements)) {
    const answer =
      question.type === 'standing'
        ? await arrangement.standing(question.of)
        : await arrangement.decide(question.subject, question.action, question.destination);
    assert.deepEqual(answer, pick(fromScratch, answer), `${name}: ${what}`);
  }
}

/** The part of an answer that the other one speaks of. */
function pick(answer: Answer, keys: object): Record<string, unknown> {
  const values: Record<string, unknown> = { ...answer };
  return Object.fromEntries(Object.keys(keys).map((key) => [key, values[key]]));
}

test('at least fifteen scenarios are told, and each asks something', async () => {
  const scenarios = await readScenarios();
  assert.ok(scenarios.length >= 15);
  for (const { file, steps } of scenarios)
    assert.ok(
      steps.some((step) => step.do === 'ask'),
      file,
    );
});
