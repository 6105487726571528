/** The numbers that an account has: bought, read, changed, given up. */
import type { FastifyInstance } from 'fastify';

import type { NumberClass } from '#core/number-market.ts';
import { invalid } from '#core/problem.ts';
import { type AccountFaceDeps, type Call, accountRoute, settled } from '#faces/shared/account-routes.ts';
import type { Parameters } from '#faces/shared/parameters.ts';
import { NOT_OBTAINABLE, buyAccountNumber } from '#operations/telephony/buy-account-number.ts';
import { changeNumber, removeNumber } from '#operations/telephony/change-numbers.ts';
import type { NumberInput } from '#operations/telephony/number-input.ts';
import { placeAfter } from '#operations/telephony/place-after.ts';
import { type NumberView, listNumbers, readNumber } from '#operations/telephony/read-numbers.ts';

import { flag } from '../form.ts';
import { marking } from '../marked.ts';
import { type Part, sendPage } from '../page.ts';
import { sendCreated, sendOne, sendRemoved } from '../response.ts';
import { NUMBER } from '../shapes/number.ts';

const NUMBERS = '/Accounts/:account/IncomingPhoneNumbers';
/** What is bought there, by the end of the path. */
const CLASSES: Readonly<Record<string, NumberClass>> = { Local: 'local', TollFree: 'toll_free', Mobile: 'mobile' };

export function numberRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  for (const [path, numberClass] of [['', undefined], ...Object.entries(CLASSES)] as const) {
    const url = path === '' ? NUMBERS : `${NUMBERS}/${path}`;
    const common = { url, target: 'under' } as const;
    accountRoute(scope, deps, {
      ...common,
      method: 'GET',
      right: ['Read', 'IncomingPhoneNumbers'],
      handle: (call) => sendNumbers(deps, call),
    });
    accountRoute(scope, deps, {
      ...common,
      method: 'POST',
      right: ['Create', 'IncomingPhoneNumbers'],
      handle: (call) => buy(deps, call, numberClass),
    });
  }
  const one = { url: `${NUMBERS}/:sid`, target: 'under' } as const;
  accountRoute(scope, deps, {
    ...one,
    method: 'GET',
    right: ['Read', 'IncomingPhoneNumbers'],
    handle: async ({ reply, account, path }) =>
      sendOne(reply, NUMBER, await readNumber(deps.context, account, path['sid'] ?? '')),
  });
  accountRoute(scope, deps, {
    ...one,
    method: ['POST', 'PUT'],
    right: ['Modify', 'IncomingPhoneNumbers'],
    handle: async ({ reply, actor, account, path, form }) => {
      requireStaying(form);
      const changed = await changeNumber(deps.context, actor, account, path['sid'] ?? '', inputOf(form));
      return sendOne(reply, NUMBER, await settled(deps, reply, changed));
    },
  });
  accountRoute(scope, deps, {
    ...one,
    method: 'DELETE',
    right: ['Delete', 'IncomingPhoneNumbers'],
    handle: async ({ reply, actor, account, path }) => {
      await settled(deps, reply, await removeNumber(deps.context, actor, account, path['sid'] ?? ''));
      return sendRemoved(reply);
    },
  });
}

function sendNumbers({ context }: AccountFaceDeps, { reply, query, account }: Call) {
  const filter = {
    number: query.filled('PhoneNumber'),
    name: query.filled('FriendlyName'),
    isNameWhole: true,
  };
  const read = (part: Part) => listNumbers(context, account, filter, part);
  const rowAt = async (offset: number) => (await read({ offset, limit: 1 })).items[0] ?? null;
  return sendPage<NumberView>(
    { reply, query },
    {
      array: 'incoming_phone_numbers',
      shape: NUMBER,
      read,
      seek: {
        uuidOf: ({ uuid }) => uuid,
        placeAfter: (uuid, expected) => placeAfter(context, uuid, expected, rowAt),
      },
    },
  );
}

async function buy(deps: AccountFaceDeps, { reply, actor, account, form }: Call, numberClass: NumberClass | undefined) {
  const number = form.filled('PhoneNumber');
  const areaCode = form.filled('AreaCode');
  const order = { number, areaCode: number === undefined ? areaCode : undefined, numberClass, fields: inputOf(form) };
  // Twilio tells apart what was named from what was to be chosen.
  const bought = await marking(
    'conflict',
    ({ facts }) => (number === undefined && facts['code'] === NOT_OBTAINABLE ? { isChosen: true } : null),
    () => buyAccountNumber(deps.context, actor, account, order),
  );
  return sendCreated(reply, NUMBER, await settled(deps, reply, bought));
}

/** A number stays where it was bought. Throws `invalid` where Twilio would give it to another account. */
function requireStaying(form: Parameters): void {
  if (form.filled('AccountSid') !== undefined)
    throw invalid({ field: 'AccountSid', message: 'cannot be changed here: a number stays with its account' });
}

function inputOf(form: Parameters): NumberInput {
  return {
    friendlyName: form.clearable('FriendlyName'),
    voiceUrl: form.clearable('VoiceUrl'),
    voiceMethod: form.clearable('VoiceMethod')?.toUpperCase(),
    voiceFallbackUrl: form.clearable('VoiceFallbackUrl'),
    voiceFallbackMethod: form.clearable('VoiceFallbackMethod')?.toUpperCase(),
    voiceApplication: form.clearable('VoiceApplicationSid'),
    voiceCallerIdLookup: flag(form, 'VoiceCallerIdLookup'),
    smsUrl: form.clearable('SmsUrl'),
    smsMethod: form.clearable('SmsMethod')?.toUpperCase(),
    smsFallbackUrl: form.clearable('SmsFallbackUrl'),
    smsFallbackMethod: form.clearable('SmsFallbackMethod')?.toUpperCase(),
    smsApplication: form.clearable('SmsApplicationSid'),
    statusCallback: form.clearable('StatusCallback'),
    statusCallbackMethod: form.clearable('StatusCallbackMethod')?.toUpperCase(),
  };
}
