/** What monitoring reads of the reconciler: how far it is behind, and how it stands with each system. */
import type pg from 'pg';
import { Counter, Gauge, type Registry } from 'prom-client';

import type { Reconciler } from '#reconciler/reconciler.ts';
import { Session } from '#store/database.ts';
import { countTargets } from '#store/reconcile-state.ts';
import { sweepLag } from '#store/sweep-log.ts';

/** Adds them to what a process shows anyway. While the database is away they are unknown, which is NaN or absent. */
export function registerReconcilerMetrics(registry: Registry, reconciler: Reconciler, pool: pg.Pool): void {
  const session = new Session(pool);
  const registers = [registry];
  const lag = (
    name: string,
    help: string,
    read: (lag: { revisions: number; seconds: number; sweeps: number }) => number,
  ) =>
    new Gauge({
      name: `abeyance_${name}`,
      help,
      registers,
      async collect() {
        const found = await sweepLag(session).catch(() => null);
        this.set(found === null ? Number.NaN : read(found));
      },
    });
  lag('sweep_lag_revisions', 'Changes that were not read for targets yet.', (found) => found.revisions);
  lag('sweep_lag_seconds', 'Age of the oldest change that has not reached its targets yet.', (found) => found.seconds);
  lag('sweeps_open', 'Changes that have not reached all of their targets yet.', (found) => found.sweeps);
  /** All of these are collected at the same moment, from one statement. */
  let reading: ReturnType<typeof countTargets> | null = null;
  const counts = () =>
    (reading ??= countTargets(session)
      .catch(() => [])
      .finally(() => (reading = null)));
  const bySystem = (name: string, help: string, read: (count: Awaited<ReturnType<typeof counts>>[number]) => number) =>
    new Gauge({
      name: `abeyance_${name}`,
      help,
      labelNames: ['system'] as const,
      registers,
      async collect() {
        const found = await counts();
        this.reset();
        for (const count of found) this.set({ system: count.name }, read(count));
      },
    });
  bySystem('targets_due', 'Targets that are due now.', (count) => count.due);
  bySystem('targets_unsettled', 'Targets that are not as they should be yet.', (count) => count.unsettled);
  bySystem('targets_failed', 'Targets that need a person.', (count) => count.failed);
  bySystem('system_paused', 'Whether nothing is sent, for maintenance.', (count) => (count.is_paused ? 1 : 0));
  bySystem('system_circuit', 'The circuit of a system: 0 closed, 1 half open, 2 open.', (count) => count.circuit);
  registry.registerMetric(
    new Gauge({
      name: 'abeyance_system_slots',
      help: 'Requests that this process may have running in a system at once.',
      labelNames: ['system'] as const,
      registers: [],
      collect() {
        this.reset();
        for (const { system, slots } of reconciler.runners) this.set({ system: system.name }, slots.size);
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'abeyance_system_calls_total',
      help: 'Calls of this process by system and outcome.',
      labelNames: ['system', 'outcome'] as const,
      registers: [],
      collect() {
        this.reset();
        for (const { system, outcome, count } of reconciler.calls.values()) this.inc({ system, outcome }, count);
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'abeyance_drift_found_total',
      help: 'Targets that this process found changed behind our back.',
      registers: [],
      collect() {
        this.reset();
        this.inc(reconciler.drifted);
      },
    }),
  );
}
