/**
 * Records of what was done for accounts by others: calls, messages, recordings, transcriptions, conferences.
 *
 * Abeyance decides nothing by them. Their fields are declared as those of kinds are; times are RFC 3339, durations seconds.
 */
import { type Field, type Fields, INTEGER_MAX } from '#core/field.ts';
import { readTime } from '#core/moment.ts';
import { type Reading, accepted, refused } from '#core/reading.ts';
import { uuidOfSid } from '#core/sid.ts';

export const RECORD_KINDS = ['call', 'message', 'recording', 'transcription', 'conference'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

export function isRecordKind(text: string): text is RecordKind {
  return (RECORD_KINDS as readonly string[]).includes(text);
}

export const CALL_STATUSES = [
  'queued',
  'ringing',
  'in-progress',
  'completed',
  'busy',
  'failed',
  'no-answer',
  'canceled',
] as const;
/** Statuses of a call that still runs, and can be changed. */
export const LIVE_CALL_STATUSES: readonly string[] = ['queued', 'ringing', 'in-progress'];

export const MESSAGE_STATUSES = [
  'queued',
  'sending',
  'sent',
  'delivered',
  'undelivered',
  'failed',
  'receiving',
  'received',
] as const;

export const DIRECTIONS = ['inbound', 'outbound-api', 'outbound-dial', 'outbound-call', 'outbound-reply'] as const;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const AMOUNT = /^-?\d{1,12}(?:\.\d{1,8})?$/;
/** As much as a long message of any carrier has, several times over. */
export const MESSAGE_BODY_MAX = 16_384;

/** A UUID, or a SID of the account APIs, as a UUID. */
export function readRecordId(given: string): Reading<string> {
  const lower = given.toLowerCase();
  if (UUID.test(lower)) return accepted(lower);
  const uuid = uuidOfSid(given);
  return uuid === null ? refused('must be a UUID, or a SID of 34 letters and digits', given) : accepted(uuid);
}

const personal = (max: number, note: string): Field => ({ type: 'text', max, note, personal: true });
const word = (max: number, note: string): Field => ({ type: 'text', max, note });
const id = (note: string): Field => ({ type: 'text', max: 64, note, read: readRecordId });
const seconds = (note: string): Field => ({ type: 'integer', min: 0, max: INTEGER_MAX, note });
const flag = (note: string): Field => ({ type: 'boolean', default: false, note });
const time = (note: string): Field => ({
  type: 'text',
  max: 64,
  note,
  read: (text) => {
    const reading = readTime(text);
    return reading.ok ? accepted(new Date(reading.value).toISOString()) : reading;
  },
});

const PRICE: Fields = {
  price: {
    type: 'text',
    max: 24,
    note: 'What it cost, as a decimal number.',
    read: (text) => (AMOUNT.test(text) ? accepted(text) : refused('must be a decimal number such as 0.015', text)),
  },
  priceUnit: word(8, 'The currency of the price, such as EUR.'),
};

const CREATED: Fields = { createdAt: time('Since when it is there; now if it is absent.') };

const status = (words: readonly string[]): Field => ({
  type: 'text',
  max: 32,
  oneOf: words,
  default: words[0] ?? '',
  note: 'How far it is.',
});
const direction: Field = {
  type: 'text',
  max: 16,
  oneOf: DIRECTIONS,
  default: 'inbound',
  note: 'From where to where; outbound-api: asked for by an account API.',
};

/** The fields of each kind, beside those that all have. */
export const RECORD_FIELDS: Readonly<Record<RecordKind, Fields>> = {
  call: {
    ...CREATED,
    parent: id('The call of which it is a leg.'),
    conference: id('The conference that it is part of.'),
    phoneNumber: id('The number that was called, or called from, as an entity.'),
    fromText: personal(255, 'Who called.'),
    toText: personal(255, 'Who was called.'),
    status: status(CALL_STATUSES),
    direction,
    startedAt: time('When it was answered, or began to ring.'),
    endedAt: time('When it ended.'),
    duration: seconds('How long it lasted.'),
    ringDuration: seconds('How long it rang.'),
    ...PRICE,
    answeredBy: word(64, 'What answered, such as human or machine.'),
    forwardedFrom: personal(255, 'From where it was forwarded.'),
    callerName: personal(255, 'The name of who called, as shown.'),
    muted: flag('Nobody hears it in its conference.'),
    onHold: flag('It hears nobody in its conference.'),
    startsConference: flag('Its conference begins when it enters.'),
    endsConference: flag('Its conference ends when it leaves.'),
  },
  message: {
    ...CREATED,
    fromText: personal(255, 'Who sent it.'),
    toText: personal(255, 'To whom.'),
    body: personal(MESSAGE_BODY_MAX, 'What it says.'),
    status: status(MESSAGE_STATUSES),
    direction,
    sentAt: time('When it was sent.'),
    errorCode: { type: 'integer', min: 0, max: INTEGER_MAX, note: 'Why it was not delivered; 30002: suspended.' },
    errorMessage: word(255, 'The same in words.'),
    ...PRICE,
  },
  recording: {
    ...CREATED,
    call: id('The call that was recorded.'),
    duration: seconds('How long it is.'),
    fileUri: personal(2_048, 'Where it lies.'),
    s3Uri: personal(2_048, 'Where it lies in an object store.'),
  },
  transcription: {
    ...CREATED,
    recording: id('The recording of which it is.'),
    status: status(['in-progress', 'completed', 'failed']),
    duration: seconds('How long the recording is.'),
    body: personal(MESSAGE_BODY_MAX, 'What was said.'),
    ...PRICE,
  },
  conference: {
    ...CREATED,
    name: personal(255, 'The name of its room.'),
    status: status([
      'RUNNING_INITIALIZING',
      'RUNNING_MODERATOR_ABSENT',
      'RUNNING_MODERATOR_PRESENT',
      'STOPPING',
      'COMPLETED',
      'FAILED',
    ]),
  },
};

/** Which records the account APIs still show of a closed account: what it did, and not what it had. */
export const KEPT_RECORDS: readonly RecordKind[] = ['call', 'message', 'conference'];
