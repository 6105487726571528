/** Holds: placed, lifted, listed. */
import { z } from 'zod';

import { liftHold } from '#operations/lift-hold.ts';
import { listHolds } from '#operations/list-holds.ts';
import { placeHold } from '#operations/place-hold.ts';

import { actorOf, answerWrite, idempotencyOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['holds'];
const params = schemas.entityParams;
const query = z.object({
  ended: schemas.flag.optional().describe('Holds that are over, too.'),
  profile: z.string().optional(),
  source: z.string().optional(),
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
});

export function holdRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/entities/:id/holds',
    {
      schema: {
        summary: 'List the holds on an entity itself',
        tags,
        params,
        querystring: query,
        response: { 200: schemas.pageOf(schemas.hold, 'HoldPage'), '4xx': schemas.problem },
      },
    },
    async (request) => {
      const actor = await actorOf(deps, request);
      return listHolds(context, actor, request.params.id, request.query);
    },
  );
  app.post(
    '/entities/:id/holds',
    {
      schema: {
        summary: 'Place a hold',
        description:
          'The same profile from the same source with the same external reference answers the hold that is there, with 200.',
        tags,
        params,
        body: schemas.placeHold,
        response: { 200: schemas.hold, 201: schemas.hold, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const performed = await placeHold(context, actor, request.params.id, request.body, idempotencyOf(actor, request));
      await answerWrite(deps, reply, performed, performed.value.isNew ? 201 : 200, performed.value.hold);
    },
  );
  app.delete(
    '/entities/:id/holds/:holdId',
    {
      schema: {
        summary: 'Lift a hold',
        tags,
        params: params.extend({ holdId: z.string() }),
        response: { 200: schemas.hold, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const { id, holdId } = request.params;
      await answerWrite(deps, reply, await liftHold(context, actor, id, holdId, idempotencyOf(actor, request)), 200);
    },
  );
}
