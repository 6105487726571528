/** Reading and changing entities: fields, place, owner, lifecycle. */
import { readPastEntity, readPastStanding } from '#operations/as-of/read-past.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { eraseEntity } from '#operations/erase-entity.ts';
import { explainStanding, readStanding } from '#operations/explain-standing.ts';
import { moveEntity } from '#operations/move-entity.ts';
import { listChildren, listEntities, readEntity } from '#operations/read-entity.ts';
import { readAccountProperties, setProperties } from '#operations/properties.ts';
import { transferEntity } from '#operations/transfer-entity.ts';
import { updateEntity } from '#operations/update-entity.ts';

import {
  entity,
  properties,
  setProperties as setPropertiesBody,
  updateEntity as updateBody,
  erased,
} from '#faces/native/entity-schemas.ts';
import type { Actor } from '#operations/context.ts';
import { actorOf, answerWrite, idempotencyOf, versionOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['entities'];
const params = schemas.entityParams;
const page = schemas.pageOf(entity, 'EntityPage');
const answers = (ok: typeof entity | typeof page | typeof schemas.standingView | typeof schemas.explanation) => ({
  200: ok,
  '4xx': schemas.problem,
});

export function entityRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/entities',
    { schema: { summary: 'List entities', tags, querystring: schemas.listQuery, response: answers(page) } },
    async (request) => {
      const actor = await actorOf(deps, request);
      return listEntities(context, actor, request.query);
    },
  );
  app.get(
    '/entities/:id',
    {
      schema: {
        summary: 'Read an entity, as it is or as it was',
        tags,
        params,
        querystring: schemas.atQuery,
        response: answers(entity),
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const { at } = request.query;
      if (at !== undefined) return readPastEntity(context, actor, request.params.id, at);
      const view = await readEntity(context, actor, request.params.id);
      reply.header('etag', `"${view.version}"`);
      return view;
    },
  );
  app.patch(
    '/entities/:id',
    {
      schema: {
        summary: 'Change fields of an entity',
        tags,
        params,
        body: updateBody,
        response: answers(entity),
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      const performed = await updateEntity(context, actor, request.params.id, body, writeOptions(actor, request));
      await answerWrite(deps, reply, performed, 200);
    },
  );
  app.get(
    '/entities/:id/children',
    {
      schema: {
        summary: 'List what an entity contains',
        tags,
        params,
        querystring: schemas.listQuery,
        response: answers(page),
      },
    },
    async (request) => {
      const actor = await actorOf(deps, request);
      return listChildren(context, actor, request.params.id, request.query);
    },
  );
  app.get(
    '/entities/:id/standing',
    {
      schema: {
        summary: 'How an entity stands, or stood, with every reason',
        tags,
        params,
        querystring: schemas.atQuery,
        response: answers(schemas.standingView),
      },
    },
    async (request) => {
      const actor = await actorOf(deps, request);
      const { at } = request.query;
      return at === undefined
        ? readStanding(context, actor, request.params.id)
        : readPastStanding(context, actor, request.params.id, at);
    },
  );
  app.get(
    '/entities/:id/explain',
    {
      schema: {
        summary: 'The whole chain that reaches an entity',
        tags,
        params,
        response: answers(schemas.explanation),
      },
    },
    async (request) => {
      const actor = await actorOf(deps, request);
      return explainStanding(context, actor, request.params.id);
    },
  );
  propertyRoutes(app, deps);
  shapeRoutes(app, deps);
}

function propertyRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/entities/:id/properties',
    {
      schema: {
        summary: 'List the properties of an account, with those that take effect',
        tags,
        params,
        response: { 200: properties, '4xx': schemas.problem },
      },
    },
    async (request) => ({
      items: await readAccountProperties(context, await actorOf(deps, request), request.params.id),
    }),
  );
  app.patch(
    '/entities/:id/properties',
    {
      schema: {
        summary: 'Change single properties of an account; a null value removes one',
        tags,
        params,
        body: setPropertiesBody,
        response: { 200: properties, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      const changed = await setProperties(context, actor, request.params.id, body, idempotencyOf(actor, request));
      await answerWrite(deps, reply, changed, 200);
    },
  );
}

function writeOptions(actor: Actor, request: Parameters<typeof versionOf>[0]) {
  return { version: versionOf(request), idempotency: idempotencyOf(actor, request) };
}

function shapeRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.post(
    '/entities/:id/close',
    {
      schema: {
        summary: 'Close an entity and all beneath it, for ever',
        tags,
        params,
        response: answers(entity),
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      await answerWrite(
        deps,
        reply,
        await closeEntity(context, actor, request.params.id, writeOptions(actor, request)),
        200,
      );
    },
  );
  app.post(
    '/entities/:id/erase',
    {
      schema: {
        summary: 'Erase the personal data of a closed account and of all beneath it, for good',
        description: 'Repeating it changes nothing, and finishes what was interrupted.',
        tags,
        params,
        response: { 200: erased, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      await answerWrite(deps, reply, await eraseEntity(context, actor, request.params.id), 200);
    },
  );
  app.post(
    '/entities/:id/move',
    {
      schema: {
        summary: 'Move an entity with its subtree',
        tags,
        params,
        body: schemas.moveBody,
        response: answers(entity),
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const { parent } = request.body as Record<string, unknown>; // The validator lets only objects through.
      await answerWrite(
        deps,
        reply,
        await moveEntity(context, actor, request.params.id, parent, writeOptions(actor, request)),
        200,
      );
    },
  );
  app.post(
    '/entities/:id/transfer',
    {
      schema: {
        summary: 'Assign a leaf to another account',
        tags,
        params,
        body: schemas.transferBody,
        response: answers(entity),
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const { owner } = request.body as Record<string, unknown>; // The validator lets only objects through.
      await answerWrite(
        deps,
        reply,
        await transferEntity(context, actor, request.params.id, owner, writeOptions(actor, request)),
        200,
      );
    },
  );
}
