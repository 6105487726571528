/** Clients: list, create, read, change, delete. */
import type { FastifyInstance } from 'fastify';

import { type AccountFaceDeps, accountRoute, settled } from '#faces/shared/account-routes.ts';
import type { Parameters } from '#faces/shared/parameters.ts';
import { type ClientInput, changeClient, createClient, removeClient } from '#operations/telephony/change-clients.ts';
import { listClients, readClient } from '#operations/telephony/read-clients.ts';

import { WHOLE_LIST, flag, method } from '../form-values.ts';
import { sendList, sendOne } from '../response.ts';
import { CLIENT } from '../shapes/client.ts';

const LIST = '/Accounts/:account/Clients';
const ONE = `${LIST}/:sid`;

export function clientRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  accountRoute(scope, deps, {
    method: 'GET',
    url: LIST,
    right: ['Read', 'Clients'],
    target: 'under',
    handle: async ({ reply, account }) =>
      sendList(reply, CLIENT, (await listClients(context, account, WHOLE_LIST)).items),
  });
  accountRoute(scope, deps, {
    method: 'POST',
    url: LIST,
    right: ['Create', 'Clients'],
    target: 'under',
    handle: async ({ reply, actor, account, form }) => {
      const input = { ...inputOf(form), login: form.filled('Login') };
      return sendOne(reply, CLIENT, await settled(deps, reply, await createClient(context, actor, account, input)));
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: ONE,
    right: ['Read', 'Clients'],
    target: 'under',
    handle: async ({ reply, account, path }) =>
      sendOne(reply, CLIENT, await readClient(context, account, path['sid'] ?? '')),
  });
  accountRoute(scope, deps, {
    method: ['POST', 'PUT'],
    url: ONE,
    right: ['Modify', 'Clients'],
    target: 'under',
    handle: async ({ reply, actor, account, path, form }) => {
      const changed = await changeClient(context, actor, account, path['sid'] ?? '', inputOf(form));
      return sendOne(reply, CLIENT, await settled(deps, reply, changed));
    },
  });
  accountRoute(scope, deps, {
    method: 'DELETE',
    url: ONE,
    right: ['Delete', 'Clients'],
    target: 'under',
    handle: async ({ reply, actor, account, path }) => {
      await settled(deps, reply, await removeClient(context, actor, account, path['sid'] ?? ''));
      return reply.code(200).send();
    },
  });
}

function inputOf(form: Parameters): ClientInput {
  return {
    password: form.filled('Password'),
    friendlyName: form.clearable('FriendlyName'),
    isEnabled: flag(form, 'Status'),
    voiceUrl: form.clearable('VoiceUrl'),
    voiceMethod: method(form, 'VoiceMethod'),
    voiceFallbackUrl: form.clearable('VoiceFallbackUrl'),
    voiceFallbackMethod: method(form, 'VoiceFallbackMethod'),
    voiceApplication: form.clearable('VoiceApplicationSid'),
    isPushEnabled: flag(form, 'IsPushEnabled'),
  };
}
