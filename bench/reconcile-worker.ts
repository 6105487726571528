/**
 * A reconciler as a process of its own, on the database of its argument. It counts its statements and its memory, and tells them
 * when asked. A system at `instant.invalid` is not asked at all, and has always done what it was told.
 */
import { Reconciler } from '#reconciler/reconciler.ts';
import { makePool } from '#store/database.ts';
import type { MakeDriver } from '#systems/system.ts';
import { makeSwitchboardDriver } from '#test/reconcile-switchboard.ts';

import { BENCH_CHAIN_KEY, BENCH_SEALING_KEY } from './world.ts';

export interface WorkerFigures {
  /** Since the start: whatever was sent to the database at once. */
  readonly statements: number;
  readonly rssMb: number;
  /** The most since it was last asked. */
  readonly rssMaxMb: number;
}

const SAMPLE_MS = 50;
const MB = 2 ** 20;

async function main(connectionString: string): Promise<void> {
  let statements = 0;
  const pool = makePool({ connectionString, connectionsMax: 16 });
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...given: unknown[]) => unknown;
    client.query = ((...given: unknown[]) => {
      statements += 1;
      return query(...given);
    }) as typeof client.query; // It passes on whatever it is given.
  });
  const overHttp = makeSwitchboardDriver();
  const makeDriver: MakeDriver = (system) =>
    String(system.settings['url']).includes('instant.invalid')
      ? { converge: () => Promise.resolve({ type: 'done' }) }
      : overHttp(system);
  const reconciler = new Reconciler({
    pool,
    sealingKey: () => BENCH_SEALING_KEY,
    chainKey: () => BENCH_CHAIN_KEY,
    makeDriver: { aps: makeDriver },
    workerName: 'bench',
    onTrouble: (what, error) => console.error(what, error),
  });
  reconciler.start();
  let most = 0;
  setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, SAMPLE_MS);
  process.on('message', () => {
    const figures: WorkerFigures = {
      statements,
      rssMb: process.memoryUsage.rss() / MB,
      rssMaxMb: Math.max(most, process.memoryUsage.rss()) / MB,
    };
    most = 0;
    process.send?.(figures);
  });
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
}

if (import.meta.main) await main(process.argv[2] ?? '');
