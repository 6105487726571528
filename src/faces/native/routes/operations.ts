/** Receipts: what became of a write in the systems that must be told. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { followProgress, readWait, waitForSettled } from '#operations/systems/follow-receipt.ts';
import { type Operation, findOperation, readReceipt } from '#operations/systems/read-receipt.ts';

import { beginStream, writeStream } from '#faces/native/event-stream.ts';
import { actorOf } from '#faces/native/exchange.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';
import { receipt } from '#faces/native/system-schemas.ts';

/** A silent stream says this often that it lives, and its reader is looked at again. */
const HEARTBEAT_MS = 15_000;
/** No more than two events a second. */
const EVENT_EVERY_MS = 500;

const params = z.object({
  revision: z.string().max(16).describe('The revision that a write told, Abeyance-Revision.'),
});
const query = z.object({
  wait: z
    .string()
    .max(16)
    .optional()
    .describe('How long to wait until it is settled: 30s, 1500ms, 30; a minute at most.'),
  system: z.string().max(64).optional().describe('Items of this system alone.'),
  outcome: z.string().max(200).optional().describe('Items of these outcomes, with commas between them.'),
  cursor: z.string().max(40).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
});

export function operationRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  app.get(
    '/operations/:revision',
    {
      schema: {
        summary: 'The receipt of a write: totals for each system, then its targets',
        description:
          'With Accept: text/event-stream the totals each time they change, as events named progress, and at the end settled.',
        tags: ['systems'],
        params,
        querystring: query,
        response: { 200: receipt, '4xx': schemas.problem },
      },
    },
    async (request, reply) => {
      const actor = await actorOf(deps, request);
      const operation = await findOperation(context, actor, request.params.revision);
      if (/\btext\/event-stream\b/.test(request.headers.accept ?? ''))
        return streamProgress(deps, request, reply, operation);
      const waitMs = readWait(request.query.wait);
      // What is wrong with the query is told before anything is waited for.
      const now = await readReceipt(context, actor, operation, request.query);
      if (waitMs === 0 || now.state === 'settled') return now;
      const gone = new AbortController();
      const leave = () => gone.abort();
      reply.raw.once('close', leave);
      try {
        await waitForSettled(context, operation, waitMs, AbortSignal.any([gone.signal, deps.stopping]));
      } finally {
        reply.raw.off('close', leave);
      }
      return readReceipt(context, actor, operation, request.query);
    },
  );
}

async function streamProgress(deps: NativeDeps, request: FastifyRequest, reply: FastifyReply, operation: Operation) {
  const raw = beginStream(reply);
  const ended = new AbortController();
  raw.once('close', () => ended.abort());
  const heartbeat = setInterval(() => {
    void writeStream(raw, ': alive\n\n');
    // Whoever may no longer read is told no more.
    Promise.resolve(actorOf(deps, request))
      .then((actor) => findOperation(deps.context, actor, String(operation.span.last)))
      .catch(() => ended.abort());
  }, HEARTBEAT_MS);
  const signal = AbortSignal.any([ended.signal, deps.stopping]);
  try {
    for await (const progress of followProgress(deps.context, operation, signal, EVENT_EVERY_MS)) {
      const name = progress.state === 'settled' ? 'settled' : 'progress';
      await writeStream(raw, `event: ${name}\ndata: ${JSON.stringify(progress)}\n\n`);
    }
  } catch (error) {
    // The headers are gone: all that is left is to end the stream, and the client asks again.
    if (!raw.destroyed) request.log.warn({ err: error }, 'a stream of progress broke');
  } finally {
    clearInterval(heartbeat);
  }
  raw.end();
}
