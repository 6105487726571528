/** Plans: what would happen, and then doing it. */
import { z } from 'zod';

import { applyPlan } from '#operations/apply-plan.ts';
import { planChange } from '#operations/plan-change.ts';

import { actorOf, answerWrite, idempotencyOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as shapes from '#faces/native/plan-schemas.ts';
import * as schemas from '#faces/native/schemas.ts';

const tags = ['plans'];

export function planRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.post(
    '/entities/:id/plan',
    {
      schema: {
        summary: 'Plan a hold, a lift, a close or an edit of a profile',
        tags,
        params: schemas.entityParams,
        body: shapes.planIntent,
        response: { 201: shapes.plan, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      await answerWrite(deps, reply, await planChange(context, actor, request.params.id, request.body), 201);
    },
  );
  app.post(
    '/plans/:token/apply',
    {
      schema: {
        summary: 'Apply a plan',
        tags,
        params: z.object({ token: z.string() }),
        response: { 200: shapes.appliedPlan, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      await answerWrite(
        deps,
        reply,
        await applyPlan(context, actor, request.params.token, idempotencyOf(actor, request)),
        200,
      );
    },
  );
}
