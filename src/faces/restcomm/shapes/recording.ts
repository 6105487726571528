/** Recordings and transcriptions as Restcomm writes them. */
import { sidOf } from '#core/sid.ts';
import type { RecordingRow, TranscriptionRow } from '#operations/telephony/account-records.ts';

import type { PagedList } from '../page.ts';
import type { Shape } from '../response.ts';
import { accountPath } from './account.ts';
import { account, dates, plain, sid, uri, version } from './record.ts';

export const RECORDING: Shape<RecordingRow> = {
  one: 'Recording',
  many: 'Recordings',
  members: [
    sid('recording'),
    ...dates<RecordingRow>(),
    account(),
    plain('call_sid', 'CallSid', ({ call }) => (call === null ? null : sidOf('call', call))),
    plain('duration', 'Duration', ({ duration }) => (duration === null ? null : String(duration))),
    version(),
    uri('recording', 'Recordings'),
    // Here, where anybody may fetch it who has the link; it leads to where the media lie.
    plain('file_uri', 'FileUri', ({ file_uri, account_uuid, uuid }) =>
      file_uri === null ? null : `/restcomm${accountPath(account_uuid)}/Recordings/${sidOf('recording', uuid)}.wav`,
    ),
    plain('s3_uri', 'S3Uri', ({ s3_uri }) => s3_uri),
  ],
};

export const RECORDINGS: PagedList<RecordingRow> = {
  shape: RECORDING,
  array: 'recordings',
  sidOf: ({ uuid }) => sidOf('recording', uuid),
};

export const TRANSCRIPTION: Shape<TranscriptionRow> = {
  one: 'Transcription',
  many: 'Transcriptions',
  members: [
    sid('transcription'),
    ...dates<TranscriptionRow>(),
    account(),
    plain('status', 'Status', ({ status }) => status),
    plain('recording_sid', 'RecordingSid', ({ recording }) =>
      recording === null ? null : sidOf('recording', recording),
    ),
    plain('duration', 'Duration', ({ duration }) => duration),
    plain('transcription_text', 'TranscriptionText', ({ body }) => body),
    plain('price', 'Price', ({ price }) => price),
    plain('price_unit', 'PriceUnit', ({ price_unit }) => price_unit),
    uri('transcription', 'Transcriptions'),
  ],
};

export const TRANSCRIPTIONS: PagedList<TranscriptionRow> = {
  shape: TRANSCRIPTION,
  array: 'transcriptions',
  sidOf: ({ uuid }) => sidOf('transcription', uuid),
};
