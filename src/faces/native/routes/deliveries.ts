/** The log of deliveries of a webhook; and sending events to it once more. */
import { z } from 'zod';

import { listDeliveries, readDelivery } from '#operations/read-deliveries.ts';
import { replayEvents, testWebhook } from '#operations/redeliver.ts';

import { delivery, deliveryWithAttempts, replay, replayed } from '#faces/native/event-schemas.ts';
import { actorOf, answerWrite, idempotencyOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['webhooks'];
const byName = z.object({ name: z.string().describe('Name or UUID of the webhook.') });
const query = z.object({
  outcome: z.string().optional().describe('pending, delivered, failed or skipped.'),
  event: z.string().optional().describe('Deliveries of this event.'),
  account: z.string().optional().describe('Deliveries of events of this account.'),
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
});

export function deliveryRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/systems/:name/deliveries',
    {
      schema: {
        summary: 'What was sent to a webhook, the newest first',
        tags,
        params: byName,
        querystring: query,
        response: { 200: schemas.pageOf(delivery, 'DeliveryPage'), '4xx': schemas.problem },
      },
    },
    async (request) => listDeliveries(context, await actorOf(deps, request), request.params.name, request.query),
  );
  app.get(
    '/systems/:name/deliveries/:id',
    {
      schema: {
        summary: 'One delivery with each attempt at it',
        tags,
        params: byName.extend({ id: z.string() }),
        response: { 200: deliveryWithAttempts, '4xx': schemas.problem },
      },
    },
    async (request) => readDelivery(context, await actorOf(deps, request), request.params.name, request.params.id),
  );
  app.post(
    '/systems/:name/deliveries/replay',
    {
      schema: {
        summary: 'Send events once more',
        description: 'Some by their ids, those of a period, or what was given up; at most 10,000.',
        tags,
        params: byName,
        body: replay,
        response: { 202: replayed, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      const performed = await replayEvents(context, actor, request.params.name, body, idempotencyOf(actor, request));
      await answerWrite(deps, reply, performed, 202);
    },
  );
  app.post(
    '/systems/:name/deliveries/test',
    {
      schema: {
        summary: 'Send a test now',
        tags,
        params: byName,
        response: { 202: delivery, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const performed = await testWebhook(context, actor, request.params.name, idempotencyOf(actor, request));
      await answerWrite(deps, reply, performed, 202);
    },
  );
}
