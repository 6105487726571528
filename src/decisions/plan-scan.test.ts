/** A plan counts exactly what making the change then does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { HoldRow } from '#core/decision-source.ts';
import { standingOf } from '#core/restrictions.ts';
import type { NaiveTree } from './naive-tree-for-test.ts';
import { Picture } from './picture.ts';
import { type PlannedChange, planScan } from './plan-scan.ts';
import { PROFILE_NAMES, RandomTree, steps } from './random-tree-for-test.ts';

function pictureOf(random: RandomTree): Picture {
  const picture = new Picture();
  picture.profiles([...random.tree.profiles.values()]);
  picture.apply(random.statesOf(random.tree.states.keys()));
  return picture;
}

/** Makes the change in the naive tree. */
function change(tree: NaiveTree, node: number, planned: PlannedChange): void {
  const state = tree.states.get(node);
  if (!state?.row) throw new Error('no such node');
  if (planned.type === 'close') tree.states.set(node, { ...state, row: { ...state.row, closedAtMs: 1 } });
  if (planned.type === 'lift')
    tree.states.set(node, { ...state, holds: state.holds.filter((hold) => !planned.holds.includes(hold.uuid)) });
  if (planned.type === 'profile') {
    const profile = tree.profiles.get(planned.name);
    if (profile)
      tree.profiles.set(planned.name, { ...profile, denied: planned.denied, intercepted: planned.intercepted });
  }
  if (planned.type === 'hold') {
    const [template] = tree.profiles.values();
    if (template)
      tree.profiles.set('planned', {
        ...template,
        name: 'planned',
        denied: planned.denied,
        intercepted: planned.intercepted,
      });
    const hold = {
      id: 999,
      uuid: 'planned',
      entityId: node,
      profile: 'planned',
      authorityRank: 0,
      placedAtMs: 0,
    } as HoldRow; // all that the merge reads
    tree.states.set(node, { ...state, holds: [...state.holds, hold] });
  }
}

const planned = (holds: readonly string[], a: number, b: number): PlannedChange[] => [
  { type: 'hold', denied: a & 0x1fff, intercepted: b & 0x1fff },
  { type: 'close' },
  { type: 'lift', holds: holds.slice(0, 1) },
];

test('the counts of a plan are those of the change once made', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps(60),
      fc.nat(),
      fc.nat(),
      fc.nat(2),
      fc.boolean(),
      async (history, a, b, which, ofProfile) => {
        const random = new RandomTree();
        for (const step of history) random.make(step);
        const { tree } = random;
        const node = ofProfile ? 0 : a % tree.states.size;
        const holds = (tree.states.get(node)?.holds ?? []).map((hold) => hold.uuid);
        const intent: PlannedChange = ofProfile
          ? { type: 'profile', name: PROFILE_NAMES[a % 4] ?? 'limited', denied: b & 0x1fff, intercepted: a & 0x1fff }
          : (planned(holds, a, b)[which] ?? { type: 'close' });
        const scan = await planScan(pictureOf(random), node, intent);
        const before = new Map([...tree.states.keys()].map((id) => [id, tree.restrictionsOf(id)]));
        change(tree, node, intent);
        const total = { beneath: 0, standingChanges: 0, changes: 0, heldAlready: 0, untouched: 0 };
        for (const [id, former] of before) {
          const { ownerId } = tree.row(id);
          const after = tree.restrictionsOf(id);
          const isBeneath = [...tree.chainOf(id), ...(ownerId === null ? [] : tree.chainOf(ownerId))].includes(node);
          const isSame = JSON.stringify(former) === JSON.stringify(after);
          if (!isBeneath) {
            assert.ok(isSame, 'nothing changes elsewhere');
            continue;
          }
          total.beneath++;
          if (standingOf(former) !== 'active') total.heldAlready++;
          if (isSame) total.untouched++;
          else total.changes++;
          if (standingOf(former) !== standingOf(after)) total.standingChanges++;
        }
        assert.deepEqual(scan?.total, total);
      },
    ),
    { numRuns: 500 },
  );
});

test('a plan for a node that nobody knows is null', async () => {
  assert.equal(await planScan(new Picture(), 5, { type: 'close' }), null);
});
