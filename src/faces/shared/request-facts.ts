/** What is learnt of a request on its way and wanted at its end: by the log, the limits, the headers. */
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { Rate, RateLimits } from './rate-limit.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null until a face has found out. */
    actorName: string | null;
    /** What is left of the limit under which it was counted; null when it was not. */
    rate: Rate | null;
  }
  interface FastifyInstance {
    readonly rateLimits: RateLimits;
  }
}

export function registerFacts(app: FastifyInstance): void {
  app.decorateRequest('actorName', null);
}

/** To be called once a request has authenticated: it is counted for that login. Throws `rate_limited`. */
export function noteActor(request: FastifyRequest, name: string): void {
  request.actorName = name;
  request.server.rateLimits.countLogin(request, name);
}
