/** The log of changes, by page or as a stream of server-sent events that resumes. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { invalid } from '#core/problem.ts';
import { type ChangePage, listChanges } from '#operations/list-changes.ts';

import { beginStream, writeStream } from '#faces/native/event-stream.ts';
import { actorOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';

/** A silent stream says this often that it lives, so that proxies keep it open. */
const HEARTBEAT_MS = 15_000;
const STREAM_PAGE = 500;
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
type Query = z.infer<typeof query>;

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
      if (!/\btext\/event-stream\b/.test(request.headers.accept ?? ''))
        return listChanges(deps.context, actor, request.query);
      const resumed = request.headers['last-event-id'];
      const after = typeof resumed === 'string' && resumed !== '' ? resumed : request.query.after;
      if (request.query.order === 'desc')
        throw invalid({ field: 'order', message: 'must be asc for a stream: it goes on with what is committed' });
      const wanted = { ...request.query, limit: STREAM_PAGE };
      const first = await listChanges(deps.context, actor, { ...wanted, after });
      return stream(deps, request, reply, first, wanted);
    },
  );
}

async function stream(
  deps: NativeDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  first: ChangePage,
  wanted: Query,
) {
  const { engine } = deps.context;
  const raw = beginStream(reply);
  const { ended, forget } = endOf(raw, deps.stopping);
  try {
    for (let page = first; !raw.destroyed && !deps.stopping.aborted;) {
      const next = page.next ?? ''; // Forwards there is always a next.
      const epoch = next.slice(0, next.lastIndexOf(':'));
      for (const change of page.items)
        await writeStream(raw, `id: ${epoch}:${change.revision}\nevent: change\ndata: ${JSON.stringify(change)}\n\n`);
      const reached = Number(next.slice(epoch.length + 1));
      if (page.items.length === 0 && reached >= engine.revision) {
        const isMore = await Promise.race([engine.waitFor(reached + 1, HEARTBEAT_MS), ended]);
        if (isMore === 'ended') break;
        if (!isMore) await writeStream(raw, ': alive\n\n');
      }
      // Whoever may no longer read is told no more.
      const reading = await actorOf(deps, request);
      page = await listChanges(deps.context, reading, { ...wanted, after: next });
    }
  } catch (error) {
    // The headers are gone: all that is left is to end the stream, and the client comes back with its last id.
    if (!raw.destroyed) request.log.warn({ err: error }, 'a stream of changes broke');
  } finally {
    forget();
  }
  raw.end();
}

/** Settles when the client goes or the server stops. */
function endOf(raw: FastifyReply['raw'], stopping: AbortSignal): { ended: Promise<'ended'>; forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<'ended'>();
  const end = () => resolve('ended');
  raw.once('close', end);
  stopping.addEventListener('abort', end);
  return { ended: promise, forget: () => stopping.removeEventListener('abort', end) };
}
