/** Credits of accounts: read and granted. */
import { putCredits } from '#operations/put-credits.ts';
import { readCredits } from '#operations/read-credits.ts';

import { credits, creditsQuery, putCredits as putBody } from '#faces/native/credit-schemas.ts';
import { actorOf, answerWrite, idempotencyOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['credits'];
const params = schemas.entityParams;
const response = { 200: credits, '4xx': schemas.problem };

export function creditRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/entities/:id/credits',
    {
      schema: {
        summary: 'What an account may have beneath it, and has',
        tags,
        params,
        querystring: creditsQuery,
        response,
      },
    },
    async (request) => {
      const actor = await actorOf(deps, request);
      return readCredits(context, actor, request.params.id, request.query.children);
    },
  );
  app.put(
    '/entities/:id/credits',
    { schema: { summary: 'Grant an account credits', tags, params, body: putBody, response } },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      await answerWrite(
        deps,
        reply,
        await putCredits(context, actor, request.params.id, body, idempotencyOf(actor, request)),
        200,
      );
    },
  );
}
