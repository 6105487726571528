/** Refusals that have another status on some paths than everywhere else. */
import type { FastifyReply } from 'fastify';

import { Problem, type ProblemCode } from '#core/problem.ts';
import { isForeign } from '#operations/telephony/find-account.ts';

/** Does the work; a refusal of one of the codes is answered by its status, without a body. */
export async function answering(
  reply: FastifyReply,
  statuses: Readonly<Partial<Record<ProblemCode, number>>>,
  work: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  try {
    return await work();
  } catch (error) {
    const status = error instanceof Problem && !isForeign(error) ? statuses[error.code] : undefined;
    if (status === undefined) throw error;
    return reply
      .code(status)
      .header('x-abeyance-problem', (error as Problem).code)
      .send(); // It has a status, so it is one.
  }
}

/** Refuses what there is nowhere here, in words, since the path is one that clients know. */
export function notDone(reply: FastifyReply, text: string): FastifyReply {
  return reply.code(404).header('x-abeyance-problem', 'not_found').type('text/plain; charset=utf-8').send(text);
}
