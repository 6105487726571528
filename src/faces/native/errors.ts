/** Whatever goes wrong on the native face becomes a problem document. */
import type { FastifyInstance } from 'fastify';

import { Problem, problem } from '#core/problem.ts';
import { problemOf } from '#operations/failure.ts';

import { RENDERINGS, problemBody } from './problems.ts';

const RETRY_AFTER_SECONDS = 1;

export function registerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const { what, status } = classify(error);
    if (what.code === 'bug') request.log.error({ err: what.cause ?? error }, 'a request failed');
    else if (what.cause !== undefined) request.log.warn({ err: what.cause, code: what.code }, 'a request was refused');
    if (status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    return reply
      .code(status)
      .type('application/problem+json')
      .send(JSON.stringify(problemBody(what, status)));
  });
  app.setNotFoundHandler((request, reply) => {
    const what = problem('not_found', `There is nothing at ${request.method} ${request.url.split('?')[0]}.`);
    return reply
      .code(404)
      .type('application/problem+json')
      .send(JSON.stringify(problemBody(what)));
  });
}

function classify(error: unknown): { what: Problem; status: number } {
  if (error instanceof Problem) return { what: error, status: RENDERINGS[error.code].status };
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  // What the HTTP server itself refuses: bad JSON, a body too large, a media type that nobody reads.
  if (status >= 400 && status < 500 && error instanceof Error)
    return { what: problem('malformed', error.message), status };
  const what = problemOf(error);
  return { what, status: RENDERINGS[what.code].status };
}
