/**
 * The native face: REST and JSON under /v1, its OpenAPI document, and the pages that show it.
 *
 * It translates requests into operations and their answers back; it decides nothing.
 */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';

import { problem } from '#core/problem.ts';
import type { Authenticate } from '#faces/shared/actor.ts';
import { tellRate } from '#faces/shared/rate-limit.ts';
import type { Authenticator } from '#operations/identity/authenticator.ts';
import type { OperationContext } from '#operations/context.ts';

import { documentOptions } from './document.ts';
import { registerErrors } from './errors.ts';
import { registerJsonParser } from './json-body.ts';
import type { NativeTypes } from './routes.ts';
import { changeRoutes } from './routes/changes.ts';
import { createRoutes } from './routes/create.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { creditRoutes } from './routes/credits.ts';
import { decisionRoutes } from './routes/decisions.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { entityRoutes } from './routes/entities.ts';
import { eventRoutes } from './routes/events.ts';
import { freeswitchRoutes } from './routes/freeswitch.ts';
import { gatewayDecisionRoutes } from './routes/gateway-decisions.ts';
import { holdRoutes } from './routes/holds.ts';
import { installationRoutes } from './routes/installation.ts';
import { accountLoginRoutes } from './routes/account-login.ts';
import { loginRoutes } from './routes/logins.ts';
import { numberRoutes } from './routes/numbers.ts';
import { observationRoutes } from './routes/observations.ts';
import { operationRoutes } from './routes/operations.ts';
import { planRoutes } from './routes/plans.ts';
import { profileRoutes } from './routes/profiles.ts';
import { recordRoutes } from './routes/records.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { systemRoutes } from './routes/systems.ts';
import { targetRoutes } from './routes/targets.ts';

export interface NativeDeps {
  readonly context: OperationContext;
  readonly authenticate: Authenticate;
  readonly verifyPassword: Authenticator['verifyPassword'];
  readonly version: string;
  /** Aborted when the server stops: endless answers end. */
  readonly stopping: AbortSignal;
}

/** Registers the face on a server. The document itself is at /docs/json and /docs/yaml. */
export async function nativeFace(app: FastifyInstance, deps: NativeDeps): Promise<void> {
  await app.register(swagger, documentOptions(deps.version));
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { docExpansion: 'list', persistAuthorization: false },
  });
  await app.register(
    async (scope) => {
      registerErrors(scope);
      scope.addHook('onSend', (request, reply, _payload, done) => {
        tellRate(request, reply);
        // A connection that were kept open now would keep the server from ending until it is idle for long.
        if (deps.stopping.aborted) reply.header('connection', 'close');
        done();
      });
      registerJsonParser(scope);
      scope.setValidatorCompiler(
        ({ schema, httpPart }) =>
          (data: unknown) =>
            validate(schema as z.ZodType, httpPart ?? '', data),
      );
      scope.setSerializerCompiler(() => JSON.stringify);
      const typed = scope.withTypeProvider<NativeTypes>();
      createRoutes(typed, deps);
      entityRoutes(typed, deps);
      holdRoutes(typed, deps);
      creditRoutes(typed, deps);
      planRoutes(typed, deps);
      profileRoutes(typed, deps);
      decisionRoutes(typed, deps);
      gatewayDecisionRoutes(typed, deps);
      numberRoutes(typed, deps);
      observationRoutes(typed, deps);
      recordRoutes(typed, deps);
      freeswitchRoutes(typed, deps);
      bulkRoutes(typed, deps);
      changeRoutes(typed, deps);
      systemRoutes(typed, deps);
      targetRoutes(typed, deps);
      operationRoutes(typed, deps);
      eventRoutes(typed, deps);
      deliveryRoutes(typed, deps);
      installationRoutes(typed, deps);
      loginRoutes(typed, deps);
      accountLoginRoutes(typed, deps);
      sessionRoutes(typed, deps);
    },
    { prefix: '/v1' },
  );
}

/** Queries and paths are read by their schema; bodies must be objects, and core reads the rest. */
function validate(schema: z.ZodType, part: string, data: unknown): { value: unknown } | { error: Error } {
  if (part === 'body') {
    if (typeof data === 'object' && data !== null && !Array.isArray(data)) return { value: data };
    if ((data === undefined || data === null) && schema.safeParse(undefined).success) return { value: {} };
    return { error: problem('malformed', 'The body must be a JSON object, sent as application/json.') };
  }
  const result = schema.safeParse(data);
  if (result.success) return { value: result.data };
  const errors = result.error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }));
  const detail = errors.map((error) => `${error.field}: ${error.message}`).join('; ');
  return { error: problem('malformed', detail, { errors }) };
}
