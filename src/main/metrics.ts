/** What an operator's monitoring reads at /metrics, in Prometheus' text form. */
import { Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

import type { DecisionEngine } from '#decisions/engine.ts';

import type { Scheduler } from './scheduler.ts';

export interface Metrics {
  readonly registry: Registry;
  readonly requests: Histogram<'method' | 'route' | 'status'>;
}

export function makeMetrics(engine: DecisionEngine, scheduler: Scheduler): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'abeyance_' });
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name: `abeyance_${name}`,
      help,
      registers: [registry],
      async collect() {
        this.set(await Promise.resolve(read()).catch(() => Number.NaN)); // The database is away: unknown.
      },
    });
  gauge('entities', 'Entities that the decision engine holds.', () => engine.metrics().entities);
  gauge('identifiers', 'Names that the decision engine holds.', () => engine.metrics().identifiers);
  gauge('revision', 'The revision that decisions are made at.', () => engine.revision);
  gauge(
    'stale_seconds',
    'Age of what decisions are made from; 0 while the engine follows.',
    () => engine.staleForMs / 1000,
  );
  gauge('engine_load_seconds', 'How long the last load from the database took.', () => engine.metrics().loadMs / 1000);
  gauge('engine_follow_seconds', 'How long the last catch-up took.', () => engine.metrics().lastFollowMs / 1000);
  gauge('engine_reloads', 'Loads since the start.', () => engine.metrics().reloads);
  gauge('engine_follow_errors', 'Failed attempts to follow since the start.', () => engine.metrics().followErrors);
  gauge(
    'scheduler_lag_seconds',
    'How late the oldest due start or end of a hold is.',
    async () => (await scheduler.lagMs()) / 1000,
  );
  gauge('scheduler_activated', 'Holds put in force by this process since its start.', () => scheduler.activated);
  gauge('scheduler_expired', 'Holds ended by this process since its start.', () => scheduler.expired);
  const requests = new Histogram({
    name: 'abeyance_http_request_seconds',
    help: 'Time to answer, by method, route and status.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  return { registry, requests };
}
