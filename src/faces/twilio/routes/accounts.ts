/** Accounts: made, listed, read, changed. There is no deleting; closing takes its place. */
import type { FastifyInstance } from 'fastify';

import { invalid } from '#core/problem.ts';
import { type AccountFaceDeps, type BareCall, accountRoute, bareRoute, settled } from '#faces/shared/account-routes.ts';
import type { Parameters } from '#faces/shared/parameters.ts';
import { accountView } from '#operations/telephony/account-view.ts';
import { changeAccount } from '#operations/telephony/change-account.ts';
import { createAccount } from '#operations/telephony/create-account.ts';
import { listAccountFamily, placeInFamily } from '#operations/telephony/list-family.ts';

import { nameAt } from '../form.ts';
import { marking } from '../marked.ts';
import { sendPage } from '../page.ts';
import { sendCreated, sendOne } from '../response.ts';
import { ACCOUNT } from '../shapes/account.ts';

const STATUSES = ['active', 'suspended', 'closed'] as const;

export function accountRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  bareRoute(scope, {
    method: 'GET',
    url: '/Accounts',
    right: ['Read', 'Accounts'],
    handle: (call) => sendAccounts(deps, call),
  });
  bareRoute(scope, {
    method: 'POST',
    url: '/Accounts',
    right: ['Create', 'Accounts'],
    handle: async ({ reply, actor, form }) => {
      const friendlyName = form.filled('FriendlyName') ?? nameAt('SubAccount', deps.context.clock());
      const created = await createAccount(deps.context, actor, { by: 'name', friendlyName });
      return sendCreated(reply, ACCOUNT, await settled(deps, reply, created));
    },
  });
  const one = { url: '/Accounts/:account', target: 'account' } as const;
  accountRoute(scope, deps, {
    ...one,
    method: 'GET',
    right: ['Read', 'Accounts'],
    handle: async ({ reply, account }) => sendOne(reply, ACCOUNT, await accountView(deps.context, account)),
  });
  accountRoute(scope, deps, {
    ...one,
    method: ['POST', 'PUT'],
    right: ['Modify', 'Accounts'],
    handle: async ({ reply, actor, account, path, form }) => {
      const changes = { friendlyName: form.filled('FriendlyName'), status: statusOf(form) };
      // Twilio tells apart the account with nobody above it.
      const isTop = account.parent_id === null;
      const changed = await marking(
        'invalid',
        ({ errors }) => (isTop && errors.some(({ field }) => field === 'Status') ? { isTop } : null),
        () => changeAccount(deps.context, actor, path['account'] ?? '', changes, { isStrict: true }),
      );
      return sendOne(reply, ACCOUNT, await settled(deps, reply, changed));
    },
  });
}

function sendAccounts({ context }: AccountFaceDeps, { reply, query, actor }: BareCall) {
  const wanted = { name: query.filled('FriendlyName'), standing: statusOf(query) };
  return sendPage(
    { reply, query },
    {
      array: 'accounts',
      shape: ACCOUNT,
      read: (part) => listAccountFamily(context, actor, wanted, part),
      seek: { uuidOf: ({ uuid }) => uuid, placeAfter: (uuid) => placeInFamily(context, actor, wanted, uuid) },
    },
  );
}

/** One of the three words that Twilio has, in any case. Throws `invalid`. */
function statusOf(given: Parameters): (typeof STATUSES)[number] | undefined {
  const word = given.filled('Status')?.toLowerCase();
  const status = STATUSES.find((one) => one === word);
  if (word !== undefined && status === undefined)
    throw invalid({ field: 'Status', message: `must be one of ${STATUSES.join(', ')}` });
  return status;
}
