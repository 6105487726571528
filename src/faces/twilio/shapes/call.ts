/** Calls, conferences and who takes part in them, as Twilio writes them. */
import { sidOf } from '#core/sid.ts';
import type { CallRow, ConferenceRow } from '#operations/telephony/account-records.ts';

import { API_VERSION, type Shape, dateText, sidOrNull, uriOf } from '../response.ts';

const CALLS = 'Calls';
const CONFERENCES = 'Conferences';

export const CALL: Shape<CallRow> = {
  sid: ({ uuid }) => sidOf('call', uuid),
  date_created: ({ created_at }) => dateText(created_at),
  date_updated: ({ updated_at }) => dateText(updated_at),
  parent_call_sid: ({ parent }) => sidOrNull('call', parent),
  account_sid: ({ account_uuid }) => sidOf('account', account_uuid),
  to: ({ to_text }) => to_text,
  to_formatted: ({ to_text }) => to_text,
  from: ({ from_text }) => from_text,
  from_formatted: ({ from_text }) => from_text,
  phone_number_sid: ({ phone_number }) => sidOrNull('number', phone_number),
  status: ({ status }) => status,
  start_time: ({ started_at }) => dateText(started_at),
  end_time: ({ ended_at }) => dateText(ended_at),
  duration: ({ duration }) => duration?.toString(),
  price: ({ price }) => price,
  price_unit: ({ price_unit }) => price_unit,
  direction: ({ direction }) => direction,
  answered_by: ({ answered_by }) => answered_by,
  api_version: () => API_VERSION,
  forwarded_from: ({ forwarded_from }) => forwarded_from,
  group_sid: () => null,
  caller_name: ({ caller_name }) => caller_name,
  queue_time: () => '0',
  trunk_sid: () => null,
  uri: ({ account_uuid, uuid }) => uriOf(account_uuid, CALLS, sidOf('call', uuid)),
  subresource_uris: ({ account_uuid, uuid }) => ({
    notifications: uriOf(account_uuid, CALLS, sidOf('call', uuid), 'Notifications'),
    recordings: uriOf(account_uuid, CALLS, sidOf('call', uuid), 'Recordings'),
  }),
};

/** Twilio's words for how far a conference is, with those that records have for it. */
const CONFERENCE_WORDS: Readonly<Record<string, readonly string[]>> = {
  init: ['RUNNING_INITIALIZING'],
  'in-progress': ['RUNNING_MODERATOR_ABSENT', 'RUNNING_MODERATOR_PRESENT', 'STOPPING'],
  completed: ['COMPLETED', 'FAILED'],
};

/** The words of records that one of Twilio's stands for; none for a word that it does not have. */
export function conferenceWords(word: string): readonly string[] {
  return CONFERENCE_WORDS[word] ?? [];
}

function conferenceWord(status: string): string | null {
  return Object.entries(CONFERENCE_WORDS).find(([, words]) => words.includes(status))?.[0] ?? null;
}

export const CONFERENCE: Shape<ConferenceRow> = {
  sid: ({ uuid }) => sidOf('conference', uuid),
  account_sid: ({ account_uuid }) => sidOf('account', account_uuid),
  date_created: ({ created_at }) => dateText(created_at),
  date_updated: ({ updated_at }) => dateText(updated_at),
  api_version: () => API_VERSION,
  friendly_name: ({ name }) => name,
  region: () => null,
  status: ({ status }) => conferenceWord(status),
  reason_conference_ended: () => null,
  call_sid_ending_conference: () => null,
  uri: ({ account_uuid, uuid }) => uriOf(account_uuid, CONFERENCES, sidOf('conference', uuid)),
  subresource_uris: ({ account_uuid, uuid }) => ({
    participants: uriOf(account_uuid, CONFERENCES, sidOf('conference', uuid), 'Participants'),
  }),
};

/** A call as a part of its conference. */
export const PARTICIPANT: Shape<CallRow> = {
  account_sid: ({ account_uuid }) => sidOf('account', account_uuid),
  call_sid: ({ uuid }) => sidOf('call', uuid),
  conference_sid: ({ conference }) => sidOrNull('conference', conference),
  label: () => null,
  call_sid_to_coach: () => null,
  coaching: () => false,
  muted: ({ muted }) => muted,
  hold: ({ on_hold }) => on_hold,
  start_conference_on_enter: ({ starts_conference }) => starts_conference,
  end_conference_on_exit: ({ ends_conference }) => ends_conference,
  status: ({ status }) => (status === 'in-progress' ? 'connected' : status === 'completed' ? 'complete' : status),
  queue_time: () => null,
  date_created: ({ created_at }) => dateText(created_at),
  date_updated: ({ updated_at }) => dateText(updated_at),
  uri: ({ account_uuid, conference, uuid }) =>
    uriOf(account_uuid, CONFERENCES, sidOf('conference', conference ?? ''), 'Participants', sidOf('call', uuid)),
};
