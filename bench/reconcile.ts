/**
 * Suspending what systems must be told of: how long until all of it is confirmed, against what the latency of the system and the
 * requests at once allow; and what the reconciler can do when systems answer at once. Reconciler and system are processes of
 * their own, on a database of their own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type pg from 'pg';

import { normaliseSubject } from '#core/identifier.ts';
import { DecisionEngine } from '#decisions/engine.ts';
import { type OperationContext, DEFAULT_SETTINGS } from '#operations/context.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { placeHold } from '#operations/place-hold.ts';
import { runBulk } from '#operations/run-bulk.ts';
import { makePool } from '#store/database.ts';
import { makeDecisionSource } from '#store/decision-source.ts';
import { callSystem } from '#systems/http-call.ts';
import { addSystem } from '#test/reconcile-world.ts';

import type { WorkerFigures } from './reconcile-worker.ts';
import type { Result } from './result.ts';
import { BENCH, BENCH_SEALING_KEY, type World, makeWorld } from './world.ts';

const LATENCY_MS = 20;
const CONCURRENCY = 32;
const GOAL = 1.3;
const SYSTEMS = 3;
/** Requests of a bare client, to know what the machine can do. */
const BARE_REQUESTS = 6_400;
const PACE = {
  concurrency: CONCURRENCY,
  rate: null,
  timeoutMs: 5_000,
  flightMaxMs: 15_000,
  retryMinMs: 500,
  retryMaxMs: 60_000,
};
const LOOK_AGAIN_MS = 100;
/** More than any part has beneath it: nothing here needs a plan. */
const GUARD_LIMIT = 10_000_000;
/** A tree that no bench here looks at, as small as one can be. */
const OPERATOR = 5_000;

export async function benchReconcile(targets: number, tell: (what: string) => void): Promise<Result[]> {
  const world = await makeWorld(OPERATOR, () => {});
  const endings: (() => unknown)[] = [() => world.stop()];
  try {
    const connectionString = await world.makeDatabase('reconcile');
    const farSide = await startProcess('reconcile-far-side.ts', [String(LATENCY_MS)], endings);
    const bench = await open(world, connectionString, endings);
    const url = farSide.said;
    const roots = {
      one: await bench.plant(targets, ['one']),
      instant: await bench.plant(targets, ['instant']),
      three: await bench.plant(
        targets,
        Array.from({ length: SYSTEMS }, (_, n) => `three-${n}`),
      ),
    };
    await bench.pool.query('vacuum analyze');
    const worker = await startProcess('reconcile-worker.ts', [connectionString], endings);
    const figures = () => ask(worker.child);
    tell(`reconcile: systems are added with ${targets} targets each`);
    const added = Date.now();
    await bench.add('one', url);
    await bench.add('instant', 'http://instant.invalid');
    for (let n = 0; n < SYSTEMS; n++) await bench.add(`three-${n}`, url);
    await bench.settled();
    const addedMs = Date.now() - added;
    const idle = await figures();
    tell('reconcile: a bare client');
    const bareMs = (await bareClient(url)) * targets;
    tell('reconcile: one system');
    const one = await bench.measure(roots.one, figures);
    tell('reconcile: without latency');
    const instant = await bench.measure(roots.instant, figures);
    tell('reconcile: three systems');
    const three = await bench.measure(roots.three, figures);
    const ideal = (LATENCY_MS * targets) / CONCURRENCY;
    const size = targets.toLocaleString('en');
    return [
      {
        name: `suspend ${size} targets in a system that answers in ${LATENCY_MS} ms, ${CONCURRENCY} at once`,
        value: seconds(one.totalMs),
        unit: 's',
        against: `latency × targets / requests at once, ${seconds(ideal)} s`,
        ratio: one.totalMs / ideal,
        goal: { of: 'ratio', atMost: GOAL },
      },
      {
        name: 'the same',
        value: seconds(one.totalMs),
        unit: 's',
        against: `a bare HTTP client without database, ${seconds(bareMs)} s`,
        ratio: one.totalMs / bareMs,
      },
      plain('database statements a target', one.statements / targets, 'statements'),
      plain('suspend without latency', (targets * 1_000) / instant.totalMs, 'targets/s'),
      plain('database statements a target, without latency', instant.statements / targets, 'statements'),
      ...(['p50', 'p95', 'p999'] as const).map((name): Result => ({
        name: `${size} targets over ${SYSTEMS} systems, commit to confirmed, ${name}`,
        value: seconds(three[name]),
        unit: 's',
        against: `latency × targets / requests at once, ${seconds(ideal / SYSTEMS)} s`,
        ratio: three[name] / (ideal / SYSTEMS),
      })),
      plain(
        `${SYSTEMS + 2} systems added with ${(3 * targets).toLocaleString('en')} targets, to the last`,
        addedMs / 1_000,
        's',
      ),
      {
        name: 'memory of the worker meanwhile',
        value: Math.round(three.rssMaxMb),
        unit: 'MB',
        against: `before, ${Math.round(idle.rssMb)} MB`,
        ratio: three.rssMaxMb / idle.rssMb,
      },
    ];
  } finally {
    for (const end of endings.toReversed()) await end();
  }
}

interface Measured {
  readonly totalMs: number;
  readonly p50: number;
  readonly p95: number;
  readonly p999: number;
  readonly statements: number;
  readonly rssMaxMb: number;
}

async function open(world: World, connectionString: string, endings: (() => unknown)[]) {
  const pool = makePool({ connectionString, connectionsMax: 8, statementTimeoutMs: 600_000 });
  endings.push(() => pool.end());
  const engine = new DecisionEngine({ source: makeDecisionSource(pool, connectionString), normaliseSubject });
  endings.push(() => engine.stop());
  await engine.start();
  const context: OperationContext = {
    pool,
    chainKey: world.chainKey,
    sealingKey: BENCH_SEALING_KEY,
    engine,
    settings: { ...DEFAULT_SETTINGS, guardLimit: GUARD_LIMIT },
    clock: () => new Date(),
  };
  return {
    pool,
    plant: (targets: number, systems: readonly string[]) => plant(context, targets, systems),
    add: (name: string, url: string) => addSystem({ pool, chainKey: world.chainKey, context }, name, url, PACE),
    settled: () => untilSettled(pool),
    /** Suspends all beneath a node, waits for the last target, and resumes it, which is not measured. */
    async measure(root: number, figures: () => Promise<WorkerFigures>): Promise<Measured> {
      const before = await figures();
      const placed = await placeHold(context, BENCH, root, { profile: 'suspended', source: 'bench' });
      await untilSettled(pool);
      const after = await figures();
      const { rows } = await pool.query<{ p: number[]; max: number }>(
        `with took as (
            select 1000 * extract(epoch from t.confirmed_at - c.at)::float8 as ms
            from target t join change c on c.revision = t.generation_desired where c.revision = $1
          )
          select percentile_cont(array[0.5, 0.95, 0.999]) within group (order by ms) as p, max(ms) from took`,
        [placed.revision],
      );
      const [row] = rows;
      const [p50 = Number.NaN, p95 = Number.NaN, p999 = Number.NaN] = row?.p ?? [];
      const totalMs = row?.max ?? Number.NaN;
      await liftHold(context, BENCH, root, placed.value.hold.id);
      await untilSettled(pool);
      const statements = after.statements - before.statements;
      return { totalMs, p50, p95, p999, statements, rssMaxMb: after.rssMaxMb };
    },
  };
}

/** How many accounts share the targets of a part. */
const ACCOUNTS = 100;

/** An account with targets in equal parts beneath its own accounts; its number. */
async function plant(context: OperationContext, targets: number, systems: readonly string[]): Promise<number> {
  const { pool } = context;
  const create = async (items: readonly Record<string, unknown>[]): Promise<number[]> => {
    const { outcomes } = await runBulk(
      context,
      BENCH,
      items.map((body) => ({ op: 'create', body: { kind: 'account', ...body } })),
      { isBrief: true },
    );
    return outcomes.map((outcome) => {
      if (!outcome.ok) throw new Error(outcome.problem.message);
      return (outcome.body as { number: number }).number; // A view of what was created.
    });
  };
  const [root = 0] = await create([{ name: 'Top', reseller: true }]);
  await create(Array.from({ length: ACCOUNTS }, (_, n) => ({ name: `Below ${n}`, parent: root })));
  await pool.query(
    `with things as (
        insert into entity (kind, parent_id, label)
        select 'foreign', a.id, 'thing ' || n
        from generate_series(1, $2::integer) n
          join (select id, row_number() over (order by id) - 1 as place from entity where parent_id = $1) a on a.place = n % ${ACCOUNTS}
        returning id
      )
      insert into "foreign" (entity_id, system, external_reference, aps_status, aps_revision, unverified, properties)
      select id, ($3::text[])[1 + id % cardinality($3::text[])], 'thing-' || id, 'aps:ready', 1, false, '{}' from things`,
    [root, targets, systems],
  );
  return root;
}

async function untilSettled(pool: pg.Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ left: boolean }>(
      `select (select s.revision < c.revision from sweep_cursor s, change_counter c)
        or exists (select from sweep where expanded_at is null)
        or exists (select from target where generation_applied < generation_desired) as left`,
    );
    if (rows[0]?.left === false) return;
    await sleep(LOOK_AGAIN_MS);
  }
}

/** What one request costs a client that does nothing else, in milliseconds. */
async function bareClient(url: string): Promise<number> {
  const from = performance.now();
  let left = BARE_REQUESTS;
  const body = JSON.stringify({ to: 'off', request: 'bare', isDoubtful: false });
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while ((left -= 1) >= 0) await callSystem(new URL('/things/1', url), { method: 'PUT', body });
    }),
  );
  return (performance.now() - from) / BARE_REQUESTS;
}

/** Starts a program of this folder; `said` is its first message. */
async function startProcess(file: string, given: readonly string[], endings: (() => unknown)[]) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), given);
  endings.push(async () => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
  });
  const [said] = (await once(child, 'message')) as [string];
  return { child, said };
}

async function ask(child: ChildProcess): Promise<WorkerFigures> {
  child.send('figures');
  const [figures] = (await once(child, 'message')) as [WorkerFigures];
  return figures;
}

function plain(name: string, value: number, unit: string): Result {
  return {
    name,
    value: value >= 100 ? Math.round(value) : Math.round(value * 100) / 100,
    unit,
    against: '',
    ratio: null,
  };
}

const seconds = (ms: number) => Math.round(ms / 10) / 100;
