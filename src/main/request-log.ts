/**
 * One line in the log for each request that was answered: who asked for what, and what became of it. Never its query,
 * a header or a body, so that no credential comes into it.
 */
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';

import { normaliseSubject } from '#core/identifier.ts';
import { GATEWAY_PATH } from '#faces/shared/gateway-path.ts';

/** Reading by another name: many questions need a body. */
const READING = new Set(['/v1/decisions', '/v1/verify', '/v1/freeswitch/directory', '/v1/freeswitch/dialplan']);
const ENTITY_MAX = 255;

/** Logs answers: writes and refusals at `info`, what was read or decided at `debug`. */
export function makeRequestLog(
  log: FastifyBaseLogger,
): (request: FastifyRequest, reply: FastifyReply, route: string, elapsedMs: number) => void {
  const isDebug = ['debug', 'trace'].includes(log.level);
  return (request, reply, route, elapsedMs) => {
    const { method } = request;
    const isRead = method === 'GET' || method === 'HEAD' || READING.has(route);
    // A gateway is told a "no" by its status: it is a decision as any other.
    const isDecision = route === GATEWAY_PATH && reply.getHeader('x-abeyance-problem') === undefined;
    const isQuiet = isRead && (reply.statusCode < 400 || isDecision);
    if (isQuiet && !isDebug) return;
    const line = {
      requestId: request.id,
      method,
      route,
      status: reply.statusCode,
      durationMs: Math.round(elapsedMs * 1_000) / 1_000,
      address: request.ip,
      actor: request.actorName ?? null,
      entity: entityOf(request),
    };
    if (isQuiet) log.debug(line, 'answered');
    else log.info(line, 'answered');
  };
}

/** What the path names, if it names anything: as written there it might be any text. */
function entityOf(request: FastifyRequest): string | null {
  const { id } = (request.params ?? {}) as { id?: unknown }; // The parameters of a route are an object by its names.
  return typeof id === 'string' && id.length <= ENTITY_MAX ? normaliseSubject(id) : null;
}
