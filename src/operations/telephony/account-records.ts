/**
 * Records as the account APIs read them: of the account in the path, and of all beneath it on demand. What a closed account
 * had, recordings and transcriptions, is not shown there; what it did, is.
 */
import { KEPT_RECORDS, type RecordKind } from '#core/record.ts';
import { problem } from '#core/problem.ts';
import { uuidOfSid } from '#core/sid.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { manages } from '#operations/access.ts';
import { notFound } from '#operations/resolve.ts';
import { type NamedAccount, findNamedAccount, foreign } from '#operations/telephony/find-account.ts';
import { type Performed, perform } from '#operations/perform.ts';
import {
  type CallRow,
  type ConferenceRow,
  type MessageRow,
  type RecordFilter,
  type RecordingRow,
  type RecordRows,
  type TranscriptionRow,
  countRecords,
  findRecord,
  listRecords,
  removeRecord,
} from '#store/record.ts';

export type { CallRow, ConferenceRow, MessageRow, RecordingRow, TranscriptionRow };

export type AccountRecordFilter = Omit<RecordFilter, 'account' | 'withClosed' | 'before'>;

/**
 * One record of an account. Throws `malformed` for what is no SID; `not_found`, and that marked as foreign for a record of
 * another account.
 */
export async function readAccountRecord<K extends RecordKind>(
  context: OperationContext,
  actor: Actor,
  kind: K,
  account: NamedAccount,
  sid: string,
): Promise<RecordRows[K]> {
  const uuid = uuidOfSid(sid);
  if (uuid === null) throw problem('malformed', 'A SID has two letters and 32 digits.');
  const row = await findRecord(reader(context), kind, uuid);
  if (row === null) throw notFound(sid);
  if (row.account_id !== account.id || !manages(actor, account)) throw foreign(sid);
  if (account.closed && !KEPT_RECORDS.includes(kind)) throw notFound(sid);
  return row;
}

/** A part of the records of an account, and how many there are. */
export async function listAccountRecords<K extends RecordKind>(
  context: OperationContext,
  kind: K,
  account: NamedAccount,
  filter: AccountRecordFilter,
  offset: number,
  limit: number,
): Promise<{ readonly total: number; readonly items: readonly RecordRows[K][] }> {
  const session = reader(context);
  const whole: RecordFilter = { ...filter, account: account.id, withClosed: KEPT_RECORDS.includes(kind) };
  const total = await countRecords(session, kind, whole);
  return { total, items: await listRecords(session, kind, whole, offset, limit) };
}

/** Removes a recording or a transcription for good; what lies elsewhere stays. Throws `not_found`. */
export async function removeAccountRecord(
  context: OperationContext,
  actor: Actor,
  kind: 'recording' | 'transcription',
  account: NamedAccount,
  sid: string,
): Promise<Performed<null>> {
  const { uuid } = await readAccountRecord(context, actor, kind, account, sid);
  return perform(context, actor, { lock: 'none' }, async ({ transaction }) => {
    if (!(await removeRecord(transaction, kind, uuid))) throw notFound(sid);
    transaction.record({
      kind: 'record.removed',
      entityId: account.id,
      facts: { kind, record: uuid },
      touched: [],
    });
    return null;
  });
}

/** Where the media of a recording lie; null where nobody may fetch them. Asked by anybody, as a link in a message is. */
export async function findMedia(context: OperationContext, named: string, sid: string): Promise<string | null> {
  const session = reader(context);
  const account = await findNamedAccount(session, named);
  const uuid = uuidOfSid(sid);
  if (account === null || account.closed || uuid === null) return null;
  const row = await findRecord(session, 'recording', uuid);
  if (row === null || row.account_id !== account.id) return null;
  const address = row.file_uri;
  return address !== null && URL.canParse(address) && /^https?:$/.test(new URL(address).protocol) ? address : null;
}
