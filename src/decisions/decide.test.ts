/** The picture against answers computed from scratch, after random histories. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Action } from '#core/action.ts';
import { standingOf } from '#core/restrictions.ts';
import { Judge } from './decide.ts';
import { explain, restrictionsOf, standingAnswer } from './explain.ts';
import { Picture } from './picture.ts';
import { RandomTree, steps } from './random-tree-for-test.ts';
import { Walk } from './walk.ts';

const RUNS = 1_000;
/** The masks are compared whole; these few are asked one by one. */
const ASKED: readonly Action[] = ['register', 'call.out', 'call.emergency', 'dns'];

/** Equal in every answer about every entity and name. */
function assertSame(picture: Picture, random: RandomTree): void {
  const walk = new Walk();
  const judge = new Judge();
  const { tree } = random;
  assert.equal(picture.entities.count, tree.states.size);
  for (const name of random.names) assert.equal(picture.find(name), tree.bearerOf(name) ?? -1, name);
  for (const [id, state] of tree.states) {
    assert.equal(picture.find(String(id)), id);
    assert.equal(picture.find(state.row?.uuid ?? ''), id);
    const expected = tree.restrictionsOf(id);
    assert.deepEqual(restrictionsOf(picture, walk, id), expected);
    assert.equal(standingAnswer(picture, walk, id, 0)?.standing, standingOf(expected));
    const explained = new Set(explain(picture, walk, id, 0)?.chain.map((node) => node.entityNumber));
    assert.deepEqual(
      explained,
      new Set(
        tree.passed(id).flatMap((node) => [...tree.chainOf(node), ...tree.chainOf(tree.row(node).ownerId ?? node)]),
      ),
    );
    for (const action of ASKED) {
      const decision = judge.decide(picture, id, action, 0);
      const naive = tree.decide(id, action);
      assert.equal(decision.effect, naive.effect);
      assert.equal(decision.standing, naive.standing);
      if (decision.effect === 'allow') continue;
      const holds = decision.reasons.filter((reason) => reason.cause === 'hold');
      assert.deepEqual(new Set(holds.map((reason) => reason.hold)), naive.holds);
      assert.equal(new Set(holds.map((reason) => reason.hold)).size, holds.length, 'each hold is named once');
      assert.ok(decision.refusal !== null && decision.reasons.length > 0, 'a "no" has a reason and words');
      const [first] = decision.reasons;
      if (naive.isClosedItself) assert.equal(first?.cause, 'closed');
      else if (naive.governing !== null) assert.equal(first?.hold, naive.governing);
    }
  }
}

test('a picture that follows a history step by step answers as if computed from scratch', () => {
  fc.assert(
    fc.property(steps(80), fc.nat(20), (history, every) => {
      const random = new RandomTree();
      const picture = new Picture();
      picture.profiles([...random.tree.profiles.values()]);
      picture.apply(random.statesOf([0]));
      const touched = new Set<number>();
      for (const [index, step] of history.entries()) {
        for (const id of random.make(step)) touched.add(id);
        // In between, ask: what is remembered from answers must not outlive what they were made of.
        if (index % (every + 1) > 0) continue;
        picture.profiles([...random.tree.profiles.values()]);
        picture.apply(random.statesOf(touched));
        touched.clear();
        assertSame(picture, random);
      }
      picture.profiles([...random.tree.profiles.values()]);
      picture.apply(random.statesOf(touched));
      assertSame(picture, random);
    }),
    { numRuns: RUNS / 5, endOnFailure: true },
  );
});

test('the order in which states are applied, and how often, makes no difference', () => {
  fc.assert(
    fc.property(steps(60), fc.infiniteStream(fc.nat(1_000)), (history, order) => {
      const random = new RandomTree();
      const touched = new Set<number>([0]);
      const picture = new Picture();
      const shuffled = (ids: Iterable<number>) =>
        [...ids]
          .map((id) => ({ id, rank: order.next().value ?? 0 }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ id }) => id);
      for (const [index, step] of history.entries()) {
        for (const id of random.make(step)) touched.add(id);
        // A stale glimpse of some of it: names may have been seen at both bearers.
        if (index % 7 === 3) picture.apply(random.statesOf(shuffled(touched).slice(0, 3)));
      }
      picture.apply(random.statesOf(shuffled(touched)));
      picture.profiles([...random.tree.profiles.values()]);
      picture.apply(random.statesOf(shuffled(touched)));
      assertSame(picture, random);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});

test('a loaded picture, fed in any order, is the same as one that followed', () => {
  fc.assert(
    fc.property(steps(60), fc.boolean(), (history, backwards) => {
      const random = new RandomTree();
      for (const step of history) random.make(step);
      const picture = new Picture();
      const states = [...random.tree.states.values()];
      for (const { id, row, names, holds } of backwards ? states.toReversed() : states) {
        for (const key of names) picture.name(key, id);
        for (const hold of holds) picture.hold(hold);
        if (row !== null) picture.entity(id, row);
      }
      picture.profiles([...random.tree.profiles.values()]);
      assertSame(picture, random);
    }),
    { numRuns: RUNS / 2, endOnFailure: true },
  );
});
