/**
 * How a gateway is answered: 200 lets the request through, 403 does not, and there is no other status, since gateways
 * take any other for a failure of this server. Headers say why, for the gateway and what stands behind it; the body of
 * a 403 is a problem document, which some gateways pass on to the client.
 */
import type { FastifyReply } from 'fastify';

import { type Problem, problem } from '#core/problem.ts';
import type { Decision } from '#operations/decide-for-gateway.ts';

import { problemBody } from './problems.ts';

/** All but visible ASCII, and what has a meaning in HTML, JSON or the encoding itself. */
const UNSAFE = /[^\u0020-\u007e]|["%&'<>\\]/gu;

/** Text on one line that may stand in a header, and as it is in HTML and JSON: percent-encoded where it would not. */
export function headerText(text: string): string {
  return text
    .toWellFormed()
    .replace(UNSAFE, (character) => (character === "'" ? '%27' : encodeURIComponent(character)));
}

/** Answers a decision. What is intercepted is let through only for a gateway that says that it does so itself. */
export function sendDecision(reply: FastifyReply, decision: Decision, letsIntercepted: boolean): FastifyReply {
  const { effect, standing, revision, refusal } = decision;
  reply.header('x-abeyance-effect', effect);
  reply.header('x-abeyance-standing', standing ?? 'unknown');
  reply.header('x-abeyance-revision', revision);
  if (effect === 'allow') return reply.type('application/json').send('{"effect":"allow"}');
  const text = refusal?.text ?? 'Refused';
  reply.header('x-abeyance-reason', headerText(text));
  if (refusal?.profile != null) reply.header('x-abeyance-profile', headerText(refusal.profile));
  if (refusal?.announcement !== undefined) reply.header('x-abeyance-announcement', headerText(refusal.announcement));
  if (effect === 'intercept' && letsIntercepted) return reply.type('application/json').send('{"effect":"intercept"}');
  return send403(reply, problem(standing === 'closed' ? 'closed' : 'held', text));
}

/** Answers that there is no decision, and why. */
export function sendNoDecision(reply: FastifyReply, what: Problem): FastifyReply {
  reply.header('x-abeyance-effect', 'unknown');
  reply.header('x-abeyance-problem', what.code);
  const { retryAfterSeconds } = what.facts;
  if (retryAfterSeconds !== undefined) reply.header('retry-after', Number(retryAfterSeconds));
  return send403(reply, what);
}

function send403(reply: FastifyReply, { code, message, errors }: Problem): FastifyReply {
  return reply
    .code(403)
    .type('application/problem+json')
    .send(JSON.stringify(problemBody({ code, message, errors, facts: {} }, 403)));
}
