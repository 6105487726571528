/**
 * What tells others of what was committed: the reconciler with its drivers, the reader of events, and the deliveries to webhooks.
 * Runs in every process but those that answer requests alone.
 */
import type { FastifyBaseLogger } from 'fastify';
import type pg from 'pg';
import type { Registry } from 'prom-client';

import { Deliveries } from '#reconciler/events/deliveries.ts';
import { EventPipeline } from '#reconciler/events/event-pipeline.ts';
import { Reconciler } from '#reconciler/reconciler.ts';
import type { ChainKey } from '#store/change.ts';
import type { SealingKey } from '#store/sealing.ts';
import { makeSendWebhook } from '#systems/webhook/webhook.ts';

import { makeDrivers } from './drivers.ts';
import { registerEventMetrics } from './event-metrics.ts';
import { registerReconcilerMetrics } from './reconciler-metrics.ts';

export interface TellingDeps {
  readonly pool: pg.Pool;
  readonly connectionString: string;
  /** Opened when they are needed: a server may start while the database is away. */
  readonly secrets: { readonly chainKey: ChainKey; readonly sealingKey: SealingKey };
  readonly registry: Registry;
  readonly workerName: string;
  readonly version: string;
  readonly isWebhookPrivateAllowed: boolean;
  readonly log: FastifyBaseLogger;
}

export interface Telling {
  start(): void;
  /** Something was committed. */
  poke(): void;
  stop(): Promise<void>;
}

export function makeTelling(deps: TellingDeps): Telling {
  const { pool, connectionString, secrets, registry, workerName, version, isWebhookPrivateAllowed, log } = deps;
  const reconciler = new Reconciler({
    pool,
    connectionString,
    sealingKey: () => secrets.sealingKey,
    chainKey: () => secrets.chainKey,
    makeDriver: makeDrivers({ pool }),
    workerName,
    onTrouble: (what, error) => log.warn({ err: error }, what),
  });
  const context = {
    pool,
    get chainKey() {
      return secrets.chainKey;
    },
    get sealingKey() {
      return secrets.sealingKey;
    },
  };
  const deliveries = new Deliveries({
    context,
    send: makeSendWebhook({ isPrivateAllowed: isWebhookPrivateAllowed, userAgent: `Abeyance/${version}` }),
    onTrouble: (error) => log.warn({ err: error }, 'webhooks could not be served; they are tried again'),
  });
  const events = new EventPipeline({
    context,
    onTrouble: (error) => log.warn({ err: error }, 'the log could not be read into events; it is tried again'),
    onEvents: () => deliveries.poke(),
  });
  registerReconcilerMetrics(registry, reconciler, pool);
  registerEventMetrics(registry, events, deliveries);
  return {
    start() {
      reconciler.start();
      events.start();
      deliveries.start();
    },
    poke() {
      reconciler.poke();
      events.poke();
    },
    async stop() {
      await Promise.all([reconciler.stop(), events.stop()]);
      await deliveries.stop();
    },
  };
}
