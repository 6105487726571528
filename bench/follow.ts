/**
 * From the commit in one process to the engine of another, under a light load of writes. As a program it is that other
 * process: it follows the database and tells when it held each revision, on the clock that all processes share.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { normaliseSubject } from '#core/identifier.ts';
import { DecisionEngine } from '#decisions/engine.ts';
import { createEntity } from '#operations/create-entity.ts';
import { makePool } from '#store/database.ts';
import { makeDecisionSource } from '#store/decision-source.ts';

import { type Result, percentile } from './result.ts';
import { BENCH, type World } from './world.ts';

const WRITES = 500;
const PAUSE_MS = 20;
const GOAL_MS = 50;

type Seen = readonly [revision: number, at: string];

export async function benchFollow(world: World): Promise<Result[]> {
  const context = await world.context();
  const follower = fork(fileURLToPath(import.meta.url), [world.connectionString]);
  try {
    await once(follower, 'message'); // It is ready.
    const seen = new Map<number, bigint>();
    follower.on('message', ([revision, at]: Seen) => seen.set(revision, BigInt(at)));
    const committed = new Map<number, bigint>();
    for (let write = 0; write < WRITES; write += 1) {
      const { revision } = await createEntity(context, BENCH, { kind: 'account', name: `Follow ${write}` });
      committed.set(revision ?? 0, process.hrtime.bigint());
      await sleep(PAUSE_MS);
    }
    await sleep(1_000);
    // The answer of the commit and the news of it race each other: whoever is told first has waited for nothing.
    const delays = [...committed].map(([revision, at]) =>
      Math.max(0, Number((seen.get(revision) ?? at + 10n ** 12n) - at) / 1e6),
    );
    const round = (ms: number) => Math.round(ms * 100) / 100;
    const p99 = percentile(delays, 0.99);
    return [
      {
        name: 'commit to engine of another process, p50',
        value: round(percentile(delays, 0.5)),
        unit: 'ms',
        against: `${WRITES} writes`,
        ratio: null,
      },
      {
        name: 'commit to engine of another process, p99',
        value: round(p99),
        unit: 'ms',
        against: `${GOAL_MS} ms`,
        ratio: p99 / GOAL_MS,
        goal: { of: 'value', atMost: GOAL_MS },
      },
    ];
  } finally {
    follower.kill();
  }
}

async function follow(connectionString: string): Promise<never> {
  const pool = makePool({ connectionString, connectionsMax: 4 });
  const engine = new DecisionEngine({ source: makeDecisionSource(pool, connectionString), normaliseSubject });
  await engine.start();
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
  for (let told = engine.revision; ;) {
    if (!(await engine.waitFor(told + 1, 60_000))) continue;
    const at = String(process.hrtime.bigint());
    while (told < engine.revision) process.send?.([(told += 1), at] satisfies Seen);
  }
}

if (import.meta.main) await follow(process.argv[2] ?? '');
