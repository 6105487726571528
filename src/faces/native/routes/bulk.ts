/** Many writes in one request, with one outcome each. */
import { z } from 'zod';

import { type FieldError, invalid } from '#core/problem.ts';
import { refuseUnknown } from '#operations/resolve.ts';
import { BULK_MAX, BULK_OPS, type BulkItem, type BulkOp, type BulkOutcome, runBulk } from '#operations/run-bulk.ts';

import { actorOf, holdRevision, idempotencyOf, prefersAsync } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import { RENDERINGS, problemBody } from '#faces/native/problems.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

/** Ten thousand items of a few kilobytes each. */
const BODY_MAX = 64 * 1024 * 1024;
const query = z.object({
  brief: schemas.flag.optional().describe('Answer only id, number and kind of what is created.'),
});

export function bulkRoutes(app: Routes, deps: NativeDeps): void {
  app.post(
    '/bulk',
    {
      bodyLimit: BODY_MAX,
      // So much is read only from whoever is known.
      onRequest: async (request) => {
        await actorOf(deps, request);
      },
      schema: {
        summary: 'Up to 10,000 writes, one outcome each',
        description: 'Under one Idempotency-Key an interrupted request goes on where it stopped.',
        tags: ['bulk'],
        querystring: query,
        body: schemas.bulk,
        response: { 207: schemas.bulkAnswer, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const body = request.body as { items?: unknown }; // The validator lets only objects through.
      refuseUnknown(body, ['items'], 'a bulk request');
      const items = readItems(body.items);
      const { outcomes, revision, trouble } = await runBulk(deps.context, actor, items, {
        isBrief: request.query.brief === true,
        idempotency: idempotencyOf(actor, request),
      });
      for (const cause of trouble) request.log.error({ err: cause }, 'a part of a bulk request failed');
      const isAsync = revision !== null && prefersAsync(request);
      await holdRevision(deps, reply, revision, isAsync);
      const succeeded = outcomes.filter((outcome) => outcome.ok).length;
      return reply
        .code(isAsync ? 202 : 207)
        .send({ items: outcomes.map(render), succeeded, failed: outcomes.length - succeeded });
    },
  );
}

function render(outcome: BulkOutcome, index: number) {
  if (outcome.ok) return { index, status: outcome.isNew ? 201 : 200, body: outcome.body };
  return { index, status: RENDERINGS[outcome.problem.code].status, problem: problemBody(outcome.problem) };
}

/** The frame of each item; what its body says is judged by the operation, item by item. */
function readItems(given: unknown): BulkItem[] {
  if (!Array.isArray(given)) throw invalid({ field: 'items', message: 'must be a list of items' });
  if (given.length > BULK_MAX)
    throw invalid({ field: 'items', message: `must have at most ${BULK_MAX} items, has ${given.length}` });
  const errors: FieldError[] = [];
  for (const [index, item] of given.entries()) {
    const { op, entity } = (item ?? {}) as Record<string, unknown>; // Whatever it is, its members are judged here.
    if (typeof op !== 'string' || !BULK_OPS.includes(op as BulkOp))
      errors.push({ field: `items[${index}].op`, message: `must be one of ${BULK_OPS.join(', ')}` });
    else if (op !== 'create' && op !== 'profile' && typeof entity !== 'string' && typeof entity !== 'number')
      errors.push({ field: `items[${index}].entity`, message: 'must be an id: a UUID, a number or an identifier' });
  }
  if (errors.length > 0) throw invalid(...errors.slice(0, 100));
  return given as BulkItem[];
}
