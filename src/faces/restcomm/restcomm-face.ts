/**
 * The account API of Restcomm at /restcomm/2012-04-24: XML or JSON, its own shapes, and plain statuses for errors.
 *
 * It translates requests into operations and their answers back; it decides nothing.
 */
import type { FastifyInstance } from 'fastify';

import { RESTCOMM_BASE } from '#faces/shared/account-path.ts';
import { type AccountFaceDeps, registerCaller } from '#faces/shared/account-routes.ts';
import { registerFormParser } from '#faces/shared/parameters.ts';

import { registerErrors } from './errors.ts';
import { absentRoutes } from './routes/absent.ts';
import { accountRoutes } from './routes/accounts.ts';
import { applicationRoutes } from './routes/applications.ts';
import { availableNumberRoutes } from './routes/available-numbers.ts';
import { callerIdRoutes } from './routes/caller-ids.ts';
import { callRoutes } from './routes/calls.ts';
import { clientRoutes } from './routes/clients.ts';
import { conferenceRoutes } from './routes/conferences.ts';
import { messageRoutes } from './routes/messages.ts';
import { numberRoutes } from './routes/numbers.ts';
import { organizationRoutes } from './routes/organizations.ts';
import { recordingRoutes } from './routes/recordings.ts';
import { serviceRoutes } from './routes/service.ts';
import { supervisorRoutes } from './routes/supervisor.ts';

export async function restcommFace(app: FastifyInstance, deps: AccountFaceDeps): Promise<void> {
  await app.register(
    async (scope) => {
      registerErrors(scope);
      registerFormParser(scope);
      // An account without a password may set one, which is done on the paths of accounts.
      registerCaller(scope, deps, 'restcomm', ({ url }) => url.slice(RESTCOMM_BASE.length + 1).startsWith('Accounts'));
      absentRoutes(scope, deps);
      accountRoutes(scope, deps);
      applicationRoutes(scope, deps);
      availableNumberRoutes(scope, deps);
      callRoutes(scope, deps);
      callerIdRoutes(scope, deps);
      clientRoutes(scope, deps);
      conferenceRoutes(scope, deps);
      messageRoutes(scope, deps);
      numberRoutes(scope, deps);
      organizationRoutes(scope, deps);
      recordingRoutes(scope, deps);
      serviceRoutes(scope, deps);
      supervisorRoutes(scope, deps);
    },
    { prefix: RESTCOMM_BASE },
  );
}
