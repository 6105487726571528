/**
 * Starts a call for an account: judged here, handed over to the call platform that serves the account, and kept as a record.
 *
 * The record is there before the platform is asked, so that the platform can tell of it at once.
 */
import { randomUUID } from 'node:crypto';

import { type FieldError, invalid, problem } from '#core/problem.ts';
import { CALL_STATUSES, RECORD_FIELDS } from '#core/record.ts';
import { readFields } from '#core/field.ts';
import { sidOf } from '#core/sid.ts';
import { type OperationContext, reader } from '#operations/context.ts';
import type { NamedAccount } from '#operations/telephony/find-account.ts';
import { type CallRow, columnValues, findRecord, setRecordStatus, writeRecords } from '#store/record.ts';

import { admitAccount, admitEnds } from './admit-use.ts';
import { getPlatform, statusOf } from './call-platforms.ts';
import type { RefusingFace } from './count-refusal.ts';
import { type UseInput, readCallback, readFrom, readNumber, readTo } from './use-input.ts';

/** A day: whatever rings longer is a mistake. */
const TIMEOUT_MAX_SECONDS = 86_400;
const TEXT_MAX = 255;

/**
 * Throws `held` when the account, who calls or who is called may not now; `invalid`, also for what the platform refuses;
 * `unavailable` without a platform that can do it now.
 */
export async function startCall(
  context: OperationContext,
  face: RefusingFace,
  { id: accountId }: NamedAccount,
  input: UseInput,
): Promise<CallRow> {
  const account = await admitAccount(context, face, accountId, 'call');
  const errors: FieldError[] = [];
  const from = readFrom(input, errors);
  const to = readTo(input, errors);
  const application = readCallback(input, 'Url', 'Method', errors);
  if ((input['Url'] ?? '') === '') errors.push({ field: 'Url', message: 'is missing' });
  const fallback = readCallback(input, 'FallbackUrl', 'FallbackMethod', errors);
  const statusCallback = readCallback(input, 'StatusCallback', 'StatusCallbackMethod', errors);
  const timeout = readNumber(input, 'Timeout', TIMEOUT_MAX_SECONDS, errors);
  const { Username: username = '', Password: password = '' } = input;
  for (const [field, value] of Object.entries({ Username: username, Password: password }))
    if (value.length > TEXT_MAX) errors.push({ field, message: `must have at most ${TEXT_MAX} characters` });
  if (errors.length > 0 || application === null) throw invalid(...errors);
  await admitEnds(context, face, account, 'call', { from, to });
  const session = reader(context);
  const platform = await getPlatform(context, session, account);
  const id = randomUUID();
  const now = context.clock().toISOString();
  const fields = { fromText: from, toText: to, status: 'queued', direction: 'outbound-api', createdAt: now };
  const values = readFields(RECORD_FIELDS.call, fields, 'create', []);
  const common = { uuid: id, account_id: account.id, source: face, external_ref: null, system_id: platform.place.id };
  await writeRecords(session, 'call', [{ ...columnValues('call', values), ...common, updated_at: now }]);
  const handed = await platform.asked.call(platform.place, {
    id,
    account: sidOf('account', account.uuid),
    from,
    to,
    application,
    fallback,
    statusCallback,
    statusEvents: (input['StatusCallbackEvent'] ?? '').split(/[\s,]+/).filter((event) => event !== ''),
    timeout,
    credentials: username === '' ? null : { username, password },
  });
  if (handed.type === 'failed' || handed.type === 'refused' || handed.type === 'gone')
    await setRecordStatus(session, 'call', id, 'failed');
  const status = statusOf(handed, platform, CALL_STATUSES);
  // The platform may have told more by now than it answered.
  if (status !== null) await setRecordStatus(session, 'call', id, status, 'queued');
  const row = await findRecord(session, 'call', id);
  if (row === null) throw problem('unavailable', 'The call was begun, and its record is gone.');
  return row;
}
