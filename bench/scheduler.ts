/** The scheduler at midnight: many holds that begin at the same moment. */
import { runDueHolds } from '#operations/run-due-holds.ts';

import { type Result, timeMs } from './result.ts';
import type { World } from './world.ts';

const HOLDS = 50_000;
const GOAL_S = 30;

export async function benchScheduler(world: World): Promise<Result[]> {
  const context = await world.context();
  const { rowCount } = await world.pool.query(
    `insert into hold (entity_id, profile, authority, authority_rank, source, placed_by, starts_at)
      select id, 'bad_payer', 'platform', 30, 'bench-scheduler', 'bench', now() from entity where kind = 'sip_account' order by id limit ${HOLDS}`,
  );
  await world.pool.query('analyze hold');
  let activated = 0;
  const ms = await timeMs(async () => ({ activated } = await runDueHolds(context)));
  if (activated !== rowCount) throw new Error(`${activated} of ${rowCount} holds were activated`);
  await world.pool.query(`delete from hold where source = 'bench-scheduler'`);
  const seconds = Math.round(ms / 100) / 10;
  return [
    {
      name: `${activated} holds due at once`,
      value: seconds,
      unit: 's',
      against: `${GOAL_S} s`,
      ratio: ms / 1_000 / GOAL_S,
      goal: { of: 'value', atMost: GOAL_S },
    },
  ];
}
