/** What an account used: in all, and by day, month and year. */
import type { FastifyInstance } from 'fastify';

import { type AccountFaceDeps, type Call, accountRoute } from '#faces/shared/account-routes.ts';
import { USAGE_CATEGORIES, readUsage } from '#operations/telephony/usage.ts';

import { daysOf } from '../filters.ts';
import { sendPage } from '../page.ts';
import { SPANS, usageShape } from '../shapes/usage.ts';

const RECORDS = '/Accounts/:account/Usage/Records';

export function usageRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const common = { method: 'GET', right: ['Read', 'Usage'], target: 'under' } as const;
  accountRoute(scope, deps, { ...common, url: RECORDS, handle: (call) => sendUsage(deps, call, null) });
  for (const span of Object.values(SPANS))
    accountRoute(scope, deps, { ...common, url: `${RECORDS}/${span}`, handle: (call) => sendUsage(deps, call, span) });
}

function sendUsage({ context }: AccountFaceDeps, { reply, query, account }: Call, span: string | null) {
  const word = query.filled('Category')?.toLowerCase();
  // Of all that Twilio counts, these are counted here.
  const categories = USAGE_CATEGORIES.filter((one) => word === undefined || one === word);
  const days = daysOf(query, 'StartDate', 'EndDate');
  return sendPage(
    { reply, query },
    {
      array: 'usage_records',
      shape: usageShape(span, context.clock()),
      read: async ({ offset, limit }) => {
        const lists = categories.map((one) => readUsage(context, account, span ?? 'AllTime', one, days));
        const all = (await Promise.all(lists)).flat();
        return { total: all.length, items: all.slice(offset, offset + limit) };
      },
    },
  );
}
