/** Whatever goes wrong on the native face becomes a problem document. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { Problem, problem } from '#core/problem.ts';
import { problemOf } from '#operations/failure.ts';

import { RENDERINGS, problemBody } from './problems.ts';

const RETRY_AFTER_SECONDS = 1;

interface Refused {
  readonly what: Problem;
  readonly status: number;
}

export function registerErrors(app: FastifyInstance): void {
  app.setErrorHandler(async (error, request, reply) => {
    const refused = classify(error);
    logFailure(request, refused.what, error);
    return answerRefusal(request, reply, refused);
  });
  app.setNotFoundHandler(async (request, reply) => {
    const what = problem('not_found', `There is nothing at ${request.method} ${request.url.split('?')[0]}.`);
    return answerRefusal(request, reply, classify(what));
  });
}

/** The problem that an error is, or is made; what a person should know of is logged. */
export function problemFrom(request: FastifyRequest, error: unknown): Problem {
  const { what } = classify(error);
  logFailure(request, what, error);
  return what;
}

function logFailure(request: FastifyRequest, what: Problem, error: unknown): void {
  if (what.code === 'bug') request.log.error({ err: what.cause ?? error }, 'a request failed');
  else if (what.cause !== undefined) request.log.warn({ err: what.cause, code: what.code }, 'a request was refused');
}

/** Whoever has not said who they are is refused so many times a minute and then told to wait. */
async function answerRefusal(request: FastifyRequest, reply: FastifyReply, refused: Refused): Promise<FastifyReply> {
  const limited = request.actorName === null ? await request.server.rateLimits.countAddress(request) : null;
  return sendProblem(reply, limited === null ? refused : classify(limited));
}

/** Answers an error as the problem document that it is, or is made. */
export function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  return sendProblem(reply, classify(error));
}

function sendProblem(reply: FastifyReply, { what, status }: Refused): FastifyReply {
  if (status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  if (status === 429) reply.header('retry-after', Number(what.facts['retryAfterSeconds'] ?? RETRY_AFTER_SECONDS));
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  return reply
    .code(status)
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(what, status)));
}

const HANDLER_TIMEOUT = 'FST_ERR_HANDLER_TIMEOUT';

function classify(error: unknown): Refused {
  if (error instanceof Problem) return { what: error, status: RENDERINGS[error.code].status };
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  // What the HTTP server itself refuses: bad JSON, a body too large, a media type that nobody reads.
  if (status >= 400 && status < 500 && error instanceof Error)
    return { what: problem('malformed', error.message), status };
  if (error instanceof Error && 'code' in error && error.code === HANDLER_TIMEOUT)
    return {
      what: problem(
        'busy',
        'This took too long and goes on unseen; whether it was done is answered by the same request under the same Idempotency-Key.',
      ),
      status: RENDERINGS.busy.status,
    };
  const what = problemOf(error);
  return { what, status: RENDERINGS[what.code].status };
}
