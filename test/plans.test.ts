/** Plans: applied only to the tree that they were made for; and the guard that asks for one. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { applyPlan } from '#operations/apply-plan.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { createEntity } from '#operations/create-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { moveEntity } from '#operations/move-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { planChange } from '#operations/plan-change.ts';
import { putProfile } from '#operations/put-profile.ts';
import { runDueHolds } from '#operations/run-due-holds.ts';
import { transferEntity } from '#operations/transfer-entity.ts';
import { updateEntity } from '#operations/update-entity.ts';
import { holdCommits } from '#test/barrier.ts';
import { ADMIN, type Installation, testInstallation } from '#test/installation.ts';
import { changesAfter, codesOf, findingsOf, headOf, outcomeOf } from '#test/outcomes.ts';

/** platform / top / node / inside, with a domain in `top`, its user owned by `node`, and `beside` apart from all. */
interface Tree {
  readonly top: number;
  readonly node: number;
  readonly inside: number;
  readonly user: number;
  readonly beside: number;
}

const LATER = new Date(Date.now() + 3_600_000).toISOString();
const EVEN_LATER = new Date(Date.now() + 7_200_000).toISOString();

let trees = 0;

async function makeTree({ context }: Installation): Promise<Tree> {
  const create = async (input: Record<string, unknown>) => (await createEntity(context, ADMIN, input)).value.number;
  const top = await create({ kind: 'account', name: 'Top' });
  const node = await create({ kind: 'account', name: 'Node', parent: top });
  const inside = await create({ kind: 'account', name: 'Inside', parent: node });
  const beside = await create({ kind: 'account', name: 'Beside', parent: top });
  const domain = await create({ kind: 'sip_domain', domain: `top-${++trees}.example`, parent: top });
  const user = await create({ kind: 'sip_account', username: 'ann', parent: domain, owner: node });
  return { top, node, inside, user, beside };
}

async function hold({ context }: Installation, entity: number, more: Record<string, unknown> = {}): Promise<string> {
  return (await placeHold(context, ADMIN, entity, { profile: 'limited', ...more })).value.hold.id;
}

async function plan({ context }: Installation, node: number) {
  return (await planChange(context, ADMIN, node, { action: 'hold', profile: 'suspended' })).value;
}

interface Case {
  readonly reason: string;
  /** What is there before the plan is made. */
  readonly before?: (here: Installation, tree: Tree) => Promise<unknown>;
  readonly since: (here: Installation, tree: Tree, before: unknown) => Promise<unknown>;
}

const STALE: readonly Case[] = [
  { reason: 'the node was moved', since: ({ context }, { node, beside }) => moveEntity(context, ADMIN, node, beside) },
  {
    reason: 'something beneath was moved away',
    since: ({ context }, { inside, beside }) => moveEntity(context, ADMIN, inside, beside),
  },
  {
    reason: 'something was moved beneath',
    since: ({ context }, { beside, inside }) => moveEntity(context, ADMIN, beside, inside),
  },
  {
    reason: 'what contains it was moved',
    since: async (here, { top }) => moveEntity(here.context, ADMIN, top, (await makeOther(here)).top),
  },
  {
    reason: 'what it owned was transferred away',
    since: ({ context }, { user, beside }) => transferEntity(context, ADMIN, user, beside),
  },
  { reason: 'something beneath was closed', since: ({ context }, { inside }) => closeEntity(context, ADMIN, inside) },
  { reason: 'what it owns elsewhere was closed', since: ({ context }, { user }) => closeEntity(context, ADMIN, user) },
  { reason: 'it was held', since: (here, { node }) => hold(here, node) },
  { reason: 'something beneath was held', since: (here, { inside }) => hold(here, inside) },
  { reason: 'what it owns elsewhere was held', since: (here, { user }) => hold(here, user) },
  { reason: 'what contains it was held', since: (here, { top }) => hold(here, top) },
  {
    reason: 'a hold beneath was lifted',
    before: (here, { inside }) => hold(here, inside),
    since: ({ context }, { inside }, id) => liftHold(context, ADMIN, inside, String(id)),
  },
  {
    reason: 'a hold above came into force',
    before: (here, { top }) => hold(here, top, { startsAt: LATER }),
    since: async ({ context, pool }) => {
      await pool.query(`update hold set starts_at = now() - interval '1 second' where activated_at is null`);
      assert.equal((await runDueHolds(context)).activated, 1);
    },
  },
  {
    reason: 'a hold beneath ran out',
    before: (here, { inside }) => hold(here, inside, { endsAt: EVEN_LATER }),
    since: async ({ context, pool }) => {
      await pool.query(
        `update hold set starts_at = now() - interval '2 seconds', ends_at = now() - interval '1 second' where ends_at is not null`,
      );
      assert.equal((await runDueHolds(context)).expired, 1);
    },
  },
  {
    reason: 'a profile was edited',
    since: ({ context }) => putProfile(context, ADMIN, 'limited', { denied: ['dns'] }),
  },
];

async function makeOther({ context }: Installation): Promise<{ top: number }> {
  return { top: (await createEntity(context, ADMIN, { kind: 'account', name: 'Other top' })).value.number };
}

test('a plan is refused when its part of the tree was shaped since it was made', async (t: TestContext) => {
  const here = await testInstallation(t);
  for (const { reason, before, since } of STALE)
    await t.test(reason, async () => {
      const tree = await makeTree(here);
      const given = await before?.(here, tree);
      const { token } = await plan(here, tree.node);
      await since(here, tree, given);
      const head = await headOf(here);
      const outcome = await outcomeOf(applyPlan(here.context, ADMIN, token));
      assert.equal(outcome.code, 'conflict');
      assert.equal(await headOf(here), head, 'nothing was written');
    });
});

test('a plan is applied after creations and edits, and tells how much was created', async (t: TestContext) => {
  const here = await testInstallation(t);
  const { context } = here;
  const tree = await makeTree(here);
  const made = await plan(here, tree.node);
  assert.equal(made.effect.beneath, 3);
  assert.deepEqual(made.effect.changing.byKind, { account: 2, sip_account: 1 });
  for (const name of ['One', 'Two']) await createEntity(context, ADMIN, { kind: 'account', name, parent: tree.inside });
  await createEntity(context, ADMIN, { kind: 'account', name: 'Elsewhere', parent: tree.beside });
  await updateEntity(context, ADMIN, tree.inside, { company: 'Inside Ltd.' });
  await hold(here, tree.beside);
  const { createdSince } = (await applyPlan(context, ADMIN, made.token)).value;
  assert.equal(createdSince, 2);
  await here.follow();
  for (const id of [tree.node, tree.inside, tree.user])
    assert.equal(context.engine.standing(id)?.standing, 'suspended');
  assert.equal(context.engine.standing(tree.top)?.standing, 'active');
  assert.deepEqual(await findingsOf(here), []);
});

test('a plan is applied once, however many apply it at once', async (t: TestContext) => {
  const here = await testInstallation(t);
  const { node } = await makeTree(here);
  const { token } = await plan(here, node);
  const before = await headOf(here);
  const barrier = await holdCommits(here);
  const first = outcomeOf(applyPlan(here.context, ADMIN, token));
  await barrier.held(1);
  const others = Array.from({ length: 5 }, () => outcomeOf(applyPlan(here.context, ADMIN, token)));
  await barrier.waitingForShape(others.length);
  await barrier.open();
  assert.deepEqual(codesOf(await Promise.all([first, ...others])), [...Array.from(others, () => 'conflict'), 'done']);
  assert.deepEqual(
    (await changesAfter(here, before)).map(({ kind }) => kind),
    ['hold.placed'],
  );
});

test('a move that is committed while a plan waits to be applied makes it stale', async (t: TestContext) => {
  const here = await testInstallation(t);
  const { node, inside, beside } = await makeTree(here);
  const { token } = await plan(here, node);
  const barrier = await holdCommits(here);
  const move = moveEntity(here.context, ADMIN, inside, beside);
  await barrier.held(1);
  const apply = outcomeOf(applyPlan(here.context, ADMIN, token));
  await barrier.waitingForShape(1);
  await barrier.open();
  await move;
  assert.equal((await apply).code, 'conflict');
});

test('a plan that has run out is refused', async (t: TestContext) => {
  const here = await testInstallation(t);
  const { node } = await makeTree(here);
  const { token, expiresAt } = await plan(here, node);
  const later = { ...here.context, clock: () => new Date(expiresAt) };
  assert.equal((await outcomeOf(applyPlan(later, ADMIN, token))).code, 'conflict');
});

test('what would change more than the guard allows needs a plan, and is done with one', async (t: TestContext) => {
  const here = await testInstallation(t, { guardLimit: 3 });
  const { context } = here;
  // Beneath the node are two accounts and a record that it owns elsewhere: as many as the guard allows.
  const { top, node } = await makeTree(here);
  const before = await headOf(here);
  const codes = async (...work: readonly Promise<unknown>[]) => codesOf(await Promise.all(work.map(outcomeOf)));
  assert.deepEqual(await codes(hold(here, node, { profile: 'inactive' })), ['done']);
  assert.deepEqual(await codes(hold(here, top), closeEntity(context, ADMIN, top)), ['plan_required', 'plan_required']);
  assert.deepEqual(await codes(hold(here, 0)), ['plan_required'], 'the platform always needs one');
  assert.deepEqual(
    await codes(putProfile(context, ADMIN, 'inactive', { denied: ['dns'] })),
    ['done'],
    'it reaches few',
  );
  assert.equal(await headOf(here), before + 2);

  const { token, effect } = await plan(here, top);
  assert.equal(effect.beneath, 6);
  await applyPlan(context, ADMIN, token);
  await here.follow();
  assert.equal(context.engine.standing(top)?.standing, 'suspended');
  const edit = { denied: ['dns'] };
  assert.deepEqual(await codes(putProfile(context, ADMIN, 'suspended', edit)), ['plan_required'], 'it reaches many');
  const planned = await planChange(context, ADMIN, 0, { action: 'profile', name: 'suspended', body: edit });
  await applyPlan(context, ADMIN, planned.value.token);
  await here.follow();
  assert.equal(context.engine.standing(top)?.standing, 'limited');
});
