/** What is not about one account: version, profile, extensions, and the end of a session that there never was. */
import type { FastifyInstance } from 'fastify';

import { problem } from '#core/problem.ts';
import { type AccountFaceDeps, accountRoute, bareRoute, openRoute } from '#faces/shared/account-routes.ts';
import { requireSuperAdministrator } from '#operations/telephony/find-account.ts';

import { EFFECTIVE_PROFILE, EFFECTIVE_PROFILE_SID } from '../profile.ts';
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
  bareRoute(scope, {
    method: 'GET',
    url: '/Profiles',
    handle: ({ actor, reply }) => {
      requireSuperAdministrator(actor);
      return sendJson(reply, [{ sid: EFFECTIVE_PROFILE_SID, uri: `/2012-04-24/Profiles/${EFFECTIVE_PROFILE_SID}` }]);
    },
  });
  // It is everybody's: an account finds it in the Link header of its own document.
  bareRoute(scope, {
    method: 'GET',
    url: '/Profiles/:profile',
    handle: ({ path, reply }) => {
      if (path['profile'] !== EFFECTIVE_PROFILE_SID) throw problem('not_found', 'There is no such profile.');
      return sendJson(reply, EFFECTIVE_PROFILE);
    },
  });
  bareRoute(scope, {
    method: 'GET',
    url: '/ExtensionsConfiguration',
    handle: ({ actor, request, reply }) => {
      requireSuperAdministrator(actor);
      return wantsJson(request) ? sendJson(reply, []) : sendXml(reply, { Extensions: {} });
    },
  });
}
