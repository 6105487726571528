/** Messages, and notifications of what was refused, as Twilio writes them. */
import { NOT_ACTIVE_ERROR } from '#core/notification.ts';
import { sidOf } from '#core/sid.ts';
import type { MessageRow } from '#operations/telephony/account-records.ts';
import type { NotificationRow } from '#operations/telephony/notifications.ts';

import { API_VERSION, type Shape, dateText, uriOf } from '../response.ts';

export const MESSAGE: Shape<MessageRow> = {
  sid: ({ uuid }) => sidOf('message', uuid),
  account_sid: ({ account_uuid }) => sidOf('account', account_uuid),
  messaging_service_sid: () => null,
  api_version: () => API_VERSION,
  body: ({ body }) => body,
  from: ({ from_text }) => from_text,
  to: ({ to_text }) => to_text,
  status: ({ status }) => status,
  direction: ({ direction }) => direction,
  // In how many parts a message goes is the platform's to know.
  num_segments: () => null,
  num_media: () => '0',
  price: ({ price }) => price,
  price_unit: ({ price_unit }) => price_unit,
  error_code: ({ error_code }) => error_code,
  error_message: ({ error_message }) => error_message,
  date_created: ({ created_at }) => dateText(created_at),
  date_sent: ({ sent_at }) => dateText(sent_at),
  date_updated: ({ updated_at }) => dateText(updated_at),
  uri: ({ account_uuid, uuid }) => uriOf(account_uuid, 'Messages', sidOf('message', uuid)),
  subresource_uris: () => ({}),
};

const MORE_INFO = 'https://www.twilio.com/docs/errors/10001';

export const NOTIFICATION: Shape<NotificationRow> = {
  sid: ({ uuid }) => sidOf('notification', uuid),
  account_sid: ({ account_uuid }) => sidOf('account', account_uuid),
  api_version: () => API_VERSION,
  // It counts refusals of several calls, and those have no record.
  call_sid: () => null,
  log: () => '0',
  error_code: () => String(NOT_ACTIVE_ERROR),
  more_info: () => MORE_INFO,
  message_text: ({ text }) => text,
  message_date: ({ minute }) => dateText(minute),
  request_method: () => null,
  request_url: () => null,
  request_variables: () => null,
  response_headers: () => null,
  response_body: () => null,
  date_created: ({ minute }) => dateText(minute),
  date_updated: ({ minute }) => dateText(minute),
  uri: ({ account_uuid, uuid }) => uriOf(account_uuid, 'Notifications', sidOf('notification', uuid)),
};
