/**
 * The account API of Twilio at /2010-04-01: JSON in its shapes, its lists and its error object, for unmodified clients.
 *
 * It translates requests into operations and their answers back; it decides nothing.
 */
import type { FastifyInstance } from 'fastify';

import { TWILIO_BASE } from '#faces/shared/account-path.ts';
import { type AccountFaceDeps, registerCaller } from '#faces/shared/account-routes.ts';
import { registerFormParser } from '#faces/shared/parameters.ts';

import { registerErrors } from './errors.ts';
import { accountRoutes } from './routes/accounts.ts';
import { applicationRoutes } from './routes/applications.ts';
import { availableNumberRoutes } from './routes/available-numbers.ts';
import { callerIdRoutes } from './routes/caller-ids.ts';
import { callRoutes } from './routes/calls.ts';
import { conferenceRoutes } from './routes/conferences.ts';
import { messageRoutes } from './routes/messages.ts';
import { numberRoutes } from './routes/numbers.ts';
import { recordingRoutes } from './routes/recordings.ts';
import { usageRoutes } from './routes/usage.ts';

export async function twilioFace(app: FastifyInstance, deps: AccountFaceDeps): Promise<void> {
  await app.register(
    async (scope) => {
      registerErrors(scope);
      registerFormParser(scope);
      // Twilio has no accounts without a password: such a one is suspended here.
      registerCaller(scope, deps, 'twilio', () => false);
      accountRoutes(scope, deps);
      numberRoutes(scope, deps);
      availableNumberRoutes(scope, deps);
      applicationRoutes(scope, deps);
      callerIdRoutes(scope, deps);
      callRoutes(scope, deps);
      messageRoutes(scope, deps);
      recordingRoutes(scope, deps);
      conferenceRoutes(scope, deps);
      usageRoutes(scope, deps);
    },
    { prefix: TWILIO_BASE },
  );
}
