/** Reads the log into events and sends them to webhooks, while the process runs. */
import type { FastifyBaseLogger } from 'fastify';

import type { OperationContext } from '#operations/context.ts';
import { Deliveries } from '#reconciler/events/deliveries.ts';
import { EventPipeline } from '#reconciler/events/event-pipeline.ts';
import { makeSendWebhook } from '#systems/webhook/webhook.ts';

export interface RunningEvents {
  readonly pipeline: EventPipeline;
  readonly deliveries: Deliveries;
  stop(): Promise<void>;
}

/** Starts both. What is committed is read at once when this process's engine hears of it. */
export function startEvents(
  context: OperationContext,
  options: { readonly isWebhookPrivateAllowed: boolean; readonly version: string; readonly log: FastifyBaseLogger },
): RunningEvents {
  const { isWebhookPrivateAllowed, version, log } = options;
  const deliveries = new Deliveries({
    context,
    send: makeSendWebhook({ isPrivateAllowed: isWebhookPrivateAllowed, userAgent: `Abeyance/${version}` }),
    onTrouble: (error) => log.warn({ err: error }, 'webhooks could not be served; they are tried again'),
  });
  const pipeline = new EventPipeline({
    context,
    onTrouble: (error) => log.warn({ err: error }, 'the log could not be read into events; it is tried again'),
    onEvents: () => deliveries.poke(),
  });
  const forget = context.engine.onTouched(() => pipeline.poke());
  pipeline.start();
  deliveries.start();
  return {
    pipeline,
    deliveries,
    async stop() {
      forget();
      await pipeline.stop();
      await deliveries.stop();
    },
  };
}
