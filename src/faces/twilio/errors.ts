/** Whatever goes wrong on the Twilio face becomes the error object that its clients read. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { Problem, problem } from '#core/problem.ts';
import { problemOf } from '#operations/failure.ts';

import { errorObject } from './problems.ts';

const RETRY_AFTER_SECONDS = 1;

export function registerErrors(scope: FastifyInstance): void {
  scope.setErrorHandler(async (error, request, reply) => {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (!(error instanceof Problem) && status >= 400 && status < 500 && error instanceof Error)
      return refuse(request, reply, problem('malformed', error.message), status);
    return refuse(request, reply, error instanceof Problem ? error : problemOf(error));
  });
  scope.setNotFoundHandler(async (request, reply) =>
    refuse(request, reply, problem('not_found', `There is nothing at ${request.url.split('?')[0]}.`)),
  );
}

async function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  what: Problem,
  status?: number,
): Promise<FastifyReply> {
  if (what.code === 'bug') request.log.error({ err: what.cause ?? what }, 'a request failed');
  else if (what.cause !== undefined) request.log.warn({ err: what.cause, code: what.code }, 'a request was refused');
  const limited = request.actorName === null ? await request.server.rateLimits.countAddress(request) : null;
  const told = limited ?? what;
  const body = errorObject(told);
  const code = limited === null && status !== undefined ? status : body.status;
  reply.code(code).header('x-abeyance-problem', told.code);
  if (code === 401) reply.header('www-authenticate', 'Basic realm="Twilio API"');
  if (code === 503 || code === 429)
    reply.header('retry-after', Number(told.facts['retryAfterSeconds'] ?? RETRY_AFTER_SECONDS));
  return reply.type('application/json').send(JSON.stringify({ ...body, status: code }));
}
