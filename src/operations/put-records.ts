/**
 * Keeps what connected systems tell of calls, messages, recordings, transcriptions and conferences. It changes nothing
 * that is decided by, and is no part of the log.
 */
import { randomUUID } from 'node:crypto';

import { type Values, readFields } from '#core/field.ts';
import { type Reference, readReference } from '#core/identifier.ts';
import { type FieldError, invalid } from '#core/problem.ts';
import { RECORD_FIELDS, RECORD_KINDS, type RecordKind, isRecordKind, readRecordId } from '#core/record.ts';
import { sidOf, uuidOfAccountSid } from '#core/sid.ts';
import { manages, requirePermission } from '#operations/access.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type Work, perform } from '#operations/perform.ts';
import { refuseUnknown } from '#operations/resolve.ts';
import { findEntities, referenceKey } from '#store/entity.ts';
import { type StoredRecord, columnValues, lockRecords, writeRecords } from '#store/record.ts';

/** The most records of one request. */
export const RECORDS_MAX = 1_000;
const REF_MAX = 128;
const SOURCE = /^[\w.:@-]{1,64}$/;
/** What every record has. */
const COMMON = new Set(['kind', 'id', 'externalRef', 'account']);

export interface PutRecord {
  readonly kind: RecordKind;
  readonly id: string;
  /** As the account APIs name it. */
  readonly sid: string;
  /** Whether it was not there before. */
  readonly created: boolean;
}

/**
 * Writes up to a thousand records, each by its UUID or by the source's own name for it. Of one that is there the given
 * fields alone are changed, so the same report again changes nothing. Throws `forbidden`, `invalid` with every field that
 * is wrong; then nothing is written.
 */
export async function putRecords(
  context: OperationContext,
  actor: Actor,
  input: Readonly<Record<string, unknown>>,
): Promise<{ readonly items: readonly PutRecord[] }> {
  requirePermission(actor, 'observation:write');
  refuseUnknown(input, ['source', 'records'], 'a report');
  const { source, records } = input;
  const errors: FieldError[] = [];
  if (typeof source !== 'string' || !SOURCE.test(source))
    errors.push({
      field: 'source',
      message: 'must be the name of the system: 1 to 64 letters, digits or any of . _ : @ -',
    });
  if (!Array.isArray(records) || records.length > RECORDS_MAX)
    throw invalid(...errors, { field: 'records', message: `must be a list of at most ${RECORDS_MAX}` });
  const read = records.map((given: unknown, index) => readOne(given, `records[${index}]`, errors));
  const { value } = await perform(context, actor, { lock: 'none' }, async (work) => {
    requirePermission(work.actor, 'observation:write');
    return { items: await putWithin(work, String(source), read, [...errors]) };
  });
  return value;
}

interface Read {
  readonly path: string;
  readonly kind: RecordKind;
  readonly uuid: string | null;
  readonly ref: string | null;
  readonly account: Reference | null;
  readonly input: Readonly<Record<string, unknown>>;
}

function readOne(given: unknown, path: string, errors: FieldError[]): Read {
  const input = (typeof given === 'object' && given !== null ? given : {}) as Readonly<Record<string, unknown>>; // Judged below.
  const wrong = (name: string, message: string) => errors.push({ field: `${path}.${name}`, message });
  const { kind, id, externalRef, account } = input;
  const isKnown = typeof kind === 'string' && isRecordKind(kind);
  if (!isKnown) wrong('kind', `must be one of ${RECORD_KINDS.join(', ')}`);
  const known: RecordKind = isKnown ? kind : 'call';
  if (isKnown)
    for (const name of Object.keys(input))
      if (!COMMON.has(name) && !Object.hasOwn(RECORD_FIELDS[known], name)) wrong(name, `is no field of a ${known}`);
  let uuid: string | null = null;
  if (id != null) {
    const reading = readRecordId(typeof id === 'string' ? id : '');
    if (reading.ok) uuid = reading.value;
    else wrong('id', reading.message);
  }
  let ref: string | null = null;
  if (externalRef != null) {
    if (
      typeof externalRef === 'string' &&
      externalRef !== '' &&
      externalRef.length <= REF_MAX &&
      !/\0/.test(externalRef)
    )
      ref = externalRef;
    else wrong('externalRef', `must be text of 1 to ${REF_MAX} characters`);
  }
  if (id == null && externalRef == null) wrong('id', 'is missing: a record is known by its id or its externalRef');
  return { path, kind: known, uuid, ref, account: readAccount(account, wrong), input };
}

function readAccount(given: unknown, wrong: (name: string, message: string) => void): Reference | null {
  const sid = uuidOfAccountSid(given);
  if (sid !== null) return { by: 'uuid', uuid: sid };
  const reading = typeof given === 'string' || typeof given === 'number' ? readReference(given) : null;
  if (reading?.ok === true) return reading.value;
  wrong('account', 'must be an account: a UUID, a number, a SID or an identifier');
  return null;
}

async function putWithin(
  work: Work,
  source: string,
  read: readonly Read[],
  errors: FieldError[],
): Promise<PutRecord[]> {
  const accounts = await findAccounts(work, read, errors);
  // What cannot be attributed cannot be looked up either.
  if (errors.length > 0) throw invalid(...errors);
  const now = work.context.clock().toISOString();
  const made: PutRecord[] = [];
  const written = new Map<RecordKind, Map<string, StoredRecord>>();
  for (const kind of RECORD_KINDS) {
    const keys = read
      .filter((one) => one.kind === kind)
      .map(({ uuid, ref, path }) => ({ uuid, account: accounts.get(path) ?? 0, source, ref }));
    if (keys.length === 0) continue;
    const rows = await lockRecords(work.transaction, kind, keys);
    written.set(kind, new Map(rows.map(({ stored }) => [stored.uuid, stored])));
  }
  const byRef = new Map<string, string>();
  for (const [kind, records] of written) for (const stored of records.values()) noteRef(byRef, kind, stored);
  const changed = new Map<RecordKind, Set<string>>();
  for (const one of read) {
    const { kind, uuid, ref, path } = one;
    const records = written.get(kind) ?? new Map<string, StoredRecord>();
    const account = accounts.get(path) ?? 0;
    const named = ref === null ? undefined : byRef.get(refKey(kind, account, source, ref));
    if (uuid !== null && named !== undefined && named !== uuid) {
      errors.push({
        field: `${path}.id`,
        message: `is not the id of the record with this externalRef, which is ${named}`,
      });
      continue;
    }
    const id = uuid ?? named ?? randomUUID();
    const former = records.get(id);
    if (former !== undefined && former.account_id !== account) {
      errors.push({ field: `${path}.id`, message: 'is that of a record of another account' });
      continue;
    }
    const wrong: FieldError[] = [];
    const values = readFields(RECORD_FIELDS[kind], one.input, former === undefined ? 'create' : 'update', wrong);
    errors.push(...wrong.map(({ field, message }) => ({ field: `${path}.${field}`, message })));
    const next: StoredRecord = {
      ...(former ?? { source, external_ref: ref, created_at: now }),
      ...(ref === null ? {} : { source, external_ref: ref }),
      ...withoutNull(columnValues(kind, values), 'created_at'),
      updated_at: now,
      uuid: id,
      account_id: account,
    };
    records.set(id, next);
    written.set(kind, records);
    changed.set(kind, (changed.get(kind) ?? new Set()).add(id));
    noteRef(byRef, kind, next);
    made.push({ kind, id, sid: sidOf(kind, id), created: former === undefined });
  }
  if (errors.length > 0) throw invalid(...errors);
  for (const [kind, ids] of changed) {
    const records = written.get(kind);
    const rows = [...ids].flatMap((id) => records?.get(id) ?? []);
    await writeRecords(work.transaction, kind, rows);
  }
  return made;
}

/** A record is always there since some time. */
function withoutNull(values: Values, name: string): Values {
  if (values[name] !== null) return values;
  const { [name]: _, ...rest } = values;
  return rest;
}

function refKey(kind: RecordKind, account: number, source: string, ref: string): string {
  return JSON.stringify([kind, account, source, ref]);
}

function noteRef(byRef: Map<string, string>, kind: RecordKind, stored: StoredRecord): void {
  const { source, external_ref: ref } = stored;
  if (typeof ref === 'string') byRef.set(refKey(kind, stored.account_id, String(source), ref), stored.uuid);
}

/** The accounts by the paths of their records; what is not the actor's to write about is not there. */
async function findAccounts(
  { transaction, actor }: Work,
  read: readonly Read[],
  errors: FieldError[],
): Promise<Map<string, number>> {
  const references = read.flatMap(({ account }) => (account === null ? [] : [account]));
  const found = await findEntities(transaction, references);
  const accounts = new Map<string, number>();
  for (const { account, path } of read) {
    if (account === null) continue;
    const entity = found.get(referenceKey(account));
    if (entity === undefined || !manages(actor, entity))
      errors.push({ field: `${path}.account`, message: 'is no account that you may see' });
    else if (entity.kind !== 'account')
      errors.push({ field: `${path}.account`, message: `must be an account, not ${entity.kind}` });
    else accounts.set(path, entity.id);
  }
  return accounts;
}
