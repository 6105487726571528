/** Calls: begun, listed, read, changed; and what was recorded of one. */
import type { FastifyInstance } from 'fastify';

import { invalid } from '#core/problem.ts';
import { type AccountFaceDeps, type Call, accountRoute } from '#faces/shared/account-routes.ts';
import type { Parameters } from '#faces/shared/parameters.ts';
import { listAccountRecords, readAccountRecord } from '#operations/telephony/account-records.ts';
import { admitAccount } from '#operations/telephony/admit-use.ts';
import { changeCall } from '#operations/telephony/change-call.ts';
import { readApplication } from '#operations/telephony/read-applications.ts';
import { startCall } from '#operations/telephony/start-call.ts';

import { sidsOf, timesOf } from '../filters.ts';
import { marking } from '../marked.ts';
import { sendPage } from '../page.ts';
import { sendCreated, sendOne } from '../response.ts';
import { CALL } from '../shapes/call.ts';
import { NOTIFICATION } from '../shapes/message.ts';
import { RECORDING } from '../shapes/recording.ts';

const CALLS = '/Accounts/:account/Calls';

export function callRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  const all = { url: CALLS, target: 'under' } as const;
  accountRoute(scope, deps, {
    ...all,
    method: 'GET',
    right: ['Read', 'Calls'],
    handle: ({ reply, query, account }) => {
      const filter = {
        withBeneath: false,
        is: query.by({ Status: 'status', From: 'from_text', To: 'to_text' }),
        refersTo: sidsOf(query, { ParentCallSid: 'parent' }),
        between: { started_at: timesOf(query, 'StartTime'), ended_at: timesOf(query, 'EndTime') },
      };
      return sendPage(
        { reply, query },
        {
          array: 'calls',
          shape: CALL,
          read: ({ offset, limit }) => listAccountRecords(context, 'call', account, filter, offset, limit),
        },
      );
    },
  });
  accountRoute(scope, deps, {
    ...all,
    method: 'POST',
    right: ['Create', 'Calls'],
    use: 'call',
    handle: async ({ reply, account, form }) => {
      const missing = ['To', 'From', 'Url'].filter((name) => form.filled(name) === undefined);
      const begun = await marking(
        'invalid',
        () => ({ use: 'call', missing }),
        async () => {
          // Whether it may call at all comes before what it says.
          await admitAccount(context, 'twilio', account.id, 'call');
          return startCall(context, 'twilio', account, await inputOf(deps, account, form));
        },
      );
      return sendCreated(reply, CALL, begun);
    },
  });
  const one = { url: `${CALLS}/:sid`, target: 'under' } as const;
  accountRoute(scope, deps, {
    ...one,
    method: 'GET',
    right: ['Read', 'Calls'],
    handle: async (call) => sendOne(call.reply, CALL, await found(call)),
  });
  accountRoute(scope, deps, {
    ...one,
    method: ['POST', 'PUT'],
    right: ['Modify', 'Calls'],
    handle: async ({ reply, actor, account, path, form }) => {
      requireNoTwiml(form);
      const changed = await marking(
        'conflict',
        () => ({ isOver: true }),
        () => changeCall(context, actor, 'twilio', account, path['sid'] ?? '', form.record),
      );
      return sendOne(reply, CALL, changed);
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: `${CALLS}/:sid/Recordings`,
    right: ['Read', 'Recordings'],
    target: 'under',
    handle: async (call) => {
      const filter = { withBeneath: false, refersTo: { call: (await found(call)).uuid } };
      return sendPage(call, {
        array: 'recordings',
        shape: RECORDING,
        read: ({ offset, limit }) => listAccountRecords(context, 'recording', call.account, filter, offset, limit),
      });
    },
  });
  // What is refused never becomes a call, so no call has any.
  accountRoute(scope, deps, {
    method: 'GET',
    url: `${CALLS}/:sid/Notifications`,
    right: ['Read', 'Notifications'],
    target: 'under',
    handle: async (call) => {
      await found(call);
      return sendPage(call, { array: 'notifications', shape: NOTIFICATION, read: () => ({ total: 0, items: [] }) });
    },
  });

  function found({ actor, account, path }: Call) {
    return readAccountRecord(context, actor, 'call', account, path['sid'] ?? '');
  }
}

/** What a call is to be, by the names that both APIs have; an application is asked for where it lies. */
async function inputOf({ context }: AccountFaceDeps, account: Call['account'], form: Parameters) {
  requireNoTwiml(form);
  const application = form.filled('ApplicationSid');
  const url = application === undefined ? null : (await readApplication(context, account, application)).url;
  return {
    ...form.record,
    ...(url === null ? {} : { Url: url, Method: 'POST' }),
    StatusCallbackEvent: form.all('StatusCallbackEvent').join(' '),
    Username: form.text('SipAuthUsername') ?? '',
    Password: form.text('SipAuthPassword') ?? '',
  };
}

/** Throws `invalid` for instructions that come along: they lie at an address here. */
function requireNoTwiml(form: Parameters): void {
  if (form.filled('Twiml') !== undefined)
    throw invalid({ field: 'Twiml', message: 'cannot be taken here: give the Url at which it is' });
}
