/** Recordings and transcriptions as Twilio writes them. */
import { sidOf } from '#core/sid.ts';
import type { RecordingRow, TranscriptionRow } from '#operations/telephony/account-records.ts';

import { API_VERSION, type Shape, dateText, sidOrNull, uriOf } from '../response.ts';

export const RECORDING: Shape<RecordingRow> = {
  sid: ({ uuid }) => sidOf('recording', uuid),
  account_sid: ({ account_uuid }) => sidOf('account', account_uuid),
  api_version: () => API_VERSION,
  call_sid: ({ call }) => sidOrNull('call', call),
  conference_sid: () => null,
  date_created: ({ created_at }) => dateText(created_at),
  date_updated: ({ updated_at }) => dateText(updated_at),
  start_time: ({ created_at }) => dateText(created_at),
  duration: ({ duration }) => duration?.toString(),
  price: () => null,
  price_unit: () => null,
  status: () => 'completed',
  channels: () => 1,
  source: () => null,
  error_code: () => null,
  encryption_details: () => null,
  uri: ({ account_uuid, uuid }) => uriOf(account_uuid, 'Recordings', sidOf('recording', uuid)),
  subresource_uris: () => ({}),
  // Here, where anybody may fetch it who has the link; it leads to where the media lie.
  media_url: ({ file_uri, account_uuid, uuid }) =>
    file_uri === null ? null : uriOf(account_uuid, 'Recordings', sidOf('recording', uuid)).replace(/\.json$/, '.wav'),
};

export const TRANSCRIPTION: Shape<TranscriptionRow> = {
  sid: ({ uuid }) => sidOf('transcription', uuid),
  account_sid: ({ account_uuid }) => sidOf('account', account_uuid),
  api_version: () => API_VERSION,
  recording_sid: ({ recording }) => sidOrNull('recording', recording),
  status: ({ status }) => status,
  type: () => null,
  duration: ({ duration }) => duration?.toString(),
  transcription_text: ({ body }) => body,
  price: ({ price }) => (price === null ? null : Number(price)),
  price_unit: ({ price_unit }) => price_unit,
  date_created: ({ created_at }) => dateText(created_at),
  date_updated: ({ updated_at }) => dateText(updated_at),
  uri: ({ account_uuid, uuid }) => uriOf(account_uuid, 'Transcriptions', sidOf('transcription', uuid)),
};
