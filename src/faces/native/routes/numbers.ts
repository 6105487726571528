/** Numbers of providers: searched and bought. */
import { z } from 'zod';

import { buyNumber } from '#operations/buy-number.ts';
import { searchNumbers } from '#operations/search-numbers.ts';

import { entity } from '#faces/native/entity-schemas.ts';
import { actorOf, answerWrite, idempotencyOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import { offers, purchase, searchQuery } from '#faces/native/number-schemas.ts';
import type { Routes } from '#faces/native/routes.ts';
import { problem } from '#faces/native/schemas.ts';

const tags = ['numbers'];
const params = z.object({ name: z.string().describe('Name of the number provider.') });

export function numberRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/number-providers/:name/available-numbers',
    {
      schema: {
        summary: 'Search the numbers that a provider offers',
        tags,
        params,
        querystring: searchQuery,
        response: { 200: offers, '4xx': problem },
      },
    },
    async (request) => {
      const actor = await actorOf(deps, request);
      return searchNumbers(context, actor, request.params.name, request.query);
    },
  );
  app.post(
    '/number-providers/:name/purchases',
    {
      schema: {
        summary: 'Buy a number for an account',
        description:
          'Answered with 202 while purchasePendingSince is set: the provider has not answered, and the purchase goes on by itself.',
        tags,
        params,
        body: purchase,
        response: { 201: entity, 202: entity, '4xx': problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as Record<string, unknown>; // The validator lets only objects through.
      const bought = await buyNumber(context, actor, request.params.name, body, idempotencyOf(actor, request));
      await answerWrite(deps, reply, bought, bought.value['purchasePendingSince'] === undefined ? 201 : 202);
    },
  );
}
