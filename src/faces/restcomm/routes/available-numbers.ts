/** Numbers that could be bought, and the countries in which there are any. */
import type { FastifyInstance } from 'fastify';

import type { NumberClass } from '#core/number-market.ts';
import { invalid } from '#core/problem.ts';
import { type AccountFaceDeps, accountRoute } from '#faces/shared/account-routes.ts';
import { criteriaOf } from '#faces/shared/number-criteria.ts';
import type { Parameters } from '#faces/shared/parameters.ts';
import { listAvailableCountries, searchAvailableNumbers } from '#operations/telephony/search-available-numbers.ts';

import { flag } from '../form-values.ts';
import { sendJson, sendList, sendXml, wantsJson } from '../response.ts';
import { AVAILABLE_NUMBER } from '../shapes/available-number.ts';

const CLASSES: Readonly<Record<string, NumberClass>> = { Local: 'local', TollFree: 'toll_free', Mobile: 'mobile' };

export function availableNumberRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  for (const [end, numberClass] of Object.entries(CLASSES))
    accountRoute(scope, deps, {
      method: 'GET',
      url: `/Accounts/:account/AvailablePhoneNumbers/:country/${end}`,
      right: ['Read', 'AvailablePhoneNumbers'],
      target: 'under',
      handle: async ({ reply, actor, account, path, query }) => {
        const wanted = { ...wantedOf(query), country: path['country'] ?? '', numberClass };
        return sendList(reply, AVAILABLE_NUMBER, await searchAvailableNumbers(context, actor, account, wanted));
      },
    });
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/IncomingPhoneNumbers/AvailableCountries',
    right: ['Read', 'IncomingPhoneNumbers'],
    target: 'under',
    handle: async ({ request, reply, actor }) => {
      const countries = await listAvailableCountries(context, actor);
      return wantsJson(request)
        ? sendJson(reply, countries)
        : sendXml(reply, { AvailableCountries: { AvailableCountry: countries } });
    },
  });
}

function wantedOf(query: Parameters) {
  const limit = readWhole(query, 'RangeSize');
  const place = readWhole(query, 'RangeIndex');
  return {
    ...criteriaOf(query, flag),
    ...(limit === undefined ? {} : { limit }),
    ...(place === undefined ? {} : { offset: place }),
  };
}

function readWhole(query: Parameters, name: string): number | undefined {
  const text = query.filled(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalid({ field: name, message: 'must be a whole number' });
  return Number(text);
}
