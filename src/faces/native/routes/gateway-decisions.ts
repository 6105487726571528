/** The question of HTTP gateways: nginx with auth_request, Traefik with forwardAuth, Envoy with ext_authz. */
import type { FastifyRequest } from 'fastify';

import { type Problem, invalid, problem } from '#core/problem.ts';
import type { Question } from '#operations/decide.ts';
import { decideForGateway, decideForRefused } from '#operations/decide-for-gateway.ts';
import type { Actor, RequestFacts } from '#operations/context.ts';

import { sendDecision, sendNoDecision } from '#faces/native/gateway-answer.ts';
import { gatewayAnswer } from '#faces/native/gateway-schemas.ts';
import { problemFrom } from '#faces/native/errors.ts';
import type { NativeDeps } from '#faces/native/native-face.ts';
import type { Routes } from '#faces/native/routes.ts';
import * as schemas from '#faces/native/schemas.ts';
import { utf8Of } from '#faces/shared/actor.ts';
import { noteActor } from '#faces/shared/request-facts.ts';

/** Asking leaves no trace. */
const FACTS: RequestFacts = { face: 'native' };
const DEFAULT_ACTION = 'api';

interface GatewayQuestion extends Question {
  readonly letsIntercepted: boolean;
}

export function gatewayDecisionRoutes(app: Routes, deps: NativeDeps): void {
  const { context } = deps;
  void app.register(async (scope: Routes) => {
    // What goes wrong before the route, such as a server that stops, is told in the same form.
    scope.setErrorHandler(async (error, request, reply) => sendNoDecision(reply, problemFrom(request, error)));
    scope.get(
      '/decisions/http',
      {
        schema: {
          summary: 'May this request pass? For HTTP gateways: 200 or 403, and nothing else',
          description:
            'Asked by headers alone; any method and any path beneath are the same question. The answer has X-Abeyance-Effect, -Standing, -Revision, with a "no" -Reason, -Profile and -Announcement, and X-Abeyance-Problem where there is no decision.',
          tags: ['decisions'],
          response: { 200: gatewayAnswer, '4xx': schemas.problem },
        },
        // As with single decisions: a logger of its own would be a good part of its cost.
        childLoggerFactory: (logger) => logger,
      },
      (request, reply) => {
        let question: GatewayQuestion | null = null;
        const refuse = (error: unknown) => {
          try {
            const decision = question === null ? null : decideForRefused(context, error, question);
            if (decision !== null) return sendDecision(reply, decision, question?.letsIntercepted === true);
          } catch (other) {
            return sendNoDecision(reply, problemFrom(request, other));
          }
          return sendNoDecision(reply, problemFrom(request, error));
        };
        try {
          const asked = readQuestion(request);
          question = asked;
          const answer = (actor: Actor) => {
            noteActor(request, actor.name);
            return sendDecision(reply, decideForGateway(context, actor, asked), asked.letsIntercepted);
          };
          // Cookies and Abeyance-Act-As may be a client's own, passed on by a gateway: they do not count here.
          const { authorization } = request.headers;
          const actor = deps.authenticate({ authorization, address: () => request.ip }, FACTS);
          return actor instanceof Promise ? actor.then(answer).catch(refuse) : answer(actor);
        } catch (error) {
          return refuse(error);
        }
      },
    );
  });
}

/** The question in the headers. Throws `malformed` for one that is empty, `invalid`. */
function readQuestion(request: FastifyRequest): GatewayQuestion {
  const intercept = headerOf(request, 'x-abeyance-intercept') ?? 'deny';
  if (intercept !== 'allow' && intercept !== 'deny')
    throw invalid({ field: 'X-Abeyance-Intercept', message: 'must be allow or deny' });
  return {
    subject: headerOf(request, 'x-abeyance-subject'),
    action: headerOf(request, 'x-abeyance-action') ?? DEFAULT_ACTION,
    destination: headerOf(request, 'x-abeyance-destination'),
    letsIntercepted: intercept === 'allow',
  };
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') throw emptyHeader(name);
  return utf8Of(value);
}

/** A gateway whose variable is empty has meant somebody, and not whoever the credential belongs to. */
function emptyHeader(name: string): Problem {
  return problem('malformed', `${name}: is empty; leave it away, or say what is meant.`);
}
