/** Calls and conferences as Restcomm writes them. */
import { sidOf } from '#core/sid.ts';
import type { CallRow, ConferenceRow } from '#operations/telephony/account-records.ts';

import type { PagedList } from '../page.ts';
import type { Shape } from '../response.ts';
import { accountPath } from './account.ts';
import { account, beneath, dates, plain, sid, uri, version } from './record.ts';

export const CALL: Shape<CallRow> = {
  one: 'Call',
  many: 'Calls',
  members: [
    sid('call'),
    // The platform that carries it stands for the server.
    plain('InstanceId', 'InstanceId', ({ system_uuid }) =>
      system_uuid === null ? null : `ID${system_uuid.replaceAll('-', '')}`,
    ),
    ...dates<CallRow>(),
    plain('parent_call_sid', 'ParentCallSid', ({ parent }) => (parent === null ? null : sidOf('call', parent))),
    account(),
    plain('to', 'To', ({ to_text }) => to_text),
    plain('from', 'From', ({ from_text }) => from_text),
    plain('phone_number_sid', 'PhoneNumberSid', ({ phone_number }) =>
      phone_number === null ? null : sidOf('number', phone_number),
    ),
    plain('status', 'Status', ({ status }) => status),
    plain('start_time', 'StartTime', ({ started_at }) => started_at?.toISOString()),
    plain('end_time', 'EndTime', ({ ended_at }) => ended_at?.toISOString()),
    plain('duration', 'Duration', ({ duration }) => duration),
    { json: null, xml: 'Price', of: ({ price }) => price },
    plain('price_unit', 'PriceUnit', ({ price_unit }) => price_unit),
    plain('direction', 'Direction', ({ direction }) => direction),
    plain('answered_by', 'AnsweredBy', ({ answered_by }) => answered_by),
    version(),
    plain('forwarded_from', 'ForwardedFrom', ({ forwarded_from }) => forwarded_from),
    plain('caller_name', 'CallerName', ({ caller_name }) => caller_name),
    uri('call', 'Calls'),
    plain('ring_duration', 'Ring_duration', ({ ring_duration }) => ring_duration),
    beneath('call', 'Calls', [
      ['notifications', 'Notifications'],
      ['recordings', 'Recordings'],
    ]),
  ],
};

export const CALLS: PagedList<CallRow> = {
  shape: CALL,
  array: 'calls',
  sidOf: ({ uuid }) => sidOf('call', uuid),
  isPagedInXml: true,
};

export const CONFERENCE: Shape<ConferenceRow> = {
  one: 'Conference',
  many: 'Conferences',
  members: [
    sid('conference'),
    ...dates<ConferenceRow>(),
    account(),
    plain('status', 'Status', ({ status }) => status),
    version(),
    plain('friendly_name', 'FriendlyName', ({ name }) => name),
    uri('conference', 'Conferences'),
    beneath('conference', 'Conferences', [['participants', 'Participants']]),
  ],
};

export const CONFERENCES: PagedList<ConferenceRow> = {
  shape: CONFERENCE,
  array: 'conferences',
  sidOf: ({ uuid }) => sidOf('conference', uuid),
  isPagedInXml: true,
};

const participantPath = (row: CallRow) =>
  `${accountPath(row.account_uuid)}/Conferences/${sidOf('conference', row.conference ?? '')}/Participants/${sidOf('call', row.uuid)}`;

/** A call as a part of its conference. */
export const PARTICIPANT: Shape<CallRow> = {
  one: 'Call',
  many: 'Calls',
  members: [
    sid('call'),
    plain('conference_sid', 'ConferenceSid', ({ conference }) => sidOf('conference', conference ?? '')),
    ...dates<CallRow>(),
    account(),
    plain('muted', 'Muted', ({ muted }) => muted),
    plain('hold', 'Hold', ({ on_hold }) => on_hold),
    plain('start_conference_on_enter', 'StartConferenceOnEnter', ({ starts_conference }) => starts_conference),
    plain('end_conference_on_enter', 'EndConferenceOnEnter', ({ ends_conference }) => ends_conference),
    { json: 'uri', xml: 'Uri', of: (row) => `${participantPath(row)}.json`, ofXml: participantPath },
  ],
};

export const PARTICIPANTS: PagedList<CallRow> = { ...CALLS, shape: PARTICIPANT };
