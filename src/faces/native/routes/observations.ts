/** What servers of the network refused: reported, and listed. */
import { z } from 'zod';

import { countObservations } from '#operations/count-observations.ts';
import { listObservations } from '#operations/list-observations.ts';

import { actorOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import { counted, observation, report } from '#faces/native/observation-schemas.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['observations'];
const query = z.object({
  account: z.string().optional().describe('What was refused beneath this entity.'),
  subject: z.string().optional().describe('What was refused to this entity itself.'),
  action: z.string().optional(),
  since: z.string().optional().describe('Not before the minute of this time (RFC 3339).'),
  until: z.string().optional().describe('Not after this time (RFC 3339).'),
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
});

export function observationRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.post(
    '/observations',
    {
      schema: {
        summary: 'Report what a server refused',
        description: 'Counted by subject, action and minute. Sending the same again counts it again.',
        tags,
        body: report,
        response: { 202: counted, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      await reply.code(202).send(await countObservations(context, actor, body));
    },
  );
  app.get(
    '/observations',
    {
      schema: {
        summary: 'What servers refused, the newest minute first',
        tags,
        querystring: query,
        response: { 200: schemas.pageOf(observation, 'ObservationPage'), '4xx': schemas.problem },
      },
    },
    async (request) => {
      const actor = await actorOf(deps, request);
      return listObservations(context, actor, request.query);
    },
  );
}
