/** An account as Restcomm writes it. Nothing of it tells who is above. */
import { sidOf } from '#core/sid.ts';
import type { AccountView } from '#operations/telephony/account-view.ts';

import { type Shape, type Value, dateText } from '../response.ts';

export const API_VERSION = '2012-04-24';

/** The path of an account within bodies, without the context of the application. */
export function accountPath(uuid: string): string {
  return `/${API_VERSION}/Accounts/${sidOf('account', uuid)}`;
}

/** What lies under an account: name in JSON, name in XML, end of the path. */
const SUBRESOURCES: readonly (readonly [string, string, string])[] = [
  ['available_phone_numbers', 'AvailablePhoneNumbers', 'AvailablePhoneNumbers'],
  ['calls', 'Calls', 'Calls'],
  ['conferences', 'Conferences', 'Conferences'],
  ['incoming_phone_numbers', 'IncomingPhoneNumbers', 'IncomingPhoneNumbers'],
  ['notifications', 'Notifications', 'Notifications'],
  ['outgoing_caller_ids', 'OutgoingCallerIds', 'OutgoingCallerIds'],
  ['recordings', 'Recordings', 'Recordings'],
  ['sandbox', 'Sandbox', 'Sandbox'],
  ['sms_messages', 'SMSMessages', 'SMS/Messages'],
  ['transcriptions', 'Transcriptions', 'Transcriptions'],
];

function subresources(uuid: string, name: 0 | 1, suffix: string): Value {
  return Object.fromEntries(SUBRESOURCES.map((row) => [row[name], `${accountPath(uuid)}/${row[2]}${suffix}`]));
}

export const ACCOUNT: Shape<AccountView> = {
  one: 'Account',
  many: 'Accounts',
  members: [
    { json: 'sid', xml: 'Sid', of: ({ uuid }) => sidOf('account', uuid) },
    {
      json: 'organization',
      xml: 'organization',
      of: ({ organization }) => (organization === null ? null : sidOf('organization', organization.uuid)),
    },
    { json: 'friendly_name', xml: 'FriendlyName', of: ({ name }) => name },
    { json: 'email_address', xml: 'EmailAddress', of: ({ email }) => email },
    { json: 'type', xml: 'Type', of: ({ type }) => type },
    { json: 'status', xml: 'Status', of: ({ status }) => status },
    { json: 'role', xml: 'Role', of: ({ role }) => role },
    { json: 'date_created', xml: 'DateCreated', of: ({ createdAt }) => dateText(createdAt) },
    { json: 'date_updated', xml: 'DateUpdated', of: ({ updatedAt }) => dateText(updatedAt) },
    { json: 'auth_token', xml: 'AuthToken', of: ({ authToken }) => authToken },
    {
      json: 'uri',
      xml: 'Uri',
      of: ({ uuid }) => `/${API_VERSION}/Accounts.json/${sidOf('account', uuid)}`,
      ofXml: ({ uuid }) => accountPath(uuid),
    },
    {
      json: 'subresource_uris',
      xml: 'SubresourceUris',
      of: ({ uuid }) => subresources(uuid, 0, '.json'),
      ofXml: ({ uuid }) => subresources(uuid, 1, ''),
    },
  ],
  xmlOrder: [
    'Sid',
    'organization',
    'FriendlyName',
    'EmailAddress',
    'Status',
    'Role',
    'Type',
    'DateCreated',
    'DateUpdated',
    'AuthToken',
    'Uri',
    'SubresourceUris',
  ],
};
