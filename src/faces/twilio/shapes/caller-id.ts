/** A number that an account shows when it calls, as Twilio writes it, and what asks for one. */
import { sidOf } from '#core/sid.ts';
import type { CallerIdView } from '#operations/telephony/caller-ids.ts';

import { type Shape, dateText, uriOf } from '../response.ts';

/** Twilio names caller ids as it names numbers. */
const sid = ({ uuid }: CallerIdView): string => sidOf('number', uuid);

export const CALLER_ID: Shape<CallerIdView> = {
  sid,
  account_sid: ({ account }) => sidOf('account', account),
  friendly_name: ({ friendlyName }) => friendlyName,
  phone_number: ({ number }) => number,
  date_created: ({ createdAt }) => dateText(createdAt),
  date_updated: ({ updatedAt }) => dateText(updatedAt),
  uri: (one) => uriOf(one.account, 'OutgoingCallerIds', sid(one)),
};

/** Nobody is called to say a code: the caller id is there at once. */
export const VALIDATION_REQUEST: Shape<CallerIdView> = {
  account_sid: ({ account }) => sidOf('account', account),
  call_sid: () => null,
  friendly_name: ({ friendlyName }) => friendlyName,
  phone_number: ({ number }) => number,
  validation_code: () => null,
};
