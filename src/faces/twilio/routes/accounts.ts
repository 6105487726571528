/** Accounts: read. */
import type { FastifyInstance } from 'fastify';

import { type AccountFaceDeps, accountRoute } from '#faces/shared/account-routes.ts';
import { accountView } from '#operations/telephony/account-view.ts';

import { sendOne } from '../response.ts';
import { ACCOUNT } from '../shapes/account.ts';

export function accountRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account',
    right: ['Read', 'Accounts'],
    target: 'account',
    handle: async ({ reply, account }) => sendOne(reply, ACCOUNT, await accountView(deps.context, account)),
  });
}
