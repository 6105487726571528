/** Telephone numbers of an account: list, buy, read, change, delete, move to another organization. */
import type { FastifyInstance } from 'fastify';

import type { NumberClass } from '#core/number-market.ts';
import { invalid } from '#core/problem.ts';
import { sidOf } from '#core/sid.ts';
import { type AccountFaceDeps, accountRoute, settled } from '#faces/shared/account-routes.ts';
import type { Parameters } from '#faces/shared/parameters.ts';
import { buyAccountNumber } from '#operations/telephony/buy-account-number.ts';
import { changeNumber, removeNumber } from '#operations/telephony/change-numbers.ts';
import { migrateNumbers } from '#operations/telephony/migrate-numbers.ts';
import type { NumberInput } from '#operations/telephony/number-input.ts';
import { type NumberFilter, type NumberView, listNumbers, readNumber } from '#operations/telephony/read-numbers.ts';

import { flag, method } from '../form-values.ts';
import { type PagedList, sendPage } from '../page.ts';
import { sendOne } from '../response.ts';
import { NUMBER } from '../shapes/number.ts';

const LIST = '/Accounts/:account/IncomingPhoneNumbers';
const ONE = `${LIST}/:sid`;

/** Lists of numbers of one class, by the end of their path; the first has all. */
const LISTS: readonly (readonly [string, NumberClass | undefined])[] = [
  ['', undefined],
  ['/Local', 'local'],
  ['/TollFree', 'toll_free'],
  ['/Mobile', 'mobile'],
];

const NUMBERS: PagedList<NumberView> = {
  shape: NUMBER,
  array: 'incomingPhoneNumbers',
  sidOf: ({ uuid }) => sidOf('number', uuid),
  isPagedInXml: true,
};

export function numberRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  for (const [end, numberClass] of LISTS) {
    accountRoute(scope, deps, {
      method: 'GET',
      url: LIST + end,
      right: ['Read', 'IncomingPhoneNumbers'],
      target: 'under',
      handle: async (call) => {
        const filter = { ...filterOf(call.query), numberClass };
        return sendPage(call, NUMBERS, (offset, limit) =>
          listNumbers(context, call.account, filter, { offset, limit }),
        );
      },
    });
    accountRoute(scope, deps, {
      method: 'POST',
      url: LIST + end,
      right: ['Create', 'IncomingPhoneNumbers'],
      target: 'under',
      handle: async ({ reply, actor, account, form }) => {
        const bought = await buyAccountNumber(context, actor, account, {
          number: form.filled('PhoneNumber'),
          areaCode: form.filled('AreaCode'),
          numberClass,
          isPureSip: flag(form, 'isSIP'),
          fields: inputOf(form),
        });
        return sendOne(reply, NUMBER, await settled(deps, reply, bought));
      },
    });
  }
  accountRoute(scope, deps, {
    method: 'POST',
    url: `${LIST}/migrate`,
    target: 'under',
    handle: async ({ reply, actor, account, form }) => {
      const organization = form.filled('OrganizationSid');
      await settled(deps, reply, await migrateNumbers(context, actor, account, organization));
      return reply.code(200).send();
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: ONE,
    right: ['Read', 'IncomingPhoneNumbers'],
    target: 'under',
    handle: async ({ reply, account, path }) =>
      sendOne(reply, NUMBER, await readNumber(context, account, path['sid'] ?? '')),
  });
  accountRoute(scope, deps, {
    method: ['POST', 'PUT'],
    url: ONE,
    right: ['Modify', 'IncomingPhoneNumbers'],
    target: 'under',
    handle: async ({ reply, actor, account, path, form }) => {
      const changed = await changeNumber(context, actor, account, path['sid'] ?? '', inputOf(form));
      return sendOne(reply, NUMBER, await settled(deps, reply, changed));
    },
  });
  accountRoute(scope, deps, {
    method: 'DELETE',
    url: ONE,
    right: ['Delete', 'IncomingPhoneNumbers'],
    target: 'under',
    handle: async ({ reply, actor, account, path }) => {
      await settled(deps, reply, await removeNumber(context, actor, account, path['sid'] ?? ''));
      return reply.code(204).send();
    },
  });
}

function filterOf(query: Parameters): NumberFilter {
  const sortBy = query.filled('SortBy')?.toLowerCase();
  if (sortBy !== undefined && sortBy !== 'phonenumber' && sortBy !== 'friendlyname')
    throw invalid({ field: 'SortBy', message: 'must be PhoneNumber or FriendlyName' });
  return {
    // A plus sign that nobody escaped arrives as a space.
    number: query.filled('PhoneNumber')?.replace(/^ /, '+'),
    name: query.filled('FriendlyName'),
    ...(sortBy === undefined ? {} : { sortBy: sortBy === 'phonenumber' ? 'number' : 'name' }),
    isReverse: flag(query, 'Reverse'),
  };
}

function inputOf(form: Parameters): NumberInput {
  return {
    friendlyName: form.clearable('FriendlyName'),
    voiceUrl: form.clearable('VoiceUrl'),
    voiceMethod: method(form, 'VoiceMethod'),
    voiceFallbackUrl: form.clearable('VoiceFallbackUrl'),
    voiceFallbackMethod: method(form, 'VoiceFallbackMethod'),
    statusCallback: form.clearable('StatusCallback'),
    statusCallbackMethod: method(form, 'StatusCallbackMethod'),
    voiceCallerIdLookup: flag(form, 'VoiceCallerIdLookup'),
    smsUrl: form.clearable('SmsUrl'),
    smsMethod: method(form, 'SmsMethod'),
    smsFallbackUrl: form.clearable('SmsFallbackUrl'),
    smsFallbackMethod: method(form, 'SmsFallbackMethod'),
    ussdUrl: form.clearable('UssdUrl'),
    ussdMethod: method(form, 'UssdMethod'),
    ussdFallbackUrl: form.clearable('UssdFallbackUrl'),
    ussdFallbackMethod: method(form, 'UssdFallbackMethod'),
    referUrl: form.clearable('ReferUrl'),
    referMethod: method(form, 'ReferMethod'),
    voiceApplication: form.clearable('VoiceApplicationSid'),
    smsApplication: form.clearable('SmsApplicationSid'),
    ussdApplication: form.clearable('UssdApplicationSid'),
    referApplication: form.clearable('ReferApplicationSid'),
    voiceCapable: flag(form, 'VoiceCapable'),
    smsCapable: flag(form, 'SmsCapable'),
    mmsCapable: flag(form, 'MmsCapable'),
    faxCapable: flag(form, 'FaxCapable'),
  };
}
