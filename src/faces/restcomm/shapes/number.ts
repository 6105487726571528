/** A telephone number as Restcomm writes it: what is absent is null in JSON. */
import type { Medium } from '#operations/telephony/read-applications.ts';
import type { NumberView } from '#operations/telephony/read-numbers.ts';

import { type Member, type Shape, dateText } from '../response.ts';
import { accountSid, apiVersion, applicationSid, member, optional, sid, uri } from './resource.ts';

type NumberMember = Member<NumberView>;

function addresses(medium: Medium): NumberMember[] {
  return [
    member(`${medium}_url`, ({ answering }) => answering[medium].url),
    member(`${medium}_method`, ({ answering }) => answering[medium].method),
  ];
}

function fallbacks(medium: Medium): NumberMember[] {
  return [
    member(`${medium}_fallback_url`, ({ answering }) => answering[medium].fallbackUrl),
    member(`${medium}_fallback_method`, ({ answering }) => answering[medium].fallbackMethod),
  ];
}

function application(medium: Medium): NumberMember[] {
  return [
    member(`${medium}_application_sid`, ({ answering }) => applicationSid(answering[medium].application?.uuid ?? null)),
    optional(`${medium}_application_name`, ({ answering }) => answering[medium].application?.name),
  ];
}

export const NUMBER: Shape<NumberView> = {
  one: 'IncomingPhoneNumber',
  many: 'IncomingPhoneNumbers',
  keepsNull: true,
  members: [
    sid('number'),
    accountSid(),
    member('friendly_name', ({ friendlyName }) => friendlyName),
    member('phone_number', ({ number }) => number),
    ...addresses('voice'),
    ...fallbacks('voice'),
    member('status_callback', ({ statusCallback }) => statusCallback),
    member('status_callback_method', ({ statusCallbackMethod }) => statusCallbackMethod),
    member('voice_caller_id_lookup', ({ voiceCallerIdLookup }) => voiceCallerIdLookup),
    ...application('voice'),
    member('date_created', ({ createdAt }) => dateText(createdAt)),
    member('date_updated', ({ updatedAt }) => dateText(updatedAt)),
    ...addresses('sms'),
    ...fallbacks('sms'),
    ...application('sms'),
    ...addresses('ussd'),
    ...fallbacks('ussd'),
    ...application('ussd'),
    ...addresses('refer'),
    ...application('refer'),
    {
      json: 'capabilities',
      xml: 'Capabilities',
      of: ({ capabilities: { voice, sms, mms, fax } }) => ({
        voice_capable: voice,
        sms_capable: sms,
        mms_capable: mms,
        fax_capable: fax,
      }),
      ofXml: ({ capabilities: { voice, sms, mms, fax } }) => ({ Voice: voice, Sms: sms, Mms: mms, Fax: fax }),
    },
    apiVersion(),
    uri('number', 'IncomingPhoneNumbers'),
  ],
};
