/** Accounts: made, listed, read, changed. There is no deleting; closing takes its place. */
import type { FastifyInstance } from 'fastify';

import { Problem, invalid } from '#core/problem.ts';
import { type AccountFaceDeps, type BareCall, accountRoute, bareRoute, settled } from '#faces/shared/account-routes.ts';
import type { Parameters } from '#faces/shared/parameters.ts';
import { accountView } from '#operations/telephony/account-view.ts';
import { changeAccount } from '#operations/telephony/change-account.ts';
import { createAccount } from '#operations/telephony/create-account.ts';
import { listAccountFamily, placeInFamily } from '#operations/telephony/list-family.ts';

import { nameAt } from '../form.ts';
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
      const changed = await changeAccount(deps.context, actor, path['account'] ?? '', changes, {
        isStrict: true,
      }).catch((error: unknown) => {
        throw account.parent_id === null ? ofTop(error) : error;
      });
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

/** Marks the refusal of a status for an account with nobody above it: Twilio tells it apart. */
function ofTop(error: unknown): unknown {
  if (!(error instanceof Problem) || !error.errors.some(({ field }) => field === 'Status')) return error;
  const { code, message, errors, facts } = error;
  return new Problem({ code, message, errors, facts: { ...facts, isTop: true } }, error.cause);
}
