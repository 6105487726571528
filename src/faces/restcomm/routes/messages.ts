/** Messages: listed and sent; and notifications of what was refused. */
import type { FastifyInstance } from 'fastify';

import { NOT_ACTIVE_ERROR } from '#core/notification.ts';
import { type AccountFaceDeps, accountRoute } from '#faces/shared/account-routes.ts';
import { listAccountRecords, readAccountRecord } from '#operations/telephony/account-records.ts';
import { listNotifications, readNotification } from '#operations/telephony/notifications.ts';
import { sendMessage } from '#operations/telephony/send-message.ts';

import { readSort, readSpan, withSubAccounts } from '../filters.ts';
import { sendPage } from '../page.ts';
import { sendOne } from '../response.ts';
import { MESSAGE, MESSAGES, NOTIFICATION, NOTIFICATIONS } from '../shapes/message.ts';

const MESSAGE_SORTS = {
  DateCreated: 'created_at',
  From: 'from_text',
  To: 'to_text',
  Direction: 'direction',
  Status: 'status',
  Body: 'body',
  Price: 'price',
};
/** All of them are alike but for their time. */
const NOTIFICATION_SORTS = {
  DateCreated: 'created_at',
  Log: 'created_at',
  ErrorCode: 'created_at',
  CallSid: 'created_at',
  MessageText: 'created_at',
};

export function messageRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/SMS/Messages',
    right: ['Read', 'SmsMessages'],
    target: 'under',
    handle: async (call) => {
      const filter = {
        withBeneath: withSubAccounts(call.query),
        is: call.query.by({ Status: 'status' }),
        ends: call.query.by({ From: 'from_text', To: 'to_text' }),
        has: call.query.by({ Body: 'body' }),
        between: { created_at: readSpan(call.query) },
        sort: readSort(call.query, MESSAGE_SORTS),
      };
      return sendPage(call, MESSAGES, (offset, limit) =>
        listAccountRecords(context, 'message', call.account, filter, offset, limit),
      );
    },
  });
  accountRoute(scope, deps, {
    method: 'POST',
    url: '/Accounts/:account/SMS/Messages',
    right: ['Create', 'SmsMessages'],
    target: 'under',
    use: 'message',
    handle: async ({ reply, account, form }) =>
      sendOne(reply, MESSAGE, await sendMessage(context, 'restcomm', account, form.record)),
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/SMS/Messages/:message',
    right: ['Read', 'SmsMessages'],
    target: 'under',
    handle: async ({ reply, actor, account, path }) =>
      sendOne(reply, MESSAGE, await readAccountRecord(context, actor, 'message', account, path['message'] ?? '')),
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/Notifications',
    right: ['Read', 'Notifications'],
    target: 'under',
    handle: async (call) => {
      const { query, account } = call;
      const [since, until] = readSpan(query);
      const code = query.filled('ErrorCode');
      const text = query.by({ MessageText: 'text' })['text'] ?? null;
      const { ascending } = readSort(query, NOTIFICATION_SORTS);
      const filter = { withBeneath: withSubAccounts(query), since, until, text, ascending };
      // They are all of one error, and none is of a request of ours.
      const isNone =
        (code !== undefined && code !== String(NOT_ACTIVE_ERROR)) || query.filled('RequestUrl') !== undefined;
      return sendPage(call, NOTIFICATIONS, (offset, limit) =>
        isNone ? { total: 0, items: [] } : listNotifications(context, account, filter, offset, limit),
      );
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/Notifications/:notification',
    right: ['Read', 'Notifications'],
    target: 'under',
    handle: async ({ reply, account, path }) =>
      sendOne(reply, NOTIFICATION, await readNotification(context, account, path['notification'] ?? '')),
  });
}
