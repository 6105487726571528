/** Profiles. */
import { z } from 'zod';

import { deleteProfile } from '#operations/delete-profile.ts';
import { putProfile } from '#operations/put-profile.ts';
import { getProfile, listProfiles } from '#operations/read-profiles.ts';

import { actorOf, answerWrite, idempotencyOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['profiles'];
const params = z.object({ name: z.string() });
const response = { 200: schemas.profile, '4xx': schemas.problem };

export function profileRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/profiles',
    { schema: { summary: 'List profiles', tags, response: { 200: schemas.pageOf(schemas.profile, 'ProfilePage') } } },
    async (request) => {
      const actor = await actorOf(deps, request);
      const items = await listProfiles(context, actor);
      return { items, next: null, total: items.length };
    },
  );
  app.get('/profiles/:name', { schema: { summary: 'Read a profile', tags, params, response } }, async (request) => {
    const actor = await actorOf(deps, request);
    return getProfile(context, actor, request.params.name);
  });
  app.put(
    '/profiles/:name',
    { schema: { summary: 'Define or edit a profile', tags, params, body: schemas.profileBody, response } },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      await answerWrite(
        deps,
        reply,
        await putProfile(context, actor, request.params.name, body, idempotencyOf(actor, request)),
        200,
      );
    },
  );
  app.delete(
    '/profiles/:name',
    { schema: { summary: 'Remove a profile that was never used', tags, params, response } },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      await answerWrite(
        deps,
        reply,
        await deleteProfile(context, actor, request.params.name, idempotencyOf(actor, request)),
        200,
      );
    },
  );
}
