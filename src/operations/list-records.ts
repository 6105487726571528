/** Lists what is kept of calls, messages, recordings, transcriptions and conferences, of closed accounts on demand. */
import type { Json } from '#core/field.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { RECORD_KINDS, isRecordKind } from '#core/record.ts';
import { sidOf, uuidOfAccountSid } from '#core/sid.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type Page, readLimit } from '#operations/read-entity.ts';
import { readTime } from '#operations/read-time.ts';
import { getEntity, requireKind } from '#operations/resolve.ts';
import { type RecordFilter, countRecords, listRecords as listRows, recordFields } from '#store/record.ts';

/** A record with the fields of its kind. */
export interface RecordView {
  readonly kind: string;
  readonly id: string;
  readonly sid: string;
  readonly account: string;
  readonly source: string;
  readonly externalRef: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly [field: string]: Json;
}

export interface RecordQuery {
  readonly account?: string | undefined;
  readonly beneath?: boolean | undefined;
  readonly closed?: boolean | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
  readonly total?: 'exact' | undefined;
}

/**
 * A page of the records of an account, the actor's own by default, and of all beneath it on demand; the newest first.
 * Those of closed accounts are there when they are asked for. Throws `not_found`, `forbidden`, `invalid`.
 */
export async function listRecords(
  context: OperationContext,
  actor: Actor,
  kind: string,
  query: RecordQuery,
): Promise<Page<RecordView>> {
  if (!isRecordKind(kind)) throw problem('not_found', `There is no kind ${kind}: ${RECORD_KINDS.join(', ')}.`);
  const session = reader(context);
  const given = query.account ?? actor.accountId;
  const account = await getEntity(session, actor, uuidOfAccountSid(given) ?? given, 'account');
  requirePermission(actor, 'observation:read');
  requireKind(account, ['account'], 'account');
  const errors: FieldError[] = [];
  const limit = readLimit(query.limit, errors);
  const since = readTime(query.since, 'since', errors);
  const until = readTime(query.until, 'until', errors);
  const before = readCursor(query.cursor, errors);
  if (errors.length > 0) throw invalid(...errors);
  const filter: RecordFilter = {
    account: account.id,
    withBeneath: query.beneath === true,
    withClosed: query.closed === true,
    between: { created_at: [since, until] },
    before,
  };
  const rows = await listRows(session, kind, filter, 0, limit + 1);
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map((row) => ({
      kind,
      id: row.uuid,
      sid: sidOf(kind, row.uuid),
      account: row.account_uuid,
      source: row.source,
      externalRef: row.external_ref,
      ...recordFields(kind, row),
      createdAt: row.created_at.toISOString(),
      updatedAt: row.updated_at.toISOString(),
    })),
    next: last === undefined ? null : `${last.created_at.getTime()}:${last.id}`,
    total: query.total === 'exact' ? await countRecords(session, kind, { ...filter, before: null }) : null,
  };
}

function readCursor(text: string | undefined, errors: FieldError[]): { createdAt: Date; id: number } | null {
  if (text === undefined || text === '') return null;
  const match = /^(\d{1,14}):(\d{1,15})$/.exec(text);
  if (match !== null) return { createdAt: new Date(Number(match[1])), id: Number(match[2]) };
  errors.push({ field: 'cursor', message: 'must be the value of next in the former page' });
  return null;
}
