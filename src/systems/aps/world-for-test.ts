/** An endpoint and its driver, for tests. */
import type { TestContext } from 'node:test';

import type { Values } from '#core/field.ts';
import type { Outcome } from '#systems/system.ts';

import { makeApsDriver } from './aps.ts';
import { type ApsSimulator, type Habits, startApsSimulator } from './simulator.ts';
import { INSTANCE, OAUTH_KEY, OAUTH_SECRET, type TargetForTest, makeTarget, systemFor } from './target-for-test.ts';

export interface World {
  readonly endpoint: ApsSimulator;
  readonly add: (values?: Values) => TargetForTest;
  readonly effects: (target: TargetForTest) => readonly string[];
  readonly status: (target: TargetForTest) => string | undefined;
}

/** An endpoint that trusts by OAuth, with resources that are driven. */
export async function world(t: TestContext, habits: Partial<Habits> = {}, settings: Values = {}): Promise<World> {
  const keys = new Map([[OAUTH_KEY, OAUTH_SECRET]]);
  const endpoint = await startApsSimulator({ type: 'oauth', keys, instanceId: INSTANCE }, { habits });
  const system = systemFor(`${endpoint.origin}/ext`, settings);
  const driver = makeApsDriver(system);
  t.after(async () => {
    await driver.close?.();
    await endpoint.stop();
  });
  return {
    endpoint,
    add(values) {
      const target = makeTarget(driver, system, values);
      endpoint.resources.set(target.id, { status: 'aps:ready', properties: {}, effects: [] });
      return target;
    },
    effects: (target) => endpoint.resources.get(target.id)?.effects ?? [],
    status: (target) => endpoint.resources.get(target.id)?.status,
  };
}

/** What became of a call, in a word or two. */
export function typeOf(outcome: Outcome | null): string {
  return outcome === null ? 'nothing' : 'code' in outcome ? `${outcome.type} ${outcome.code}` : outcome.type;
}
