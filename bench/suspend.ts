/**
 * Suspending a node with everything beneath it against suspending one with a thousand beneath, each by its plan; and
 * against writing a status into every descendant.
 */
import { applyPlan } from '#operations/apply-plan.ts';
import type { OperationContext } from '#operations/context.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { planChange } from '#operations/plan-change.ts';
import { makePool } from '#store/database.ts';

import { type Result, median, timeMs } from './result.ts';
import { type Subtree, findSubtrees } from './subtree.ts';
import { BENCH, type World } from './world.ts';

const ROUNDS = 25;
const SMALL = 1_000;
const HOLD = { action: 'hold', profile: 'suspended', note: 'bench', source: 'bench' };

const CASCADE = `
  with recursive beneath (id) as (
    select $1::bigint union select e.id from beneath b join entity e on e.parent_id = b.id
  )
  update entity e set version = version + 1, updated_at = now() from beneath b where e.id = b.id`;

export async function benchSuspend(world: World): Promise<Result[]> {
  const { large, small } = await findSubtrees(world, SMALL);
  const shared = await world.context();
  // One connection, so that what it wrote can be asked of it.
  const pool = makePool({ connectionString: world.connectionString, connectionsMax: 1, statementTimeoutMs: 600_000 });
  const context = { ...shared, pool };
  try {
    const times = { large: [] as number[], small: [] as number[] };
    const rows = { large: 0, small: 0 };
    for (let round = 0; round < ROUNDS; round += 1)
      // Whoever goes second finds caches warm: they take turns at that, too.
      for (const which of round % 2 === 0 ? (['large', 'small'] as const) : (['small', 'large'] as const)) {
        const { ms, written } = await suspendOnce(context, which === 'large' ? large : small);
        times[which].push(ms);
        rows[which] = written;
      }
    const [largeMs, smallMs] = [median(times.large), median(times.small)];
    await pool.query('begin');
    const cascadeMs = await timeMs(() => pool.query(CASCADE, [large.id]));
    await pool.query('rollback');
    await pool.query('vacuum entity');
    const name = `suspend a node with ${large.beneath} beneath`;
    const other = `one with ${small.beneath} beneath`;
    return [
      {
        name: `${name}: rows`,
        value: rows.large,
        unit: 'rows',
        against: `${other}, ${rows.small}`,
        ratio: rows.large / rows.small,
        // A node beneath a topmost account leaves a mark for name servers on that account, too.
        goal: { of: 'ratio', atLeast: 0.8, atMost: 1.2 },
      },
      {
        name: `${name}: time`,
        value: round2(largeMs),
        unit: 'ms',
        against: `${other}, ${round2(smallMs)} ms`,
        ratio: largeMs / smallMs,
        goal: { of: 'ratio', atMost: 1.5 },
      },
      {
        name: `${name}: time`,
        value: round2(largeMs),
        unit: 'ms',
        against: `updating every descendant, ${Math.round(cascadeMs)} ms`,
        ratio: largeMs / cascadeMs,
      },
    ];
  } finally {
    await pool.end();
  }
}

/** Plans, applies, counts what the apply wrote, and lifts. */
async function suspendOnce(context: OperationContext, { id }: Subtree): Promise<{ ms: number; written: number }> {
  const { value: plan } = await planChange(context, BENCH, id, HOLD);
  const before = await rowsWritten(context);
  const ms = await timeMs(() => applyPlan(context, BENCH, plan.token));
  const written = (await rowsWritten(context)) - before;
  const { rows } = await context.pool.query<{ uuid: string }>(
    'select uuid from hold where entity_id = $1 and ended_at is null',
    [id],
  );
  for (const { uuid } of rows) await liftHold(context, BENCH, id, uuid);
  return { ms, written };
}

async function rowsWritten({ pool }: OperationContext): Promise<number> {
  await pool.query('select pg_stat_force_next_flush()');
  const { rows } = await pool.query<{ sum: string }>(
    `select sum(n_tup_ins + n_tup_upd + n_tup_del)::text as sum from pg_stat_user_tables`,
  );
  return Number(rows[0]?.sum);
}

const round2 = (value: number) => Math.round(value * 100) / 100;
