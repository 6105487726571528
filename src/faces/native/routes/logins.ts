/** Logins, their keys, and the roles that they can have. */
import { z } from 'zod';

import { createKey, deleteKey, listKeys } from '#operations/identity/keys.ts';
import { createLogin, deleteLogin, listLogins, readLogin, updateLogin } from '#operations/identity/logins.ts';
import { deleteRole, listRoles, putRole } from '#operations/identity/roles.ts';

import { actorOf, answerWrite, idempotencyOf } from '#faces/native/exchange.ts';
import * as shapes from '#faces/native/identity-schemas.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['logins'];
const params = schemas.entityParams;
const loginParams = z.object({ login: z.string() });
const roleParams = params.extend({ name: z.string() });
const listQuery = z.object({
  beneath: schemas.flag.optional().describe('Logins of the accounts beneath, too.'),
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
});

export function loginRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  const answer = { 200: shapes.login, '4xx': schemas.problem };
  app.get(
    '/entities/:id/logins',
    {
      schema: {
        summary: 'List the logins of an account',
        tags,
        params,
        querystring: listQuery,
        response: { 200: schemas.pageOf(shapes.login, 'LoginPage'), '4xx': schemas.problem },
      },
    },
    async (request) => listLogins(context, await actorOf(deps, request), request.params.id, request.query),
  );
  app.post(
    '/entities/:id/logins',
    {
      schema: {
        summary: 'Make a login of an account',
        tags,
        params,
        body: shapes.createLogin,
        response: { 201: shapes.login, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      const made = await createLogin(context, actor, request.params.id, body, idempotencyOf(actor, request));
      await answerWrite(deps, reply, made, 201);
    },
  );
  app.get(
    '/logins/:login',
    { schema: { summary: 'Read a login', tags, params: loginParams, response: answer } },
    async (request) => readLogin(context, await actorOf(deps, request), request.params.login),
  );
  app.patch(
    '/logins/:login',
    { schema: { summary: 'Change a login', tags, params: loginParams, body: shapes.updateLogin, response: answer } },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      const changed = await updateLogin(context, actor, request.params.login, body, idempotencyOf(actor, request));
      await answerWrite(deps, reply, changed, 200);
    },
  );
  app.delete(
    '/logins/:login',
    { schema: { summary: 'Remove a login with its keys and sessions', tags, params: loginParams, response: answer } },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const removed = await deleteLogin(context, actor, request.params.login, idempotencyOf(actor, request));
      await answerWrite(deps, reply, removed, 200);
    },
  );
  keyRoutes(app, deps);
  roleRoutes(app, deps);
}

function keyRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/logins/:login/keys',
    {
      schema: {
        summary: 'List the keys of a login',
        tags,
        params: loginParams,
        response: { 200: schemas.pageOf(shapes.key, 'KeyPage'), '4xx': schemas.problem },
      },
    },
    async (request) => {
      const items = await listKeys(context, await actorOf(deps, request), request.params.login);
      return { items, next: null, total: items.length };
    },
  );
  app.post(
    '/logins/:login/keys',
    {
      schema: {
        summary: 'Make a key of a login',
        description:
          'The key is in this answer and nowhere else. An Idempotency-Key is not kept, because it would keep the key.',
        tags,
        params: loginParams,
        body: shapes.createKey,
        response: { 201: shapes.key, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      await answerWrite(deps, reply, await createKey(context, actor, request.params.login, body), 201);
    },
  );
  app.delete(
    '/keys/:key',
    {
      schema: {
        summary: 'Remove a key',
        tags,
        params: z.object({ key: z.string() }),
        response: { 200: shapes.key, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      await answerWrite(deps, reply, await deleteKey(context, actor, request.params.key), 200);
    },
  );
}

function roleRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/entities/:id/roles',
    {
      schema: {
        summary: 'List the roles that logins of an account can have',
        tags,
        params,
        response: { 200: schemas.pageOf(shapes.role, 'RolePage'), '4xx': schemas.problem },
      },
    },
    async (request) => {
      const items = await listRoles(context, await actorOf(deps, request), request.params.id);
      return { items, next: null, total: items.length };
    },
  );
  app.put(
    '/entities/:id/roles/:name',
    {
      schema: {
        summary: 'Define or edit a role of an account and all beneath',
        tags,
        params: roleParams,
        body: shapes.putRole,
        response: { 200: shapes.role, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const { id, name } = request.params;
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      await answerWrite(deps, reply, await putRole(context, actor, id, name, body, idempotencyOf(actor, request)), 200);
    },
  );
  app.delete(
    '/entities/:id/roles/:name',
    {
      schema: {
        summary: 'Remove a role that no login has',
        tags,
        params: roleParams,
        response: { 200: shapes.role, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const { id, name } = request.params;
      await answerWrite(deps, reply, await deleteRole(context, actor, id, name, idempotencyOf(actor, request)), 200);
    },
  );
}
