/** Whatever goes wrong on the Twilio face becomes the error object that its clients read. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { Problem, problem } from '#core/problem.ts';
import { watchPaths } from '#faces/shared/known-paths.ts';
import { problemOf } from '#operations/failure.ts';

import { errorObject } from './problems.ts';

const RETRY_AFTER_SECONDS = 1;

/** To be called before the routes of the scope are added. */
export function registerErrors(scope: FastifyInstance): void {
  const methodsOf = watchPaths(scope);
  scope.setErrorHandler(async (error, request, reply) => {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (!(error instanceof Problem) && status >= 400 && status < 500 && error instanceof Error)
      return refuse(request, reply, problem('malformed', error.message), status);
    return refuse(request, reply, error instanceof Problem ? error : problemOf(error));
  });
  scope.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const methods = methodsOf(path);
    if (methods.length === 0) return refuse(request, reply, problem('not_found', `There is nothing at ${path}.`));
    reply.header('allow', methods.toSorted().join(', '));
    return refuse(request, reply, problem('malformed', `${path} does not take ${request.method}.`), 405);
  });
}

/** `status` is that of a refusal by the framework. */
async function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  what: Problem,
  status?: number,
): Promise<FastifyReply> {
  if (what.code === 'bug') request.log.error({ err: what.cause ?? what }, 'a request failed');
  else if (what.cause !== undefined) request.log.warn({ err: what.cause, code: what.code }, 'a request was refused');
  const limited = request.actorName === null ? await request.server.rateLimits.countAddress(request) : null;
  return limited === null ? send(reply, what, status) : send(reply, limited);
}

/** Answers a request that could not even be brought to a route, such as one with a broken escape in its path. */
export function sendUnreadable(reply: FastifyReply, error: Error & { readonly statusCode?: number }): FastifyReply {
  return send(reply, problem('malformed', 'The path of this request cannot be read.'), error.statusCode ?? 400);
}

function send(reply: FastifyReply, told: Problem, status?: number): FastifyReply {
  const body = errorObject(told, status);
  reply.code(body.status).header('x-abeyance-problem', told.code);
  if (body.status === 401) reply.header('www-authenticate', 'Basic realm="Twilio API"');
  if (body.status === 503 || body.status === 429)
    reply.header('retry-after', Number(told.facts['retryAfterSeconds'] ?? RETRY_AFTER_SECONDS));
  return reply.type('application/json').send(JSON.stringify(body));
}
