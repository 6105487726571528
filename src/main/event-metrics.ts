/** What monitoring reads of events and webhooks. */
import { Counter, Gauge, type Registry } from 'prom-client';

import type { Deliveries } from '#reconciler/events/deliveries.ts';
import type { EventPipeline } from '#reconciler/events/event-pipeline.ts';

/** Adds them to what a process shows anyway. While the database is away the lag is unknown, which is NaN. */
export function registerEventMetrics(registry: Registry, events: EventPipeline, deliveries: Deliveries): void {
  const lag: Gauge = new Gauge({
    name: 'abeyance_event_lag_revisions',
    help: 'Changes that were not read into events yet.',
    registers: [],
    async collect() {
      lag.set((await events.lag().catch(() => null)) ?? Number.NaN);
    },
  });
  registry.registerMetric(lag);
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name: `abeyance_${name}`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  counter(
    'webhook_attempts_total',
    'Messages that this process sent to webhooks, whatever came of them.',
    () => deliveries.sent,
  );
  counter('event_failures_total', 'Rounds of reading events that failed.', () => events.failures);
  counter('delivery_failures_total', 'Rounds of deliveries that failed.', () => deliveries.failures);
}
