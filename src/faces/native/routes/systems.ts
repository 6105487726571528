/** Downstream systems: added, changed, paused, removed, and described. */
import { z } from 'zod';

import { listSystemKinds, listSystems, readSystem } from '#operations/systems/read-systems.ts';
import { handOverSystem } from '#operations/systems/hand-over.ts';
import { changeSystem, createSystem, deleteSystem, pause, resume } from '#operations/systems/write-systems.ts';

import { actorOf, answerWrite, idempotencyOf, versionOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';
import * as shapes from '#faces/native/system-schemas.ts';

const tags = ['systems'];
const params = z.object({ name: z.string().min(1).max(64).describe('The name of a system, or its UUID.') });
const query = z.object({
  kind: z.string().optional(),
  account: z.string().optional().describe('Systems of this account itself.'),
  cursor: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
});

export function systemRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  const answer = { 200: shapes.system, '4xx': schemas.problem };
  app.get(
    '/system-kinds',
    {
      schema: {
        summary: 'The kinds of systems that there are, with their fields',
        tags,
        response: { 200: schemas.pageOf(shapes.systemKind, 'SystemKindPage'), '4xx': schemas.problem },
      },
    },
    async (request) => {
      const items = listSystemKinds(await actorOf(deps, request));
      return { items, next: null, total: items.length };
    },
  );
  app.get(
    '/systems',
    {
      schema: {
        summary: 'List systems, by name',
        tags,
        querystring: query,
        response: { 200: schemas.pageOf(shapes.system, 'SystemPage'), '4xx': schemas.problem },
      },
    },
    async (request) => listSystems(context, await actorOf(deps, request), request.query),
  );
  app.post(
    '/systems',
    {
      schema: {
        summary: 'Add a system',
        description: 'What it serves catches up by itself. Accounts other than the platform add webhooks alone.',
        tags,
        body: shapes.createSystem,
        response: { 201: shapes.createdSystem, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      const performed = await createSystem(context, actor, body, idempotencyOf(actor, request));
      const { value, generated } = performed;
      const shown = Object.keys(generated).length === 0 ? value : { ...value, generated };
      await answerWrite(deps, reply, performed, 201, shown);
    },
  );
  app.get(
    '/systems/:name',
    { schema: { summary: 'Read a system', tags, params, response: answer } },
    async (request, reply) => {
      const view = await readSystem(context, await actorOf(deps, request), request.params.name);
      reply.header('etag', `"${view.version}"`);
      return view;
    },
  );
  app.patch(
    '/systems/:name',
    { schema: { summary: 'Change a system', tags, params, body: shapes.changeSystem, response: answer } },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const options = { version: versionOf(request), idempotency: idempotencyOf(actor, request) };
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      await answerWrite(deps, reply, await changeSystem(context, actor, request.params.name, body, options), 200);
    },
  );
  app.delete(
    '/systems/:name',
    {
      schema: {
        summary: 'Remove a system, with all that is known of its targets',
        description: 'Answers it as it was, with how many targets go with it.',
        tags,
        params,
        response: answer,
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const options = { version: versionOf(request), idempotency: idempotencyOf(actor, request) };
      await answerWrite(deps, reply, await deleteSystem(context, actor, request.params.name, options), 200);
    },
  );
  app.post(
    '/systems/:name/pause',
    {
      schema: {
        summary: 'Stop telling a system for a time',
        description: 'What is due stays due.',
        tags,
        params,
        body: shapes.pauseSystem.optional(),
        response: answer,
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = (request.body ?? {}) as Record<string, unknown>; // The validator lets only objects through.
      const key = idempotencyOf(actor, request);
      await answerWrite(deps, reply, await pause(context, actor, request.params.name, body, key), 200);
    },
  );
  app.post(
    '/systems/:name/resume',
    { schema: { summary: 'Tell a system again', tags, params, response: answer } },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const key = idempotencyOf(actor, request);
      await answerWrite(deps, reply, await resume(context, actor, request.params.name, key), 200);
    },
  );
  app.post(
    '/systems/:name/hand-over',
    {
      schema: {
        summary: 'Hand certificates over to an APS endpoint, or replace them',
        description:
          'fingerprint is the SHA-256 of the certificate of the endpoint, as somebody compared it, where no authority vouches for it.',
        tags,
        params,
        body: shapes.handOver.optional(),
        response: { 200: shapes.handedOver, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = (request.body ?? {}) as Record<string, unknown>; // The validator lets only objects through.
      await answerWrite(deps, reply, await handOverSystem(context, actor, request.params.name, body), 200);
    },
  );
}
