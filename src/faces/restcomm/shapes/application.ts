/** An application as Restcomm writes it, with the numbers that it answers. */
import { sidOf } from '#core/sid.ts';
import type { ApplicationNumber, ApplicationView } from '#operations/telephony/read-applications.ts';

import { type Shape, dateText, jsonOf, xmlOf } from '../response.ts';
import { accountSid, apiVersion, applicationSid, member, sid, uri } from './resource.ts';

const NUMBER: Shape<ApplicationNumber> = {
  one: 'Number',
  many: 'Numbers',
  members: [
    member('sid', ({ uuid }) => sidOf('number', uuid)),
    member('friendly_name', ({ friendlyName }) => friendlyName),
    member('phone_number', ({ number }) => number),
    member('voice_application_sid', ({ applications }) => applicationSid(applications.voice)),
    member('sms_application_sid', ({ applications }) => applicationSid(applications.sms)),
    member('ussd_application_sid', ({ applications }) => applicationSid(applications.ussd)),
    member('refer_application_sid', ({ applications }) => applicationSid(applications.refer)),
  ],
};

export const APPLICATION: Shape<ApplicationView> = {
  one: 'Application',
  many: 'Applications',
  members: [
    sid('application'),
    member('date_created', ({ createdAt }) => dateText(createdAt)),
    member('date_updated', ({ updatedAt }) => dateText(updatedAt)),
    member('friendly_name', ({ name }) => name),
    accountSid(),
    apiVersion(),
    member('voice_caller_id_lookup', ({ voiceCallerIdLookup }) => voiceCallerIdLookup),
    uri('application', 'Applications'),
    member('rcml_url', ({ url }) => url),
    member('kind', ({ medium }) => medium),
    {
      json: 'numbers',
      xml: 'Numbers',
      of: ({ numbers }) => numbers.map((number) => jsonOf(NUMBER, number)),
      ofXml: ({ numbers }) => ({ Number: numbers.map((number) => xmlOf(NUMBER, number)) }),
    },
  ],
};
