/** Numbers that an account shows when it calls: asked for, read, renamed, removed. */
import type { FastifyInstance } from 'fastify';

import { type AccountFaceDeps, type Call, accountRoute, settled } from '#faces/shared/account-routes.ts';
import {
  type CallerIdView,
  changeCallerId,
  createCallerId,
  listCallerIds,
  readCallerId,
  removeCallerId,
} from '#operations/telephony/caller-ids.ts';
import { listMatching } from '#operations/telephony/list-matching.ts';

import { type Part, sendPage } from '../page.ts';
import { sendCreated, sendOne, sendRemoved } from '../response.ts';
import { CALLER_ID, VALIDATION_REQUEST } from '../shapes/caller-id.ts';

const CALLER_IDS = '/Accounts/:account/OutgoingCallerIds';

export function callerIdRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const all = { url: CALLER_IDS, target: 'under' } as const;
  accountRoute(scope, deps, {
    ...all,
    method: 'GET',
    right: ['Read', 'OutgoingCallerIds'],
    handle: (call) => sendCallerIds(deps, call),
  });
  accountRoute(scope, deps, {
    ...all,
    method: 'POST',
    right: ['Create', 'OutgoingCallerIds'],
    handle: async ({ reply, actor, account, form }) => {
      const input = { number: form.filled('PhoneNumber'), friendlyName: form.clearable('FriendlyName') };
      const created = await createCallerId(deps.context, actor, account, input);
      return sendCreated(reply, VALIDATION_REQUEST, await settled(deps, reply, created));
    },
  });
  const one = { url: `${CALLER_IDS}/:sid`, target: 'under' } as const;
  accountRoute(scope, deps, {
    ...one,
    method: 'GET',
    right: ['Read', 'OutgoingCallerIds'],
    handle: async ({ reply, account, path }) =>
      sendOne(reply, CALLER_ID, await readCallerId(deps.context, account, path['sid'] ?? '')),
  });
  accountRoute(scope, deps, {
    ...one,
    method: ['POST', 'PUT'],
    right: ['Modify', 'OutgoingCallerIds'],
    handle: async ({ reply, actor, account, path, form }) => {
      const name = form.clearable('FriendlyName');
      const changed = await changeCallerId(deps.context, actor, account, path['sid'] ?? '', name);
      return sendOne(reply, CALLER_ID, await settled(deps, reply, changed));
    },
  });
  accountRoute(scope, deps, {
    ...one,
    method: 'DELETE',
    right: ['Delete', 'OutgoingCallerIds'],
    handle: async ({ reply, actor, account, path }) => {
      await settled(deps, reply, await removeCallerId(deps.context, actor, account, path['sid'] ?? ''));
      return sendRemoved(reply);
    },
  });
}

function sendCallerIds({ context }: AccountFaceDeps, { reply, query, account }: Call) {
  const number = query.filled('PhoneNumber');
  const name = query.filled('FriendlyName');
  const all = (part: Part) => listCallerIds(context, account, part);
  const fits = (one: CallerIdView) =>
    (number === undefined || one.number === number) && (name === undefined || one.friendlyName === name);
  const isFiltered = number !== undefined || name !== undefined;
  return sendPage(
    { reply, query },
    {
      array: 'outgoing_caller_ids',
      shape: CALLER_ID,
      read: (part) => (isFiltered ? listMatching(all, fits, part) : all(part)),
    },
  );
}
