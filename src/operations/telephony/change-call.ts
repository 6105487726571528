/** Ends a call that runs, has it do something else, or mutes it: at the platform that made it. */
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { CALL_STATUSES, LIVE_CALL_STATUSES } from '#core/record.ts';
import { uuidOfSid } from '#core/sid.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import type { NamedAccount } from '#operations/telephony/find-account.ts';
import { getState } from '#store/entity.ts';
import { type CallRow, findRecord, setRecordStatus } from '#store/record.ts';

import { admitAccount } from './admit-use.ts';
import { getPlatform, statusOf } from './call-platforms.ts';
import { readAccountRecord } from './account-records.ts';
import type { RefusingFace } from './count-refusal.ts';
import { type UseInput, readCallback, readFlag } from './use-input.ts';

const ENDINGS = ['canceled', 'completed'] as const;

/**
 * Throws `invalid`; `not_found` for a call that there is not; `held` when an account that may not consume is to do something
 * else, while an end is never refused; `conflict` for a call that is over; `unavailable` without its platform.
 */
export async function changeCall(
  context: OperationContext,
  actor: Actor,
  face: RefusingFace,
  account: NamedAccount,
  sid: string,
  input: UseInput,
): Promise<CallRow> {
  // The platform finds a call through whatever account.
  const any = actor.accountId === 0 ? await findCall(context, sid) : null;
  const owner =
    any === null || any.account_id === account.id ? account : await getState(reader(context), any.account_id);
  const found = await readAccountRecord(context, actor, 'call', owner, sid);
  const errors: FieldError[] = [];
  const application = readCallback(input, 'Url', 'Method', errors);
  const muted = readFlag(input, 'Mute', errors);
  const word = (input['Status'] ?? '').toLowerCase();
  const status = ENDINGS.find((ending) => ending === word) ?? null;
  if (word !== '' && status === null) errors.push({ field: 'Status', message: 'must be canceled or completed' });
  if (errors.length > 0) throw invalid(...errors);
  // The platform finds a call by any path: what counts is whose it is.
  if (application !== null) await admitAccount(context, face, found.account_id, 'call');
  if (!LIVE_CALL_STATUSES.includes(found.status)) throw problem('conflict', 'The call is over.');
  if (application === null && muted === null && status === null) return found;
  const session = reader(context);
  const platform = await getPlatform(context, session, owner, found.system_id);
  const handed = await platform.asked.changeCall(platform.place, found.uuid, { status, application, muted });
  if (handed.type === 'unknown') throw problem('unavailable', `${platform.place.name} did not answer.`);
  const now = statusOf(handed, platform, CALL_STATUSES) ?? status;
  if (now !== null) await setRecordStatus(session, 'call', found.uuid, now, found.status);
  return readAccountRecord(context, actor, 'call', owner, sid);
}

async function findCall(context: OperationContext, sid: string): Promise<CallRow | null> {
  const uuid = uuidOfSid(sid);
  return uuid === null ? null : findRecord(reader(context), 'call', uuid);
}
