/** Messages: sent, listed, read; and notifications of what was refused. */
import type { FastifyInstance } from 'fastify';

import { invalid } from '#core/problem.ts';
import { type AccountFaceDeps, accountRoute } from '#faces/shared/account-routes.ts';
import type { Parameters } from '#faces/shared/parameters.ts';
import { listAccountRecords, readAccountRecord } from '#operations/telephony/account-records.ts';
import { admitAccount } from '#operations/telephony/admit-use.ts';
import { listNotifications, readNotification } from '#operations/telephony/notifications.ts';
import { sendMessage } from '#operations/telephony/send-message.ts';

import { timesOf } from '../filters.ts';
import { marking } from '../marked.ts';
import { sendPage } from '../page.ts';
import { sendCreated, sendOne } from '../response.ts';
import { MESSAGE, NOTIFICATION } from '../shapes/message.ts';

export function messageRoutes(scope: FastifyInstance, deps: AccountFaceDeps): void {
  const { context } = deps;
  const all = { url: '/Accounts/:account/Messages', target: 'under' } as const;
  accountRoute(scope, deps, {
    ...all,
    method: 'GET',
    right: ['Read', 'SmsMessages'],
    handle: ({ reply, query, account }) => {
      const filter = {
        withBeneath: false,
        is: query.by({ From: 'from_text', To: 'to_text' }),
        between: { sent_at: timesOf(query, 'DateSent') },
      };
      return sendPage(
        { reply, query },
        {
          array: 'messages',
          shape: MESSAGE,
          read: ({ offset, limit }) => listAccountRecords(context, 'message', account, filter, offset, limit),
        },
      );
    },
  });
  accountRoute(scope, deps, {
    ...all,
    method: 'POST',
    right: ['Create', 'SmsMessages'],
    use: 'message',
    handle: async ({ reply, account, form }) => {
      const missing = ['To', 'From', 'Body'].filter((name) => form.filled(name) === undefined);
      const sent = await marking(
        'invalid',
        () => ({ use: 'message', missing }),
        async () => {
          // Whether it may send at all comes before what it says.
          await admitAccount(context, 'twilio', account.id, 'message');
          requireText(form);
          return sendMessage(context, 'twilio', account, form.record);
        },
      );
      return sendCreated(reply, MESSAGE, sent);
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/Messages/:sid',
    right: ['Read', 'SmsMessages'],
    target: 'under',
    handle: async ({ reply, actor, account, path }) =>
      sendOne(reply, MESSAGE, await readAccountRecord(context, actor, 'message', account, path['sid'] ?? '')),
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/Notifications',
    right: ['Read', 'Notifications'],
    target: 'under',
    handle: ({ reply, query, account }) => {
      const [since, until] = timesOf(query, 'MessageDate');
      const filter = { withBeneath: false, since, until, text: null, ascending: false };
      // They are all errors of one kind.
      const isNone = (query.filled('Log') ?? '0') !== '0';
      return sendPage(
        { reply, query },
        {
          array: 'notifications',
          shape: NOTIFICATION,
          read: ({ offset, limit }) =>
            isNone ? { total: 0, items: [] } : listNotifications(context, account, filter, offset, limit),
        },
      );
    },
  });
  accountRoute(scope, deps, {
    method: 'GET',
    url: '/Accounts/:account/Notifications/:sid',
    right: ['Read', 'Notifications'],
    target: 'under',
    handle: async ({ reply, account, path }) =>
      sendOne(reply, NOTIFICATION, await readNotification(context, account, path['sid'] ?? '')),
  });
}

/** Throws `invalid` for a message that is more than its text. */
function requireText(form: Parameters): void {
  for (const field of ['MediaUrl', 'ContentSid', 'SendAt'])
    if (form.filled(field) !== undefined)
      throw invalid({ field, message: 'cannot be had here: a message is its text' });
}
