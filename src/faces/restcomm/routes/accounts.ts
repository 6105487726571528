/** Accounts: listed, made, read, changed, given another organization. Nothing removes one: closing does. */
import type { FastifyInstance } from 'fastify';

import { RESTCOMM_BASE } from '#faces/shared/account-path.ts';
import { type AccountFaceDeps, accountRoute, bareRoute, settled } from '#faces/shared/account-routes.ts';
import { accountView } from '#operations/telephony/account-view.ts';
import { changeAccount } from '#operations/telephony/change-account.ts';
import { createAccount } from '#operations/telephony/create-account.ts';
import { listAccounts } from '#operations/telephony/list-accounts.ts';
import { migrateAccount } from '#operations/telephony/migrate-account.ts';

import { EFFECTIVE_PROFILE_SID } from '../profile.ts';
import { sendList, sendOne } from '../response.ts';
import { ACCOUNT } from '../shapes/account.ts';

export function accountRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  bareRoute(scope, {
    method: 'GET',
    url: '/Accounts',
    right: ['Read', 'Accounts'],
    handle: async ({ actor, query, reply }) => {
      const filter = { organizationSid: query.filled('OrganizationSid'), domainName: query.filled('DomainName') };
      return sendList(reply, ACCOUNT, await listAccounts(context, actor, filter));
    },
  });
  bareRoute(scope, {
    method: 'POST',
    url: '/Accounts',
    right: ['Create', 'Accounts'],
    handle: async ({ actor, form, reply }) => {
      const made = await createAccount(context, actor, {
        by: 'email',
        emailAddress: form.filled('EmailAddress'),
        password: form.filled('Password'),
        friendlyName: form.filled('FriendlyName'),
        status: form.filled('Status'),
        role: form.filled('Role'),
        organizationSid: form.filled('OrganizationSid'),
      });
      return sendOne(reply, ACCOUNT, await settled(deps, reply, made));
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account',
    right: ['Read', 'Accounts'],
    target: 'account',
    handle: async ({ account, request, reply }) => {
      const profile = `${request.protocol}://${request.host}${RESTCOMM_BASE}/Profiles/${EFFECTIVE_PROFILE_SID}`;
      reply.header('link', `<${profile}>; rel="related"; title="Profiles"`);
      return sendOne(reply, ACCOUNT, await accountView(context, account));
    },
  });
  accountRoute(scope, deps, {
    method: ['POST', 'PUT'],
    url: '/Accounts/:account',
    right: ['Modify', 'Accounts'],
    target: 'account',
    handle: async ({ actor, path, form, reply }) => {
      const changed = await changeAccount(context, actor, path['account'] ?? '', {
        friendlyName: form.filled('FriendlyName'),
        password: form.filled('Password'),
        role: form.filled('Role'),
        status: form.filled('Status'),
      });
      return sendOne(reply, ACCOUNT, await settled(deps, reply, changed));
    },
  });
  bareRoute(scope, {
    method: 'POST',
    url: '/Accounts/migrate/:account',
    handle: async ({ actor, path, form, reply }) => {
      const moved = await migrateAccount(context, actor, path['account'] ?? '', form.filled('Organization'));
      return sendOne(reply, ACCOUNT, await settled(deps, reply, moved));
    },
  });
}
