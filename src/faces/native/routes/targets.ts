/** Targets: what each system has of each thing, and what people do about it. */
import { z } from 'zod';

import { listTargets, listTargetsOf, readTarget } from '#operations/systems/read-targets.ts';
import {
  acknowledgeMany,
  acknowledgeTarget,
  bindTarget,
  retryMany,
  retryTarget,
  unbindTarget,
} from '#operations/systems/write-targets.ts';

import { actorOf, answerWrite, idempotencyOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';
import * as shapes from '#faces/native/system-schemas.ts';

const tags = ['systems'];
const params = z.object({ name: z.string().min(1).max(64).describe('The name of a system, or its UUID.') });
const targetParams = params.extend({
  entity: z.string().min(1).max(600).describe('UUID, number, or identifier of the entity.'),
});
const query = z.object({
  outcome: z.string().max(200).optional().describe('Outcomes with commas between them, such as failed,retrying.'),
  problem: z.string().max(128).optional().describe('The code of their problem.'),
  beneath: z.string().optional().describe('Those of this entity and of all beneath it.'),
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
});
const answer = { 200: shapes.target, '4xx': schemas.problem };
const counted = { 200: shapes.targetCount, '4xx': schemas.problem };

export function targetRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/entities/:id/targets',
    {
      schema: {
        summary: 'What each system has of an entity',
        tags,
        params: schemas.entityParams,
        response: { 200: schemas.pageOf(shapes.targetOfEntity, 'TargetOfEntityPage'), '4xx': schemas.problem },
      },
    },
    async (request) => listTargetsOf(context, await actorOf(deps, request), request.params.id),
  );
  app.get(
    '/systems/:name/targets',
    {
      schema: {
        summary: 'List the targets of a system',
        tags,
        params,
        querystring: query,
        response: { 200: schemas.pageOf(shapes.target, 'TargetPage'), '4xx': schemas.problem },
      },
    },
    async (request) => listTargets(context, await actorOf(deps, request), request.params.name, request.query),
  );
  app.get(
    '/systems/:name/targets/:entity',
    { schema: { summary: 'Read a target', tags, params: targetParams, response: answer } },
    async (request) => readTarget(context, await actorOf(deps, request), request.params.name, request.params.entity),
  );
  oneTarget(app, deps);
  manyTargets(app, deps);
}

function oneTarget(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.put(
    '/systems/:name/targets/:entity',
    {
      schema: {
        summary: 'Bind an entity to a system by hand',
        tags,
        params: targetParams,
        body: shapes.bindTarget,
        response: answer,
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const { name, entity } = request.params;
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      const key = idempotencyOf(actor, request);
      await answerWrite(deps, reply, await bindTarget(context, actor, name, entity, body, key), 200);
    },
  );
  const simple = [
    ['delete', '', 'Forget what was bound by hand', unbindTarget],
    ['post', '/retry', 'Tell a target again at once', retryTarget],
    ['post', '/acknowledge', 'Mark a target that needs a person as known to one', acknowledgeTarget],
  ] as const;
  for (const [method, path, summary, operation] of simple)
    app[method](
      `/systems/:name/targets/:entity${path}`,
      { schema: { summary, tags, params: targetParams, response: answer } },
      async (request, reply) => {
        const actor = await actorOf(deps, request);
        const { name, entity } = request.params;
        const key = idempotencyOf(actor, request);
        await answerWrite(deps, reply, await operation(context, actor, name, entity, key), 200);
      },
    );
}

function manyTargets(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  const many = [
    ['/retry', 'Tell all failed targets of a system again', retryMany],
    ['/acknowledge', 'Mark all failed targets of a system as known', acknowledgeMany],
  ] as const;
  for (const [path, summary, operation] of many)
    app.post(
      `/systems/:name/targets${path}`,
      {
        schema: {
          summary,
          description: 'Or those of another outcome, with a problem, or beneath an entity.',
          tags,
          params,
          body: shapes.chooseTargets.optional(),
          response: counted,
        },
      },
      async (request, reply) => {
        const actor = await actorOf(deps, request);
        const body = request.body as Record<string, unknown>; // The validator lets only objects through.
        const key = idempotencyOf(actor, request);
        await answerWrite(deps, reply, await operation(context, actor, request.params.name, body, key), 200);
      },
    );
}
