/** A number that an account shows when it calls, as Restcomm writes it. */
import type { CallerIdView } from '#operations/telephony/caller-ids.ts';

import { type Shape, dateText } from '../response.ts';
import { accountSid, member, sid, uri } from './resource.ts';

export const CALLER_ID: Shape<CallerIdView> = {
  one: 'OutgoingCallerId',
  many: 'OutgoingCallerIds',
  members: [
    sid('callerId'),
    accountSid(),
    member('friendly_name', ({ friendlyName }) => friendlyName),
    member('phone_number', ({ number }) => number),
    member('date_created', ({ createdAt }) => dateText(createdAt)),
    member('date_updated', ({ updatedAt }) => dateText(updatedAt)),
    uri('callerId', 'OutgoingCallerIds'),
  ],
};
