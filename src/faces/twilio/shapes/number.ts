/**
 * A telephone number as Twilio writes it. What it never has here, such as an address or a trunk, is written as that of a
 * number at Twilio that has none.
 */
import { sidOf } from '#core/sid.ts';
import type { NumberView } from '#operations/telephony/read-numbers.ts';

import { API_VERSION, type Shape, dateText, sidOrNull, uriOf } from '../response.ts';

export const NUMBER: Shape<NumberView> = {
  sid: ({ uuid }) => sidOf('number', uuid),
  account_sid: ({ account }) => sidOf('account', account),
  friendly_name: ({ friendlyName }) => friendlyName,
  phone_number: ({ number }) => number,
  voice_url: ({ answering }) => answering.voice.url,
  voice_method: ({ answering }) => answering.voice.method,
  voice_fallback_url: ({ answering }) => answering.voice.fallbackUrl,
  voice_fallback_method: ({ answering }) => answering.voice.fallbackMethod,
  voice_caller_id_lookup: ({ voiceCallerIdLookup }) => voiceCallerIdLookup,
  voice_application_sid: ({ answering }) => sidOrNull('application', answering.voice.application?.uuid),
  sms_url: ({ answering }) => answering.sms.url,
  sms_method: ({ answering }) => answering.sms.method,
  sms_fallback_url: ({ answering }) => answering.sms.fallbackUrl,
  sms_fallback_method: ({ answering }) => answering.sms.fallbackMethod,
  sms_application_sid: ({ answering }) => sidOrNull('application', answering.sms.application?.uuid),
  status_callback: ({ statusCallback }) => statusCallback,
  status_callback_method: ({ statusCallbackMethod }) => statusCallbackMethod,
  capabilities: ({ capabilities: { voice, sms, mms, fax } }) => ({ voice, sms, mms, fax }),
  address_requirements: () => 'none',
  address_sid: () => null,
  identity_sid: () => null,
  bundle_sid: () => null,
  trunk_sid: () => null,
  emergency_status: () => 'Inactive',
  emergency_address_sid: () => null,
  emergency_address_status: () => 'unregistered',
  voice_receive_mode: () => 'voice',
  beta: () => false,
  origin: ({ isPureSip }) => (isPureSip ? 'hosted' : 'twilio'),
  // A purchase that its provider has not confirmed yet goes on by itself.
  status: ({ isBeingBought }) => (isBeingBought ? 'pending' : 'in-use'),
  type: () => null,
  api_version: () => API_VERSION,
  date_created: ({ createdAt }) => dateText(createdAt),
  date_updated: ({ updatedAt }) => dateText(updatedAt),
  uri: ({ account, uuid }) => uriOf(account, 'IncomingPhoneNumbers', sidOf('number', uuid)),
};
