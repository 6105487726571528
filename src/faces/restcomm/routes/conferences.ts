/** Conferences and their participants, and what an account used. */
import type { FastifyInstance } from 'fastify';

import { problem } from '#core/problem.ts';
import { type AccountFaceDeps, type Call, accountRoute } from '#faces/shared/account-routes.ts';
import type { Parameters } from '#faces/shared/parameters.ts';
import { listAccountRecords, readAccountRecord } from '#operations/telephony/account-records.ts';
import { changeCall } from '#operations/telephony/change-call.ts';
import { notFound } from '#operations/resolve.ts';
import { USAGE_CATEGORIES, readUsage } from '#operations/telephony/usage.ts';

import { dayAfter, readDay, readSort, withSubAccounts } from '../filters.ts';
import { sendPage } from '../page.ts';
import { sendList, sendOne } from '../response.ts';
import { CONFERENCE, CONFERENCES, PARTICIPANT, PARTICIPANTS } from '../shapes/call.ts';
import { usageShape } from '../shapes/message.ts';
import { answering } from '../status.ts';

const SORTS = { DateCreated: 'created_at', DateUpdated: 'updated_at', FriendlyName: 'name', Status: 'status' };
const UNDER = '/Accounts/:account/Conferences';

export function conferenceRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  accountRoute(scope, deps, {
    method: 'GET',
    url: UNDER,
    right: ['Read', 'Conferences'],
    target: 'under',
    handle: async (call) => {
      const filter = {
        withBeneath: withSubAccounts(call.query),
        is: call.query.by({ Status: 'status', FriendlyName: 'name' }),
        between: { created_at: onDay(call.query, 'DateCreated'), updated_at: onDay(call.query, 'DateUpdated') },
        sort: readSort(call.query, SORTS),
      };
      return sendPage(call, CONFERENCES, (offset, limit) =>
        listAccountRecords(context, 'conference', call.account, filter, offset, limit),
      );
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: `${UNDER}/:conference`,
    right: ['Read', 'Conferences'],
    target: 'under',
    handle: async (call) => sendOne(call.reply, CONFERENCE, await found(call)),
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: `${UNDER}/:conference/Participants`,
    right: ['Read', 'Conferences'],
    target: 'under',
    handle: async (call) => {
      const { uuid } = await found(call);
      const filter = { withBeneath: false, refersTo: { conference: uuid } };
      return sendPage(call, PARTICIPANTS, (offset, limit) =>
        listAccountRecords(context, 'call', call.account, filter, offset, limit),
      );
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: `${UNDER}/:conference/Participants/:call`,
    right: ['Read', 'Conferences'],
    target: 'under',
    handle: async (call) => sendOne(call.reply, PARTICIPANT, await participant(call)),
  });
  accountRoute(scope, deps, {
    method: 'POST',
    url: `${UNDER}/:conference/Participants/:call`,
    right: ['Modify', 'Conferences'],
    target: 'under',
    handle: async (call) => {
      const { reply, actor, account, path, form } = call;
      await participant(call);
      const input = { Mute: form.text('Mute') };
      return answering(reply, { conflict: 410 }, async () =>
        sendOne(reply, PARTICIPANT, await changeCall(context, actor, 'restcomm', account, path['call'] ?? '', input)),
      );
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/Usage/Records/:span',
    right: ['Read', 'Usage'],
    target: 'under',
    handle: async ({ reply, account, path, query }) => {
      const word = (query.filled('Category') ?? 'calls').toLowerCase();
      const category = USAGE_CATEGORIES.find((known) => known === word);
      const span = path['span'] ?? '';
      const since = readDay(query, 'StartDate');
      const until = dayAfter(readDay(query, 'EndDate'));
      if (category === undefined) throw problem('malformed', `Category must be one of ${USAGE_CATEGORIES.join(', ')}.`);
      return sendList(reply, usageShape(span), await readUsage(context, account, span, category, { since, until }));
    },
  });

  function found({ actor, account, path }: Call) {
    return readAccountRecord(context, actor, 'conference', account, path['conference'] ?? '');
  }

  async function participant(call: Call) {
    const { uuid } = await found(call);
    const row = await readAccountRecord(context, call.actor, 'call', call.account, call.path['call'] ?? '');
    if (row.conference !== uuid) throw notFound(call.path['call'] ?? '');
    return row;
  }
}

/** All of one day. */
function onDay(query: Parameters, name: string): readonly [Date | null, Date | null] {
  const day = readDay(query, name);
  return [day, dayAfter(day)];
}
