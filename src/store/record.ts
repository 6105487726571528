/**
 * Records of what others did for accounts, as rows: written in bulk, found, listed by account and beneath, swept.
 *
 * A table has the columns that all records have, and one for each field that its kind declares in core.
 */
import { type RawBuilder, sql } from 'kysely';

import { type Json, type Values, columnOf } from '#core/field.ts';
import { RECORD_FIELDS, RECORD_KINDS, type RecordKind } from '#core/record.ts';
import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

/** What all records have. */
export interface RecordRow {
  readonly id: number;
  readonly uuid: string;
  readonly account_id: number;
  readonly account_uuid: string;
  readonly source: string;
  readonly external_ref: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface CallRow extends RecordRow {
  readonly system_id: number | null;
  /** The UUID of the platform that carries it. */
  readonly system_uuid: string | null;
  readonly parent: string | null;
  readonly conference: string | null;
  readonly phone_number: string | null;
  readonly from_text: string | null;
  readonly to_text: string | null;
  readonly status: string;
  readonly direction: string;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  /** Seconds, as all durations are. */
  readonly duration: number | null;
  readonly ring_duration: number | null;
  readonly price: string | null;
  readonly price_unit: string | null;
  readonly answered_by: string | null;
  readonly forwarded_from: string | null;
  readonly caller_name: string | null;
  readonly muted: boolean;
  readonly on_hold: boolean;
  readonly starts_conference: boolean;
  readonly ends_conference: boolean;
}

export interface MessageRow extends RecordRow {
  readonly system_id: number | null;
  readonly from_text: string | null;
  readonly to_text: string | null;
  readonly body: string | null;
  readonly status: string;
  readonly direction: string;
  readonly sent_at: Date | null;
  readonly error_code: number | null;
  readonly error_message: string | null;
  readonly price: string | null;
  readonly price_unit: string | null;
}

export interface RecordingRow extends RecordRow {
  readonly call: string | null;
  readonly duration: number | null;
  readonly file_uri: string | null;
  readonly s3_uri: string | null;
}

export interface TranscriptionRow extends RecordRow {
  readonly recording: string | null;
  readonly status: string;
  readonly duration: number | null;
  readonly body: string | null;
  readonly price: string | null;
  readonly price_unit: string | null;
}

export interface ConferenceRow extends RecordRow {
  readonly name: string | null;
  readonly status: string;
}

export interface RecordRows {
  readonly call: CallRow;
  readonly message: MessageRow;
  readonly recording: RecordingRow;
  readonly transcription: TranscriptionRow;
  readonly conference: ConferenceRow;
}

export const RECORD_TABLE: Readonly<Record<RecordKind, string>> = {
  call: 'call_record',
  message: 'message_record',
  recording: 'recording',
  transcription: 'transcription',
  conference: 'conference',
};

/** As many rows as one transaction removes. */
const SWEPT = 10_000;

const tableOf = (kind: RecordKind) => sql.table(RECORD_TABLE[kind]);
const hasSystem = (kind: RecordKind) => kind === 'call' || kind === 'message';

/** The columns of a kind that are written. */
function columnsOf(kind: RecordKind): string[] {
  const fields = Object.entries(RECORD_FIELDS[kind]).map(([name, field]) => columnOf(name, field));
  const common = ['uuid', 'account_id', 'source', 'external_ref', 'updated_at'];
  return [...common, ...(hasSystem(kind) ? ['system_id'] : []), ...fields];
}

/** Values of fields by their columns. */
export function columnValues(kind: RecordKind, values: Values): Values {
  return Object.fromEntries(
    Object.entries(RECORD_FIELDS[kind]).flatMap(([name, field]) => {
      const value = values[name];
      return value === undefined ? [] : [[columnOf(name, field), value]];
    }),
  );
}

/** The fields of a row by their names, as JSON has them. */
export function recordFields(kind: RecordKind, row: RecordRow): Values {
  const columns = row as unknown as Readonly<Record<string, Json | Date>>; // What was selected.
  return Object.fromEntries(
    Object.entries(RECORD_FIELDS[kind]).map(([name, field]) => {
      const value = columns[columnOf(name, field)] ?? null;
      return [name, value instanceof Date ? value.toISOString() : value];
    }),
  );
}

/** By what a record is told from all others: its UUID, or its source's own name for it within an account. */
export interface RecordKey {
  readonly uuid: string | null;
  readonly account: number;
  readonly source: string;
  readonly ref: string | null;
}

/** A record as it is stored, by its columns; locked until the transaction ends. */
export type StoredRecord = Values & { readonly uuid: string; readonly account_id: number };

/** The records that any of the keys names. */
export function lockRecords(
  transaction: Session,
  kind: RecordKind,
  keys: readonly RecordKey[],
): Promise<{ readonly stored: StoredRecord }[]> {
  return transaction.rows(
    sql<{ stored: StoredRecord }>`select to_jsonb(r) - 'id' as stored from ${tableOf(kind)} r
      where r.uuid = any (${keys.flatMap(({ uuid }) => (uuid === null ? [] : [uuid]))}::uuid[])
        or (r.account_id, r.source, r.external_ref) in (
          select k.account, k.source, k.ref from jsonb_to_recordset(${JSON.stringify(keys)}::jsonb)
            as k (account bigint, source text, ref text) where k.ref is not null)
      order by r.id for update of r`,
  );
}

/** Writes whole records, new ones and such as are there under their UUIDs; by columns. */
export async function writeRecords(session: Session, kind: RecordKind, records: readonly Values[]): Promise<void> {
  if (records.length === 0) return;
  const columns = columnsOf(kind).map((name) => sql.ref(name));
  const list = sql.join(columns);
  await session.rows(
    sql`insert into ${tableOf(kind)} as r (${list})
      select ${list} from jsonb_populate_recordset(null::${tableOf(kind)}, ${JSON.stringify(records)}::jsonb)
      order by uuid
      on conflict (uuid) do update set ${sql.join(columns.map((column) => sql`${column} = excluded.${column}`))}`,
  );
}

export interface RecordFilter {
  readonly account: number;
  /** All beneath the account, too. */
  readonly withBeneath: boolean;
  /** Records of closed accounts, too. */
  readonly withClosed: boolean;
  /** Columns that have exactly this value, whatever its case. */
  readonly is?: Readonly<Record<string, string>>;
  /** Columns that name this record or entity, by UUID. */
  readonly refersTo?: Readonly<Record<string, string>>;
  /** Columns that have one of these. */
  readonly oneOf?: Readonly<Record<string, readonly string[]>>;
  /** Columns that end so. */
  readonly ends?: Readonly<Record<string, string>>;
  /** Columns that contain this. */
  readonly has?: Readonly<Record<string, string>>;
  /** Columns whose time lies between the two, the second one excluded. */
  readonly between?: Readonly<Record<string, readonly [Date | null, Date | null]>>;
  readonly sort?: { readonly column: string; readonly ascending: boolean };
  /** Older than this row; of the order of creation alone. */
  readonly before?: { readonly createdAt: Date; readonly id: number } | null;
}

/** A part of a list, the newest first unless it is sorted otherwise. */
export async function listRecords<K extends RecordKind>(
  session: Session,
  kind: K,
  filter: RecordFilter,
  offset: number,
  limit: number,
): Promise<RecordRows[K][]> {
  const { sort } = filter;
  const direction = sort?.ascending === true ? sql`asc` : sql`desc`;
  const order = sql`r.${sql.ref(sort?.column ?? 'created_at')} ${direction} nulls last, r.id ${direction}`;
  return session.rows(
    sql<RecordRows[K]>`select ${recordColumns(kind)} from ${tableOf(kind)} r join entity a on a.id = r.account_id
      where ${conditionsOf(filter)} order by ${order} limit ${limit} offset ${offset}`,
  );
}

/** How many there are. */
export async function countRecords(session: Session, kind: RecordKind, filter: RecordFilter): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`select count(*) as count from ${tableOf(kind)} r join entity a on a.id = r.account_id
      where ${conditionsOf(filter)}`,
  );
  return row?.count ?? 0;
}

/** One record, whoever's it is. */
export function findRecord<K extends RecordKind>(
  session: Session,
  kind: K,
  uuid: string,
): Promise<RecordRows[K] | null> {
  return session.row(
    sql<RecordRows[K]>`select ${recordColumns(kind)} from ${tableOf(kind)} r join entity a on a.id = r.account_id
      where r.uuid = ${uuid}::uuid`,
  );
}

function recordColumns(kind: RecordKind): RawBuilder<unknown> {
  const system = kind === 'call' ? sql`, (select s.uuid from system s where s.id = r.system_id) as system_uuid` : sql``;
  return sql`r.*, a.uuid as account_uuid${system}`;
}

/** Whether an account `a` is closed, by itself or by one above. */
const isClosed = sql`exists (select from entity c where c.id = any (a.ancestors) and c.closed_at is not null)`;

function conditionsOf(filter: RecordFilter): RawBuilder<unknown> {
  const {
    account,
    withBeneath,
    withClosed,
    is = {},
    refersTo = {},
    oneOf = {},
    ends = {},
    has = {},
    between = {},
    before,
  } = filter;
  const place = withBeneath
    ? account === 0
      ? []
      : [sql`r.account_id in (select d.id from entity d where d.ancestors @> array[${account}::bigint])`]
    : [sql`r.account_id = ${account}`];
  const column = (name: string) => sql`r.${sql.ref(name)}`;
  return sql.join(
    [
      sql`true`,
      ...place,
      ...(withClosed ? [] : [sql`not ${isClosed}`]),
      ...Object.entries(is).map(([name, value]) => sql`lower(${column(name)}::text) = lower(${value})`),
      ...Object.entries(refersTo).map(([name, value]) => sql`${column(name)} = ${value}::uuid`),
      ...Object.entries(oneOf).map(([name, values]) => sql`${column(name)} = any (${[...values]}::text[])`),
      ...Object.entries(ends).map(([name, value]) => sql`right(${column(name)}, length(${value})) = ${value}`),
      ...Object.entries(has).map(([name, value]) => sql`strpos(lower(${column(name)}), lower(${value})) > 0`),
      ...Object.entries(between).flatMap(([name, [since, until]]) => [
        ...(since === null ? [] : [sql`${column(name)} >= ${since}::timestamptz`]),
        ...(until === null ? [] : [sql`${column(name)} < ${until}::timestamptz`]),
      ]),
      ...(before == null ? [] : [sql`(r.created_at, r.id) < (${before.createdAt}::timestamptz, ${before.id}::bigint)`]),
    ],
    sql` and `,
  );
}

/** Says how far a call or a message is; given `from`, only while it still is there. */
export async function setRecordStatus(
  session: Session,
  kind: 'call' | 'message',
  uuid: string,
  status: string,
  from?: string,
): Promise<void> {
  await session.rows(
    sql`update ${tableOf(kind)} set status = ${status}, updated_at = now() where uuid = ${uuid}::uuid
      and status = coalesce(${from ?? null}::text, status)`,
  );
}

/** Whether it was there. */
export async function removeRecord(session: Session, kind: RecordKind, uuid: string): Promise<boolean> {
  const row = await session.row(sql`delete from ${tableOf(kind)} where uuid = ${uuid}::uuid returning id`);
  return row !== null;
}

/** Removes some of what was there before the time; answers how many rows. */
export async function sweepRecords(transaction: Transaction, before: Date): Promise<number> {
  let count = 0;
  for (const kind of RECORD_KINDS) {
    const rows = await transaction.rows(
      sql`delete from ${tableOf(kind)} where id in (select id from ${tableOf(kind)} where created_at < ${before}
        order by created_at, id limit ${SWEPT} for update skip locked) returning id`,
    );
    count += rows.length;
  }
  return count;
}
