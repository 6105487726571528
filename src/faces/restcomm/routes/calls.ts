/** Calls: listed, begun, changed; and what was recorded of one. */
import type { FastifyInstance } from 'fastify';

import { type AccountFaceDeps, type Call, accountRoute } from '#faces/shared/account-routes.ts';
import type { Parameters } from '#faces/shared/parameters.ts';
import {
  type AccountRecordFilter,
  listAccountRecords,
  readAccountRecord,
} from '#operations/telephony/account-records.ts';
import { changeCall } from '#operations/telephony/change-call.ts';
import { startCall } from '#operations/telephony/start-call.ts';
import { problem } from '#core/problem.ts';
import { uuidOfSid } from '#core/sid.ts';

import { readSort, readSpan, withSubAccounts } from '../filters.ts';
import { sendPage } from '../page.ts';
import { sendOne } from '../response.ts';
import { CALL, CALLS } from '../shapes/call.ts';
import { NOTIFICATIONS } from '../shapes/message.ts';
import { RECORDINGS } from '../shapes/recording.ts';
import { answering } from '../status.ts';

const SORTS = {
  DateCreated: 'created_at',
  From: 'from_text',
  To: 'to_text',
  Direction: 'direction',
  Status: 'status',
  Duration: 'duration',
  Price: 'price',
};
const UNDER = '/Accounts/:account/Calls';

export function callRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  accountRoute(scope, deps, {
    method: 'GET',
    url: UNDER,
    right: ['Read', 'Calls'],
    target: 'under',
    handle: async (call) => {
      const filter = callFilter(call.query);
      return sendPage(call, CALLS, (offset, limit) =>
        listAccountRecords(context, 'call', call.account, filter, offset, limit),
      );
    },
  });
  accountRoute(scope, deps, {
    method: 'POST',
    url: UNDER,
    right: ['Create', 'Calls'],
    target: 'under',
    use: 'call',
    handle: async ({ reply, account, form }) =>
      sendOne(reply, CALL, await startCall(context, 'restcomm', account, form.record)),
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: `${UNDER}/:call`,
    right: ['Read', 'Calls'],
    target: 'under',
    handle: async (call) => sendOne(call.reply, CALL, await found(call)),
  });
  accountRoute(scope, deps, {
    method: 'POST',
    url: `${UNDER}/:call`,
    right: ['Modify', 'Calls'],
    target: 'under',
    handle: ({ reply, actor, account, path, form }) =>
      answering(reply, { not_found: 406, conflict: 410 }, async () =>
        sendOne(reply, CALL, await changeCall(context, actor, 'restcomm', account, path['call'] ?? '', form.record)),
      ),
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: `${UNDER}/:call/Recordings`,
    right: ['Read', 'Recordings'],
    target: 'under',
    handle: async (call) => {
      const { uuid } = await found(call);
      return sendPage(call, RECORDINGS, (offset, limit) =>
        listAccountRecords(
          context,
          'recording',
          call.account,
          { withBeneath: false, refersTo: { call: uuid } },
          offset,
          limit,
        ),
      );
    },
  });
  // What is refused never becomes a call, so no call has any.
  accountRoute(scope, deps, {
    method: 'GET',
    url: `${UNDER}/:call/Notifications`,
    right: ['Read', 'Notifications'],
    target: 'under',
    handle: async (call) => {
      await found(call);
      return sendPage(call, NOTIFICATIONS, () => ({ total: 0, items: [] }));
    },
  });

  function found({ actor, account, path }: Call) {
    return readAccountRecord(context, actor, 'call', account, path['call'] ?? '');
  }
}

function callFilter(query: Parameters): AccountRecordFilter {
  return {
    withBeneath: withSubAccounts(query),
    is: query.by({ Status: 'status' }),
    refersTo: sidFilters(query, { ParentCallSid: 'parent', ConferenceSid: 'conference' }),
    ends: query.by({ From: 'from_text', To: 'to_text' }),
    between: { started_at: readSpan(query) },
    sort: readSort(query, SORTS),
  };
}

/** Filters by what a SID stands for. Throws `malformed` for what is none. */
export function sidFilters(
  query: Parameters,
  columns: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(query.by(columns)).map(([column, sid]) => {
      const uuid = uuidOfSid(sid);
      if (uuid === null) throw problem('malformed', `${sid} is no SID.`);
      return [column, uuid];
    }),
  );
}
