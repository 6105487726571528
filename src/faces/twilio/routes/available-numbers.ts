/** Numbers that could be bought: the countries, and what there is in each. */
import type { FastifyInstance } from 'fastify';

import type { NumberClass } from '#core/number-market.ts';
import { problem } from '#core/problem.ts';
import { type AccountFaceDeps, type Call, accountRoute } from '#faces/shared/account-routes.ts';
import { criteriaOf } from '#faces/shared/number-criteria.ts';
import { listAvailableCountries, searchAvailableNumbers } from '#operations/telephony/search-available-numbers.ts';

import { flag } from '../form.ts';
import { sendPage } from '../page.ts';
import { sendOne } from '../response.ts';
import { COUNTRY, OFFERED_NUMBER } from '../shapes/offered-number.ts';

const AVAILABLE = '/Accounts/:account/AvailablePhoneNumbers';
const CLASSES: Readonly<Record<string, NumberClass>> = { Local: 'local', TollFree: 'toll_free', Mobile: 'mobile' };

export function availableNumberRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const common = { method: 'GET', right: ['Read', 'AvailablePhoneNumbers'], target: 'under' } as const;
  accountRoute(scope, deps, {
    ...common,
    url: AVAILABLE,
    handle: ({ reply, query, actor, account }) =>
      sendPage(
        { reply, query },
        {
          array: 'countries',
          shape: COUNTRY,
          read: async ({ offset, limit }) => {
            const all = await listAvailableCountries(deps.context, actor);
            const items = all.slice(offset, offset + limit).map((code) => ({ account: account.uuid, code }));
            return { total: all.length, items };
          },
        },
      ),
  });
  accountRoute(scope, deps, {
    ...common,
    url: `${AVAILABLE}/:country`,
    handle: async ({ reply, actor, account, path }) => {
      const code = (path['country'] ?? '').toUpperCase();
      if (!(await listAvailableCountries(deps.context, actor)).includes(code))
        throw problem('not_found', `There are no numbers in ${code}.`);
      return sendOne(reply, COUNTRY, { account: account.uuid, code });
    },
  });
  for (const [path, numberClass] of Object.entries(CLASSES))
    accountRoute(scope, deps, {
      ...common,
      url: `${AVAILABLE}/:country/${path}`,
      handle: (call) => sendOffers(deps, call, numberClass),
    });
}

function sendOffers(
  { context }: AccountFaceDeps,
  { reply, query, actor, account, path }: Call,
  numberClass: NumberClass,
) {
  const wanted = { country: path['country'] ?? '', numberClass, ...criteriaOf(query, flag) };
  return sendPage(
    { reply, query },
    {
      array: 'available_phone_numbers',
      shape: OFFERED_NUMBER,
      read: async ({ offset, limit }) => {
        // One more than is shown tells whether there is a further page.
        const found = await searchAvailableNumbers(context, actor, account, { ...wanted, offset, limit: limit + 1 });
        return { total: offset + found.length, items: found.slice(0, limit) };
      },
    },
  );
}
