/** The time from an empty engine to one that answers, loaded from the database and caught up with it. */
import { makeDecisionSource } from '#store/decision-source.ts';

import { measureLoad } from './decisions.ts';
import type { Result } from './result.ts';
import type { World } from './world.ts';

export async function benchLoad({ pool, connectionString }: World): Promise<Result[]> {
  const measurement = await measureLoad(makeDecisionSource(pool, connectionString));
  return [{ ...measurement, goal: { of: 'ratio', atMost: 1 } }];
}
