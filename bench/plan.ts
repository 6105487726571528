/** The plan of a suspension: counting all that it would change, without changing it. */
import { planChange } from '#operations/plan-change.ts';

import { type Result, median, timeMs } from './result.ts';
import { findSubtrees } from './subtree.ts';
import { BENCH, type World } from './world.ts';

const ROUNDS = 7;
const GOAL_MS = 2_000;

export async function benchPlan(world: World): Promise<Result[]> {
  const { large } = await findSubtrees(world, 1_000);
  const context = await world.context();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    times.push(await timeMs(() => planChange(context, BENCH, large.id, { action: 'hold', profile: 'suspended' })));
  const ms = median(times);
  return [
    {
      name: `plan of ${large.beneath} beneath`,
      value: Math.round(ms),
      unit: 'ms',
      against: '2 s',
      ratio: ms / GOAL_MS,
      goal: { of: 'value', atMost: GOAL_MS },
    },
  ];
}
