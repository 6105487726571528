/** Messages, notifications and usage as Restcomm writes them. */
import { NOT_ACTIVE_ERROR } from '#core/notification.ts';
import { sidOf } from '#core/sid.ts';
import type { MessageRow } from '#operations/telephony/account-records.ts';
import type { NotificationRow } from '#operations/telephony/notifications.ts';
import type { UsageView } from '#operations/telephony/usage.ts';

import type { PagedList } from '../page.ts';
import { type Shape, dateText } from '../response.ts';
import { accountPath } from './account.ts';
import { account, dates, plain, sid, uri, version } from './record.ts';

export const MESSAGE: Shape<MessageRow> = {
  one: 'SMSMessage',
  many: 'SMSMessages',
  members: [
    sid('message'),
    ...dates<MessageRow>(),
    plain('date_sent', 'DateSent', ({ sent_at }) => sent_at?.toISOString()),
    account(),
    plain('from', 'From', ({ from_text }) => from_text),
    plain('to', 'To', ({ to_text }) => to_text),
    plain('body', 'Body', ({ body }) => body),
    plain('status', 'Status', ({ status }) => status),
    plain('direction', 'Direction', ({ direction }) => direction),
    { json: 'error_code', xml: null, of: ({ error_code }) => error_code },
    { json: 'error_message', xml: null, of: ({ error_message }) => error_message },
    {
      json: null,
      xml: 'Error',
      of: ({ error_code, error_message }) =>
        error_code === null ? null : { ErrorCode: error_code, ErrorMessage: error_message ?? '' },
    },
    plain('price', 'Price', ({ price }) => price),
    plain('price_unit', 'PriceUnit', ({ price_unit }) => price_unit),
    version(),
    uri('message', 'SMS/Messages'),
  ],
};

export const MESSAGES: PagedList<MessageRow> = {
  shape: MESSAGE,
  array: 'messages',
  sidOf: ({ uuid }) => sidOf('message', uuid),
};

export const NOTIFICATION: Shape<NotificationRow> = {
  one: 'Notification',
  many: 'Notifications',
  members: [
    plain('sid', 'Sid', ({ uuid }) => sidOf('notification', uuid)),
    plain('date_created', 'DateCreated', ({ minute }) => dateText(minute)),
    plain('date_updated', 'DateUpdated', ({ minute }) => dateText(minute)),
    account(),
    // It counts refusals of several calls, and those have no record.
    plain('call_sid', 'CallSid', () => null),
    version(),
    plain('log', 'Log', () => 0),
    plain('error_code', 'ErrorCode', () => NOT_ACTIVE_ERROR),
    plain('more_info', 'MoreInfo', () => null),
    plain('message_text', 'MessageText', ({ text }) => text),
    plain('message_date', 'MessageDate', ({ minute }) => minute.toISOString()),
    plain('request_url', 'RequestUrl', () => null),
    plain('request_method', 'RequestMethod', () => null),
    plain('request_variables', 'RequestVariables', () => null),
    plain('response_headers', 'ResponseHeaders', () => null),
    plain('response_body', 'ResponseBody', () => null),
    uri('notification', 'Notifications'),
  ],
};

export const NOTIFICATIONS: PagedList<NotificationRow> = {
  shape: NOTIFICATION,
  array: 'notifications',
  sidOf: ({ uuid }) => sidOf('notification', uuid),
};

const WORDS = {
  calls: { description: 'Total Calls', usageUnit: 'minutes', countUnit: 'calls' },
  sms: { description: 'Total SMS', usageUnit: 'messages', countUnit: 'messages' },
} as const;

/** `span` is the word by which it was asked for. */
export function usageShape(span: string): Shape<UsageView> {
  const path = ({ accountUuid }: UsageView) => `${accountPath(accountUuid)}/Usage/Records/${encodeURIComponent(span)}`;
  return {
    one: 'UsageRecord',
    many: 'UsageRecords',
    members: [
      plain('category', 'Category', ({ category }) => category),
      plain('description', 'Description', ({ category }) => WORDS[category].description),
      plain('account_sid', 'AccountSid', ({ accountUuid }) => sidOf('account', accountUuid)),
      plain('start_date', 'StartDate', ({ start }) => start),
      plain('end_date', 'EndDate', ({ end }) => end),
      plain('usage', 'Usage', ({ usage }) => String(usage)),
      plain('usage_unit', 'UsageUnit', ({ category }) => WORDS[category].usageUnit),
      plain('count', 'Count', ({ count }) => String(count)),
      plain('count_unit', 'CountUnit', ({ category }) => WORDS[category].countUnit),
      plain('price', 'Price', ({ price }) => price),
      plain('price_unit', 'PriceUnit', ({ priceUnit }) => priceUnit),
      { json: 'uri', xml: 'Uri', of: (row) => `${path(row)}.json`, ofXml: path },
    ],
  };
}
