/** Numbers that an account shows when it calls: list, create, read, change, delete. */
import type { FastifyInstance } from 'fastify';

import { type AccountFaceDeps, accountRoute, settled } from '#faces/shared/account-routes.ts';
import {
  changeCallerId,
  createCallerId,
  listCallerIds,
  readCallerId,
  removeCallerId,
} from '#operations/telephony/caller-ids.ts';

import { WHOLE_LIST } from '../form-values.ts';
import { sendList, sendOne } from '../response.ts';
import { CALLER_ID } from '../shapes/caller-id.ts';

const LIST = '/Accounts/:account/OutgoingCallerIds';
const ONE = `${LIST}/:sid`;

export function callerIdRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  accountRoute(scope, deps, {
    method: 'GET',
    url: LIST,
    right: ['Read', 'OutgoingCallerIds'],
    target: 'under',
    handle: async ({ reply, account }) =>
      sendList(reply, CALLER_ID, (await listCallerIds(context, account, WHOLE_LIST)).items),
  });
  accountRoute(scope, deps, {
    method: 'POST',
    url: LIST,
    right: ['Create', 'OutgoingCallerIds'],
    target: 'under',
    handle: async ({ reply, actor, account, form }) => {
      const input = { number: form.filled('PhoneNumber'), friendlyName: form.clearable('FriendlyName') };
      return sendOne(
        reply,
        CALLER_ID,
        await settled(deps, reply, await createCallerId(context, actor, account, input)),
      );
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: ONE,
    right: ['Read', 'OutgoingCallerIds'],
    target: 'under',
    handle: async ({ reply, account, path }) =>
      sendOne(reply, CALLER_ID, await readCallerId(context, account, path['sid'] ?? '')),
  });
  accountRoute(scope, deps, {
    method: ['POST', 'PUT'],
    url: ONE,
    right: ['Modify', 'OutgoingCallerIds'],
    target: 'under',
    handle: async ({ reply, actor, account, path, form }) => {
      const name = form.clearable('FriendlyName');
      const changed = await changeCallerId(context, actor, account, path['sid'] ?? '', name);
      return sendOne(reply, CALLER_ID, await settled(deps, reply, changed));
    },
  });
  accountRoute(scope, deps, {
    method: 'DELETE',
    url: ONE,
    right: ['Delete', 'OutgoingCallerIds'],
    target: 'under',
    handle: async ({ reply, actor, account, path }) => {
      await settled(deps, reply, await removeCallerId(context, actor, account, path['sid'] ?? ''));
      return reply.code(204).send();
    },
  });
}
