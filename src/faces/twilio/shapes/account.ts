/** An account as Twilio writes it. */
import { threeWords } from '#core/account-status.ts';
import { sidOf } from '#core/sid.ts';
import type { AccountView } from '#operations/telephony/account-view.ts';

import { type Shape, dateText, uriOf } from '../response.ts';

/** What lies under an account here, by Twilio's names: of what Twilio has besides, nothing is said. */
const SUBRESOURCES: Readonly<Record<string, readonly string[]>> = {
  applications: ['Applications'],
  available_phone_numbers: ['AvailablePhoneNumbers'],
  calls: ['Calls'],
  conferences: ['Conferences'],
  incoming_phone_numbers: ['IncomingPhoneNumbers'],
  messages: ['Messages'],
  notifications: ['Notifications'],
  outgoing_caller_ids: ['OutgoingCallerIds'],
  recordings: ['Recordings'],
  transcriptions: ['Transcriptions'],
  usage: ['Usage', 'Records'],
};

export const ACCOUNT: Shape<AccountView> = {
  sid: ({ uuid }) => sidOf('account', uuid),
  auth_token: ({ authToken }) => authToken,
  date_created: ({ createdAt }) => dateText(createdAt),
  date_updated: ({ updatedAt }) => dateText(updatedAt),
  friendly_name: ({ name }) => name,
  // That of an account with nobody above is its own.
  owner_account_sid: ({ uuid, parent }) => sidOf('account', parent ?? uuid),
  status: ({ status }) => threeWords(status),
  subresource_uris: ({ uuid }) =>
    Object.fromEntries(Object.entries(SUBRESOURCES).map(([name, path]) => [name, uriOf(uuid, ...path)])),
  type: ({ type }) => type,
  uri: ({ uuid }) => uriOf(uuid),
};
