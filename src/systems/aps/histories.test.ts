/** Random histories of one resource: holds, changes, losses and workers that die; whatever happens, it ends as it should. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { makeApsDriver } from './aps.ts';
import { startApsSimulator } from './simulator.ts';
import { HELD, INSTANCE, OAUTH_KEY, OAUTH_SECRET, makeTarget, systemFor } from './target-for-test.ts';

const step = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('hold', 'lift', 'change') },
  { weight: 5, arbitrary: fc.constantFrom('tell', 'tell and lose', 'tell and refuse', 'tell and lose the request') },
  { weight: 2, arbitrary: fc.constantFrom('die before it is sent', 'die after it was sent') },
);

const habits = fc.record({
  polls: fc.constantFrom(0, 0, 1, 2),
  ends: fc.constantFrom('done' as const, 'done' as const, 'failed' as const),
  canRead: fc.boolean(),
});

test('300 random histories end as they should', async (t) => {
  const keys = new Map([[OAUTH_KEY, OAUTH_SECRET]]);
  const endpoint = await startApsSimulator({ type: 'oauth', keys, instanceId: INSTANCE });
  t.after(() => endpoint.stop());
  const calm = { refuse: 0, loseReply: 0, loseRequest: 0 };
  const play = async (steps: readonly string[], has: { polls: number; ends: 'done' | 'failed'; canRead: boolean }) => {
    Object.assign(endpoint.habits, has);
    endpoint.resources.clear();
    const system = systemFor(`${endpoint.origin}/ext`, { configures: true, canRead: has.canRead });
    const driver = makeApsDriver(system);
    const target = makeTarget(driver, system, { properties: { plan: 0 } });
    endpoint.resources.set(target.id, { status: 'aps:ready', properties: { plan: 0 }, effects: [] });
    await target.settle({});
    let isHeld = false;
    let plan = 0;
    for (const name of steps) {
      const facts = isHeld ? HELD : {};
      if (name === 'hold') isHeld = true;
      else if (name === 'lift') isHeld = false;
      else if (name === 'change') target.values = { ...target.values, properties: { plan: ++plan } };
      else if (name.startsWith('die')) await target.die(facts, name === 'die after it was sent');
      else {
        Object.assign(endpoint.knobs, calm, {
          loseReply: name === 'tell and lose' ? 1 : 0,
          refuse: name === 'tell and refuse' ? 1 : 0,
          loseRequest: name === 'tell and lose the request' ? 1 : 0,
        });
        await target.tell(facts);
        Object.assign(endpoint.knobs, calm);
      }
    }
    Object.assign(endpoint.habits, { polls: 0, ends: 'done' });
    await target.settle(isHeld ? HELD : {});
    const found = endpoint.resources.get(target.id);
    await driver.close?.();
    assert.equal(found?.status, isHeld ? 'aps:disabled' : 'aps:ready');
    if (!isHeld) assert.equal(found?.properties['plan'], plan);
    assert.equal(target.task, null);
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 14 }), habits, play), { numRuns: 300 });
});
