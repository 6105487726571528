/** Events of the standing of accounts, by page or as a stream of server-sent events that resumes. */
import { z } from 'zod';

import { invalid } from '#core/problem.ts';
import { listEvents, waitForEvent } from '#operations/list-events.ts';

import { eventPage } from '#faces/native/event-schemas.ts';
import { actorOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';
import { STREAM_PAGE, isStreamWanted, resumedAt, streamPages } from '#faces/native/page-stream.ts';

const query = z.object({
  after: z.string().optional().describe('The value of next in the former page.'),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
  order: z.enum(['asc', 'desc']).optional().describe('desc: the latest first. A stream has no other order than asc.'),
  account: z.string().optional().describe('Events of this account itself.'),
  beneath: z.string().optional().describe('Events of this account and of all beneath it now.'),
  type: z.string().max(1_000).optional().describe('Types, separated by commas: account.suspended,account.resumed.'),
});

export function eventRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/events',
    {
      schema: {
        summary: 'What happened to the standing of accounts',
        description:
          'One event for each account whose effective standing changed. With Accept: text/event-stream an endless stream; Last-Event-ID resumes it.',
        tags: ['events'],
        querystring: query,
        response: { 200: eventPage, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      if (!isStreamWanted(request)) return listEvents(context, actor, request.query);
      if (request.query.order === 'desc')
        throw invalid({ field: 'order', message: 'must be asc for a stream: it goes on with what happens' });
      const wanted = { ...request.query, limit: STREAM_PAGE };
      return streamPages(deps, request, reply, {
        name: 'event',
        first: await listEvents(context, actor, { ...wanted, after: resumedAt(request, request.query.after) }),
        placeOf: (event) => event.sequence,
        read: (reading, after) => listEvents(context, reading, { ...wanted, after }),
        hasMore: () => false,
        waitFor: (reached, timeoutMs, signal) => waitForEvent(context, reached, timeoutMs, signal),
      });
    },
  );
}
