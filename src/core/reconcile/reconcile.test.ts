/** The rules of a target's state, as tables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { ASKED_MAX_MS, retryAfterMs } from './backoff.ts';
import { circuitOf, signOf } from './circuit.ts';
import { type Known, intentOf } from './intent.ts';
import { type Reached, sumReach } from './sum-reach.ts';
import { type Tried, type Outcome, writeUntold, writeVerdict } from './verdict.ts';

const known: Known = { applied: 'on', task: null, isUnproven: false, isDrifted: false, doubt: 'none' };
const kind = { verb: (from: unknown, to: unknown) => (from === to ? null : 'set') };

test('what is to be done about a claimed target', () => {
  const table: readonly [Partial<Known>, string, string][] = [
    [{}, 'on', 'confirm'],
    [{}, 'off', 'call'],
    [{ task: { id: 1 } }, 'on', 'call'],
    [{ isUnproven: true }, 'on', 'call forced'],
    [{ isUnproven: true }, 'off', 'call'],
    [{ isUnproven: true, doubt: 'open' }, 'on', 'call forced'],
    [{ doubt: 'open' }, 'on', 'settle'],
    [{ doubt: 'open' }, 'off', 'call'],
    [{ doubt: 'over' }, 'on', 'call forced'],
    [{ doubt: 'over' }, 'off', 'call'],
    [{ isDrifted: true }, 'on', 'call forced'],
    [{ isDrifted: true }, 'off', 'call forced'],
  ];
  for (const [given, desired, expected] of table) {
    const intent = intentOf(kind, { ...known, ...given }, desired);
    const words = intent.type === 'call' && intent.isForced ? 'call forced' : intent.type;
    assert.equal(words, expected, JSON.stringify([given, desired]));
  }
});

const tried: Tried = {
  desired: 'off',
  applied: 'on',
  task: null,
  isUnproven: false,
  isDrifted: false,
  doubt: 'none',
  attempts: 2,
};
const retry = { retryMinMs: 100, retryMaxMs: 10_000 };

function written(given: Partial<Tried>, verdict: Outcome) {
  const { isConfirmed, applied, isUnproven, doubt, attempts, dueInMs, needsPerson, task } = writeVerdict(
    { ...tried, ...given },
    verdict,
    retry,
    0,
  );
  return { isConfirmed, applied, isUnproven, doubt, attempts, dueInMs, needsPerson, task };
}

test('what is written of each outcome', () => {
  const failed = { isConfirmed: false, applied: 'on', isUnproven: false, doubt: 'keep', attempts: 3, task: null };
  const done = {
    isConfirmed: true,
    applied: 'off',
    isUnproven: false,
    doubt: 'clear',
    attempts: 0,
    needsPerson: false,
  };
  const later: Outcome = { type: 'later', code: 'c', detail: 'd' };
  const never: Outcome = { type: 'never', code: 'c', detail: 'd' };
  const table: readonly [Partial<Tried>, Outcome, object][] = [
    [{}, { type: 'done' }, { ...done, dueInMs: null, task: null }],
    [{ isUnproven: true, doubt: 'over' }, { type: 'done' }, { ...done, dueInMs: null, task: null }],
    [{}, { type: 'done', applied: 'half' }, { ...done, applied: 'half', dueInMs: null, task: null }],
    [
      { isUnproven: true, doubt: 'open' },
      { type: 'done' },
      { ...done, isConfirmed: false, doubt: 'keep', dueInMs: 'settled', task: null },
    ],
    [{}, later, { ...failed, dueInMs: 100, needsPerson: false }],
    [{}, { ...later, afterMs: 60_000 }, { ...failed, dueInMs: 60_000, needsPerson: false }],
    [{ isUnproven: true }, later, { ...failed, isUnproven: true, dueInMs: 100, needsPerson: false }],
    [
      { isUnproven: true, doubt: 'open' },
      { ...later, isSettled: true },
      { ...failed, doubt: 'clear', dueInMs: 100, needsPerson: false },
    ],
    [{ task: 7 }, later, { ...failed, task: 7, dueInMs: 100, needsPerson: false }],
    [{ task: 7 }, { ...later, task: null }, { ...failed, dueInMs: 100, needsPerson: false }],
    [{}, never, { ...failed, dueInMs: null, needsPerson: true }],
    [{}, { ...never, afterMs: 5_000 }, { ...failed, dueInMs: 5_000, needsPerson: true }],
    [
      {},
      { type: 'unknown', code: 'c', detail: 'd' },
      { ...failed, isUnproven: true, doubt: 'extend', dueInMs: 100, needsPerson: false },
    ],
    [
      { isUnproven: true },
      { type: 'waiting', task: 7, pollAfterMs: 1_000 },
      { ...failed, attempts: 0, task: 7, dueInMs: 1_000, needsPerson: false },
    ],
  ];
  for (const [given, verdict, expected] of table)
    assert.deepEqual(written(given, verdict), expected, JSON.stringify([given, verdict]));
});

test('nothing told confirms, unless a former request may still arrive', () => {
  const { isTold, isConfirmed, dueInMs } = writeUntold(tried);
  assert.deepEqual([isTold, isConfirmed, dueInMs], [false, true, null]);
  const doubtful = writeUntold({ ...tried, doubt: 'open' });
  assert.deepEqual([doubtful.isTold, doubtful.isConfirmed, doubtful.dueInMs], [false, false, 'settled']);
});

test('waits grow, stay within their limits, and honour what is asked for up to a day', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempts, random) => {
        const waitMs = retryAfterMs(retry, attempts, random);
        return waitMs >= retry.retryMinMs && waitMs <= retry.retryMaxMs;
      },
    ),
  );
  assert.equal(retryAfterMs(retry, 3, 0.5), 100 + 0.5 * 700);
  assert.equal(retryAfterMs(retry, 1, 0, 3_600_000), 3_600_000);
  assert.equal(retryAfterMs(retry, 1, 0, Infinity), ASKED_MAX_MS);
  assert.equal(retryAfterMs(retry, 1, 0, Number.NaN), ASKED_MAX_MS);
  assert.equal(retryAfterMs(retry, 1, 0, -1), 100);
});

test('what an outcome says of a system, and the states of its circuit', () => {
  const table: readonly [Outcome, string][] = [
    [{ type: 'done' }, 'works'],
    [{ type: 'waiting', task: 1, pollAfterMs: 1 }, 'works'],
    [{ type: 'never', code: 'no_such_thing', detail: '' }, 'works'],
    [{ type: 'later', code: 'locked', detail: '' }, 'works'],
    [{ type: 'later', code: 'unreachable', detail: '' }, 'fails'],
    [{ type: 'later', code: '503', detail: '' }, 'fails'],
    [{ type: 'later', code: 'http_500', detail: '' }, 'fails'],
    [{ type: 'later', code: 'http_409', detail: '' }, 'works'],
    [{ type: 'never', code: 'credentials', detail: '' }, 'fails'],
    [{ type: 'unknown', code: 'timeout', detail: '' }, 'fails'],
    [{ type: 'unknown', code: 'stopped', detail: '' }, 'none'],
  ];
  for (const [verdict, sign] of table) assert.equal(signOf(verdict), sign, JSON.stringify(verdict));
  assert.deepEqual([null, 5, 0, -5].map(circuitOf), ['closed', 'open', 'half_open', 'half_open']);
});

test('whatever the order in which sweeps reach a target, generations only grow and the counts add up', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 }),
      fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
      (revisions, confirms) => {
        let [desired, applied] = [0, 0];
        const totals = new Map<number, { targets: number; passed: number }>();
        for (const [index, revision] of revisions.entries()) {
          const target: Reached = { systemId: 1, entityId: 1, first: 0, desired, applied };
          const { raised, counts } = sumReach([{ revision, target }]);
          for (const count of counts) {
            const total = totals.get(count.revision) ?? { targets: 0, passed: 0 };
            total.targets += count.targets;
            total.passed += count.passedConfirmed + count.passedOpen;
            totals.set(count.revision, total);
          }
          desired = raised[0]?.generation ?? desired;
          if (desired < target.desired) return false;
          if (confirms[index] === true) applied = desired;
        }
        const last = Math.max(...revisions);
        return (
          desired === last &&
          revisions.every((revision) => {
            const { targets, passed } = totals.get(revision) ?? { targets: 0, passed: 0 };
            return targets === 1 && passed === (revision === last ? 0 : 1);
          })
        );
      },
    ),
  );
});
