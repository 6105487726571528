/** What is remembered of credentials is forgotten in time, whatever the order in which things are heard of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { platformActor } from '#operations/context.ts';
import { type Entry, Remembered } from '#operations/identity/remembered.ts';

const entryOf = (line: readonly number[], sinceTouch: number): Entry => ({
  credential: { login: 'l', key: null, session: null, actAs: null, version: 1 },
  line,
  sinceTouch,
  actor: platformActor('login:l'),
  isStale: false,
  recheckAtMs: 0,
  usedAtMs: 0,
});

const cases = [
  { reason: 'an account of its line', touch: [7], isStale: true },
  { reason: 'another account', touch: [8], isStale: false },
  { reason: 'it may be any', touch: null, isStale: true },
] as const;

for (const { reason, touch, isStale } of cases) {
  test(`what is remembered is looked at again when something was touched: ${reason}`, () => {
    const remembered = new Remembered();
    remembered.keep('k', entryOf([0, 7], remembered.touchCount));
    remembered.touched(touch);
    assert.equal(remembered.find('k')?.isStale, isStale);
  });

  test(`what was read before the news came and is kept after it is looked at again: ${reason}`, () => {
    const remembered = new Remembered();
    const entry = entryOf([0, 7], remembered.touchCount);
    remembered.touched(touch);
    remembered.keep('k', entry);
    assert.equal(remembered.find('k')?.isStale, isStale);
    remembered.keep('j', entryOf([0, 7], remembered.touchCount));
    assert.equal(remembered.find('j')?.isStale, false, 'what was read after it is not');
  });
}

test('so many touches that they are not told apart count for all', () => {
  const remembered = new Remembered();
  const entry = entryOf([0, 7], remembered.touchCount);
  remembered.touched(Array.from({ length: 60_000 }, (_, id) => id + 100));
  remembered.keep('k', entry);
  assert.equal(remembered.find('k')?.isStale, true);
});

test('the credentials that were kept longest ago are forgotten first', () => {
  const remembered = new Remembered();
  for (let n = 0; n <= 10_000; n++) remembered.keep(`k${n}`, entryOf([0], 0));
  assert.equal(remembered.find('k0'), undefined);
  assert.notEqual(remembered.find('k1'), undefined);
});
