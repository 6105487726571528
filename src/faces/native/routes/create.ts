/** Creation of accounts and resources. */
import { problem } from '#core/problem.ts';
import { createEntity } from '#operations/create-entity.ts';

import { actorOf, answerWrite, idempotencyOf } from '#faces/native/exchange.ts';
import { createAccount, createResource, entity } from '#faces/native/entity-schemas.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import { problem as problemSchema } from '#faces/native/schemas.ts';

export function createRoutes(app: Routes, deps: NativeDeps): void {
  const response = { 201: entity, '4xx': problemSchema };
  app.post(
    '/accounts',
    { schema: { summary: 'Create an account', tags: ['entities'], body: createAccount, response } },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const input = { ...(request.body as object), kind: 'account' };
      const performed = await createEntity(deps.context, actor, input, idempotencyOf(actor, request));
      await answerWrite(deps, reply, performed, 201);
    },
  );
  app.post(
    '/resources',
    {
      schema: {
        summary: 'Create a resource',
        description: 'The body is told apart by kind.',
        tags: ['entities'],
        body: createResource,
        response,
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const input = request.body as Record<string, unknown>; // The validator lets only objects through.
      if (input['kind'] === 'account')
        throw problem('invalid', 'kind: an account is created at /v1/accounts', {
          errors: [{ field: 'kind', message: 'must be a resource; an account is created at /v1/accounts' }],
        });
      const performed = await createEntity(deps.context, actor, input, idempotencyOf(actor, request));
      await answerWrite(deps, reply, performed, 201);
    },
  );
}
