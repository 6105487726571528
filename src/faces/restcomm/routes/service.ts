/** What is not about one account: the version, and the end of a session that there never was. */
import type { FastifyInstance } from 'fastify';

import { type AccountFaceDeps, accountRoute, openRoute } from '#faces/shared/account-routes.ts';

import { sendJson, sendXml, wantsJson } from '../response.ts';

export function serviceRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  openRoute(scope, { method: 'GET', url: '/Logout', handle: ({ reply }) => reply.code(200).send() });
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/Version',
    right: ['Read', 'Usage'],
    target: 'under',
    handle: ({ request, reply }) => {
      const version = { Name: 'Abeyance', Version: deps.version, Revision: deps.version, Date: '' };
      return wantsJson(request) ? sendJson(reply, version) : sendXml(reply, { Version: version });
    },
  });
}
