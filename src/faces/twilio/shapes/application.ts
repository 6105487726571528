/**
 * An application as Twilio writes it. There an application has addresses for calls and for messages; here it has one, which
 * is for either. What it cannot keep is written as what an application at Twilio has that was told nothing.
 */
import { sidOf } from '#core/sid.ts';
import type { ApplicationView } from '#operations/telephony/read-applications.ts';

import { API_VERSION, type Shape, dateText, uriOf } from '../response.ts';

export const APPLICATION: Shape<ApplicationView> = {
  sid: ({ uuid }) => sidOf('application', uuid),
  account_sid: ({ account }) => sidOf('account', account),
  api_version: () => API_VERSION,
  friendly_name: ({ name }) => name,
  // An application that does not say what it is for answers calls.
  voice_url: ({ medium, url }) => (medium === 'voice' || medium === null ? url : null),
  voice_method: () => 'POST',
  voice_fallback_url: () => null,
  voice_fallback_method: () => 'POST',
  voice_caller_id_lookup: ({ voiceCallerIdLookup }) => voiceCallerIdLookup,
  status_callback: () => null,
  status_callback_method: () => 'POST',
  sms_url: ({ medium, url }) => (medium === 'sms' ? url : null),
  sms_method: () => 'POST',
  sms_fallback_url: () => null,
  sms_fallback_method: () => 'POST',
  sms_status_callback: () => null,
  message_status_callback: () => null,
  public_application_connect_enabled: () => false,
  date_created: ({ createdAt }) => dateText(createdAt),
  date_updated: ({ updatedAt }) => dateText(updatedAt),
  uri: ({ account, uuid }) => uriOf(account, 'Applications', sidOf('application', uuid)),
};
