/** Who asks: the own login, and signing in and out of the console. */
import { z } from 'zod';

import { changePassword } from '#operations/identity/logins.ts';
import { SESSION_MINUTES, endSession, listSessions, signIn, whoAmI } from '#operations/identity/sessions.ts';

import { csrfOf, sessionOf, setSession, writingFacts } from '#faces/shared/actor.ts';
import { noteActor } from '#faces/shared/request-facts.ts';
import { actorOf, answerWrite, holdRevision } from '#faces/native/exchange.ts';
import * as shapes from '#faces/native/identity-schemas.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['sessions'];

export function sessionRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/me',
    {
      schema: {
        summary: 'Who asks, and what may be done',
        tags,
        response: { 200: shapes.whoAmI, '4xx': schemas.problem },
      },
    },
    async (request) => {
      const actor = await actorOf(deps, request);
      const token = actor.credential?.session == null ? undefined : sessionOf(request);
      return { ...(await whoAmI(context, actor)), csrf: token === undefined ? null : csrfOf(token) };
    },
  );
  app.put(
    '/me/password',
    {
      schema: {
        summary: 'Change the own password; all sessions end',
        tags,
        body: shapes.changePassword,
        response: { 200: shapes.login, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      await answerWrite(deps, reply, await changePassword(context, actor, body), 200);
    },
  );
  app.post(
    '/sessions',
    {
      schema: {
        summary: 'Sign in',
        description: 'Sets the cookie of the session. Needs no credential but the body.',
        tags,
        body: shapes.signIn,
        response: { 201: shapes.signedIn, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      const { value, revision } = await signIn(context, deps, body, writingFacts('native', request));
      await holdRevision(deps, reply, revision);
      noteActor(request, `login:${value.login}`);
      setSession(request, reply, value.token, SESSION_MINUTES * 60);
      return reply.code(201).send({ ...value.session, csrf: csrfOf(value.token) });
    },
  );
  app.get(
    '/sessions',
    {
      schema: {
        summary: 'List the own sessions',
        tags,
        response: { 200: schemas.pageOf(shapes.session, 'SessionPage'), '4xx': schemas.problem },
      },
    },
    async (request) => {
      const items = await listSessions(context, await actorOf(deps, request));
      return { items, next: null, total: items.length };
    },
  );
  app.delete(
    '/sessions/:session',
    {
      schema: {
        summary: 'End an own session, such as current',
        tags,
        params: z.object({ session: z.string() }),
        response: { 200: shapes.endedSession, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const ended = await endSession(context, actor, request.params.session);
      if (ended.value.id === actor.credential?.session) setSession(request, reply, null, 0);
      await answerWrite(deps, reply, ended, 200);
    },
  );
}
