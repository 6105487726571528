/** Whatever goes wrong on the Restcomm face, as its clients know it: a status, and a word where they look for one. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { Problem, problem } from '#core/problem.ts';
import { watchPaths } from '#faces/shared/known-paths.ts';
import { problemOf } from '#operations/failure.ts';

import { type Refusal, refusalOf } from './problems.ts';
import { sendMessage } from './response.ts';

const TEXT = 'text/plain; charset=utf-8';
const CHALLENGE = 'Basic realm="Restcomm realm"';
const RETRY_AFTER_SECONDS = 1;

export function registerErrors(scope: FastifyInstance): void {
  scope.setErrorHandler(async (error, request, reply) => {
    // What the HTTP server itself refuses has a status and nothing else: a body too large, a media type that nobody reads.
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (!(error instanceof Problem) && status >= 400 && status < 500) {
      reply.header('x-abeyance-problem', 'malformed');
      return reply.code(status).send();
    }
    return refuse(request, reply, error instanceof Problem ? error : problemOf(error));
  });
  const methodsOf = watchPaths(scope);
  scope.setNotFoundHandler(async (request, reply) => {
    const methods = methodsOf(request.url.replace(/\?.*$/s, ''));
    if (methods.length === 0) return refuse(request, reply, problem('not_found', 'There is no such path.'));
    return reply.code(405).header('allow', methods.join(', ')).header('x-abeyance-problem', 'malformed').send();
  });
}

async function refuse(request: FastifyRequest, reply: FastifyReply, what: Problem): Promise<FastifyReply> {
  if (what.code === 'bug') request.log.error({ err: what.cause ?? what }, 'a request failed');
  else if (what.cause !== undefined) request.log.warn({ err: what.cause, code: what.code }, 'a request was refused');
  const limited = request.actorName === null ? await request.server.rateLimits.countAddress(request) : null;
  return send(reply, limited ?? what);
}

function send(reply: FastifyReply, what: Problem): FastifyReply {
  const refusal: Refusal = refusalOf(what);
  reply.code(refusal.status).header('x-abeyance-problem', what.code);
  if (refusal.status === 401) reply.header('www-authenticate', CHALLENGE);
  if (refusal.status === 503 || refusal.status === 429)
    reply.header('retry-after', Number(what.facts['retryAfterSeconds'] ?? RETRY_AFTER_SECONDS));
  if (refusal.phrase !== undefined) reply.raw.statusMessage = refusal.phrase;
  if (refusal.message !== undefined) return sendMessage(reply, refusal.message, refusal.error);
  if (refusal.text === undefined) return reply.send();
  return reply.type(TEXT).send(refusal.text);
}

/** Answers a request that could not even be brought to a route, such as one with a broken escape in its path. */
export function sendUnreadable(reply: FastifyReply, error: Error & { readonly statusCode?: number }): FastifyReply {
  return reply
    .code(error.statusCode ?? 400)
    .header('x-abeyance-problem', 'malformed')
    .send();
}
