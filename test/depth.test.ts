/** Trees as deep as they may become: refused beyond, and at the deepest place every computation still agrees. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { ACCOUNT_DEPTH_MAX, RESOURCE_DEPTH_MAX } from '#core/kind.ts';
import { createEntity } from '#operations/create-entity.ts';
import { moveEntity } from '#operations/move-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { runBulk } from '#operations/run-bulk.ts';
import { ADMIN, type Installation, testInstallation } from '#test/installation.ts';
import { findingsOf, outcomeOf } from '#test/outcomes.ts';

/** Creates entities, each beneath the one before; gives the numbers of those that were created. */
async function dig(
  { context }: Installation,
  parent: number,
  input: Record<string, unknown>,
  levels: number,
): Promise<number[]> {
  const line = [parent];
  for (let n = 0; n < levels; n++) {
    const outcome = await outcomeOf(createEntity(context, ADMIN, { ...input, parent: line.at(-1) }));
    if (outcome.value === null) assert.equal(outcome.code, 'invalid');
    else line.push(outcome.value.value.number);
  }
  return line.slice(1);
}

test('accounts and resources go down as far as they may, and what is held at the top is held at the bottom', async (t: TestContext) => {
  const here = await testInstallation(t);
  const accounts = await dig(here, 0, { kind: 'account', name: 'Deeper' }, ACCOUNT_DEPTH_MAX + 1);
  assert.equal(accounts.length, ACCOUNT_DEPTH_MAX);
  const resources = await dig(
    here,
    accounts.at(-1) ?? 0,
    { kind: 'foreign', system: 'elsewhere' },
    RESOURCE_DEPTH_MAX + 1,
  );
  assert.equal(resources.length, RESOURCE_DEPTH_MAX);
  const [top = 0] = accounts;
  const bottom = resources.at(-1) ?? 0;
  await here.follow();
  assert.equal(here.context.engine.standing(bottom)?.standing, 'active');
  await placeHold(here.context, ADMIN, top, { profile: 'suspended' });
  await here.follow();
  assert.equal(here.context.engine.standing(bottom)?.standing, 'suspended');
  assert.deepEqual(await findingsOf(here), []);
});

test('nothing is moved to where what it contains would lie too deep', async (t: TestContext) => {
  const here = await testInstallation(t);
  const [top = 0] = await dig(here, 0, { kind: 'account', name: 'Top' }, 1);
  const upper = await dig(here, top, { kind: 'foreign', system: 'elsewhere' }, RESOURCE_DEPTH_MAX - 1);
  const [two = 0, below = 0] = await dig(here, top, { kind: 'foreign', system: 'elsewhere' }, 2);
  const move = (what: number, to: number) => outcomeOf(moveEntity(here.context, ADMIN, what, to));
  assert.equal((await move(two, upper.at(-1) ?? 0)).code, 'invalid');
  assert.equal((await move(two, below)).code, 'invalid', 'that would be a loop');
  assert.equal((await move(two, upper.at(-2) ?? 0)).code, null);

  const deep = await dig(here, top, { kind: 'account', name: 'Deeper' }, ACCOUNT_DEPTH_MAX - 2);
  const [high = 0] = await dig(here, 0, { kind: 'account', name: 'High' }, 2);
  assert.equal((await move(high, deep.at(-1) ?? 0)).code, 'invalid');
  assert.equal((await move(high, deep.at(-2) ?? 0)).code, null);
  assert.deepEqual(await findingsOf(here), []);
});

test('one bulk request cannot go deeper either', async (t: TestContext) => {
  const here = await testInstallation(t);
  const [top = 0] = await dig(here, 0, { kind: 'account', name: 'Top' }, 1);
  const references = Array.from({ length: RESOURCE_DEPTH_MAX + 2 }, (_, n) => `foreign:elsewhere/${n}`);
  const items = references.map((reference, n) => {
    const body = {
      kind: 'foreign',
      system: 'elsewhere',
      externalReference: String(n),
      parent: n === 0 ? top : references[n - 1],
    };
    assert.equal(reference, `foreign:elsewhere/${body.externalReference}`);
    return { op: 'create', body } as const;
  });
  const { outcomes } = await runBulk(here.context, ADMIN, items, { isBrief: true });
  // What would lie beneath the refused one has nothing to lie beneath.
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.ok ? 'done' : outcome.problem.code)),
    [...Array.from({ length: RESOURCE_DEPTH_MAX }, () => 'done'), 'invalid', 'not_found'],
  );
});
