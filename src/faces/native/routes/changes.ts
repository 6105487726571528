/** The log of changes, by page or as a stream of server-sent events that resumes. */
import { z } from 'zod';

import { invalid } from '#core/problem.ts';
import { listChanges } from '#operations/list-changes.ts';

import { actorOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';
import { STREAM_PAGE, isStreamWanted, resumedAt, streamPages } from '#faces/native/page-stream.ts';

const query = z.object({
  after: z.string().optional().describe('A revision, or the value of next in the former page.'),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
  order: z.enum(['asc', 'desc']).optional().describe('desc: the latest first. A stream has no other order than asc.'),
  entity: z.string().optional().describe('Changes of this entity itself.'),
  beneath: z.string().optional().describe('Changes of this entity and of everything beneath it now.'),
  actor: z.string().max(255).optional(),
  kind: z.string().max(1_000).optional().describe('Kinds, separated by commas: hold.placed, or entity.* for all such.'),
  from: z.string().optional().describe('Not before this time (RFC 3339).'),
  to: z.string().optional().describe('Not after this time (RFC 3339).'),
});

export function changeRoutes(app: Routes, deps: NativeDeps): void {
  app.get(
    '/changes',
    {
      schema: {
        summary: 'What was committed',
        description: 'With Accept: text/event-stream the same as an endless stream; Last-Event-ID resumes it.',
        tags: ['changes'],
        querystring: query,
        response: { 200: schemas.changePage, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      if (!isStreamWanted(request)) return listChanges(deps.context, actor, request.query);
      const after = resumedAt(request, request.query.after);
      if (request.query.order === 'desc')
        throw invalid({ field: 'order', message: 'must be asc for a stream: it goes on with what is committed' });
      const wanted = { ...request.query, limit: STREAM_PAGE };
      const { engine } = deps.context;
      return streamPages(deps, request, reply, {
        name: 'change',
        first: await listChanges(deps.context, actor, { ...wanted, after }),
        placeOf: (change) => change.revision,
        read: (reading, from) => listChanges(deps.context, reading, { ...wanted, after: from }),
        hasMore: (reached) => reached < engine.revision,
        waitFor: (reached, timeoutMs) => engine.waitFor(reached + 1, timeoutMs),
      });
    },
  );
}
