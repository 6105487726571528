/** Sends a message for an account: judged here, handed over to the platform that serves it, and kept as a record. */
import { randomUUID } from 'node:crypto';

import { readFields } from '#core/field.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { MESSAGE_BODY_MAX, MESSAGE_STATUSES, RECORD_FIELDS } from '#core/record.ts';
import { sidOf } from '#core/sid.ts';
import { type OperationContext, reader } from '#operations/context.ts';
import type { NamedAccount } from '#operations/telephony/find-account.ts';
import { type MessageRow, columnValues, findRecord, setRecordStatus, writeRecords } from '#store/record.ts';

import { admitAccount, admitEnds } from './admit-use.ts';
import { getPlatform, statusOf } from './call-platforms.ts';
import type { RefusingFace } from './count-refusal.ts';
import { type UseInput, readCallback, readFrom, readTo } from './use-input.ts';

const ENCODING_MAX = 32;

/**
 * Throws `held` when the account, who sends or who is written to may not now; `invalid`, also for what the platform
 * refuses; `unavailable` without a platform that can do it now.
 */
export async function sendMessage(
  context: OperationContext,
  face: RefusingFace,
  { id: accountId }: NamedAccount,
  input: UseInput,
): Promise<MessageRow> {
  const account = await admitAccount(context, face, accountId, 'message');
  const errors: FieldError[] = [];
  const from = readFrom(input, errors);
  const to = readTo(input, errors);
  const { Body: body = '', Encoding: encoding = '' } = input;
  if (body === '') errors.push({ field: 'Body', message: 'is missing' });
  if (body.length > MESSAGE_BODY_MAX || body.includes('\0'))
    errors.push({ field: 'Body', message: `must be text of at most ${MESSAGE_BODY_MAX} characters` });
  if (encoding.length > ENCODING_MAX)
    errors.push({ field: 'Encoding', message: `must have at most ${ENCODING_MAX} characters` });
  const statusCallback = readCallback(input, 'StatusCallback', 'StatusCallbackMethod', errors);
  if (errors.length > 0) throw invalid(...errors);
  await admitEnds(context, face, account, 'message', { from, to });
  const session = reader(context);
  const platform = await getPlatform(context, session, account);
  const id = randomUUID();
  const now = context.clock().toISOString();
  const fields = { fromText: from, toText: to, body, status: 'queued', direction: 'outbound-api', createdAt: now };
  const values = readFields(RECORD_FIELDS.message, { ...fields, sentAt: now }, 'create', []);
  const common = { uuid: id, account_id: account.id, source: face, external_ref: null, system_id: platform.place.id };
  await writeRecords(session, 'message', [{ ...columnValues('message', values), ...common, updated_at: now }]);
  const handed = await platform.asked.message(platform.place, {
    id,
    account: sidOf('account', account.uuid),
    from,
    to,
    body,
    encoding: encoding === '' ? null : encoding,
    statusCallback,
  });
  if (handed.type === 'failed' || handed.type === 'refused' || handed.type === 'gone')
    await setRecordStatus(session, 'message', id, 'failed');
  const status = statusOf(handed, platform, MESSAGE_STATUSES);
  // The platform may have told more by now than it answered.
  if (status !== null) await setRecordStatus(session, 'message', id, status, 'queued');
  const row = await findRecord(session, 'message', id);
  if (row === null) throw problem('unavailable', 'The message was handed over, and its record is gone.');
  return row;
}
