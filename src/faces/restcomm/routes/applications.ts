/** Applications: list, create, read, change, delete. */
import type { FastifyInstance } from 'fastify';

import { Problem } from '#core/problem.ts';
import { type AccountFaceDeps, accountRoute, settled } from '#faces/shared/account-routes.ts';
import type { Parameters } from '#faces/shared/parameters.ts';
import {
  type ApplicationInput,
  changeApplication,
  createApplication,
  removeApplication,
} from '#operations/telephony/change-applications.ts';
import { isForeign } from '#operations/telephony/find-account.ts';
import { listApplications, readApplication } from '#operations/telephony/read-applications.ts';

import { WHOLE_LIST, flag } from '../form-values.ts';
import { sendList, sendOne } from '../response.ts';
import { APPLICATION } from '../shapes/application.ts';

const LIST = '/Accounts/:account/Applications';
const ONE = `${LIST}/:sid`;

export function applicationRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  accountRoute(scope, deps, {
    method: 'GET',
    url: LIST,
    right: ['Read', 'Applications'],
    target: 'under',
    handle: async ({ reply, account }) =>
      sendList(reply, APPLICATION, (await listApplications(context, account, WHOLE_LIST)).items),
  });
  accountRoute(scope, deps, {
    method: 'POST',
    url: LIST,
    right: ['Create', 'Applications'],
    target: 'under',
    handle: async ({ reply, actor, account, form }) => {
      const created = await createApplication(context, actor, account, inputOf(form));
      return sendOne(reply, APPLICATION, await settled(deps, reply, created));
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: ONE,
    right: ['Read', 'Applications'],
    target: 'under',
    handle: async ({ reply, account, path }) =>
      sendOne(reply, APPLICATION, await readApplication(context, account, path['sid'] ?? '')),
  });
  accountRoute(scope, deps, {
    method: ['POST', 'PUT'],
    url: ONE,
    right: ['Modify', 'Applications'],
    target: 'under',
    handle: async ({ reply, actor, account, path, form }) => {
      const changed = await changeApplication(context, actor, account, path['sid'] ?? '', inputOf(form));
      return sendOne(reply, APPLICATION, await settled(deps, reply, changed));
    },
  });
  accountRoute(scope, deps, {
    method: 'DELETE',
    url: ONE,
    // Restcomm asks for no more.
    right: ['Modify', 'Applications'],
    target: 'under',
    handle: async ({ reply, actor, account, path }) => {
      try {
        await settled(deps, reply, await removeApplication(context, actor, account, path['sid'] ?? ''));
      } catch (error) {
        // What is not there is deleted.
        if (!(error instanceof Problem) || error.code !== 'not_found' || isForeign(error)) throw error;
      }
      return reply.code(200).send();
    },
  });
}

function inputOf(form: Parameters): ApplicationInput {
  return {
    name: form.text('FriendlyName'),
    url: form.clearable('RcmlUrl'),
    medium: form.clearable('Kind')?.toLowerCase() ?? form.clearable('Kind'),
    voiceCallerIdLookup: flag(form, 'VoiceCallerIdLookup'),
  };
}
