/** Organizations: the SIP domains in which accounts make their clients. */
import type { FastifyInstance } from 'fastify';

import { type AccountFaceDeps, bareRoute, settled } from '#faces/shared/account-routes.ts';
import {
  createOrganization,
  keepOrganization,
  listOrganizations,
  readOrganization,
} from '#operations/telephony/organizations.ts';

import { sendList, sendOne } from '../response.ts';
import { ORGANIZATION } from '../shapes/organization.ts';

export function organizationRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  bareRoute(scope, {
    method: 'GET',
    url: '/Organizations',
    right: ['Read', 'Organizations'],
    handle: async ({ actor, query, reply }) =>
      sendList(reply, ORGANIZATION, await listOrganizations(context, actor, query.filled('Status'))),
  });
  bareRoute(scope, {
    method: 'GET',
    url: '/Organizations/:organization',
    right: ['Read', 'Organizations'],
    handle: async ({ actor, path, reply }) =>
      sendOne(reply, ORGANIZATION, await readOrganization(context, actor, path['organization'] ?? '')),
  });
  bareRoute(scope, {
    method: 'PUT',
    url: '/Organizations/:organization',
    right: ['Create', 'Organizations'],
    handle: async ({ actor, path, reply }) => {
      const made = await createOrganization(context, actor, path['organization'] ?? '');
      return sendOne(reply, ORGANIZATION, await settled(deps, reply, made));
    },
  });
  bareRoute(scope, {
    method: 'PUT',
    url: '/Organizations/:organization/Migrate',
    right: ['Modify', 'Organizations'],
    handle: async ({ actor, path, reply }) =>
      sendOne(reply, ORGANIZATION, await keepOrganization(context, actor, path['organization'] ?? '')),
  });
}
