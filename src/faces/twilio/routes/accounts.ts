/** Accounts: read. */
import type { FastifyInstance } from 'fastify';

import { threeWords } from '#core/account-status.ts';
import { sidOf } from '#core/sid.ts';
import { type AccountFaceDeps, accountRoute } from '#faces/shared/account-routes.ts';
import { accountView } from '#operations/telephony/account-view.ts';

export function accountRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account',
    right: ['Read', 'Accounts'],
    target: 'account',
    handle: async ({ account }) => {
      const view = await accountView(deps.context, account);
      return { sid: sidOf('account', view.uuid), friendly_name: view.name, status: threeWords(view.status) };
    },
  });
}
