/**
 * Receipts: what became of a committed write in each system that has to be told of it.
 *
 * An operation is one commit, named by the revision that its answer told. Its receipt counts the targets that it reached; each is
 * in one of the counts beside `targets`, so that they add up.
 */
import { type FieldError, invalid, problem } from '#core/problem.ts';
import type { SystemKindName } from '#core/system-kind.ts';
import { requirePermission, sees } from '#operations/access.ts';
import { redactAuthors } from '#operations/change-author.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { readLimit } from '#operations/read-entity.ts';
import type { Session } from '#store/database.ts';
import { listByNumbers } from '#store/entity.ts';
import {
  type Progress,
  type Span,
  type SystemProgress,
  findChange,
  findItems,
  findSpan,
  listSpanEntities,
  readProgress,
} from '#store/receipt.ts';
import type { TargetOutcome } from '#store/system-list.ts';
import { findSystem } from '#store/system.ts';

import { readOutcomes } from './read-targets.ts';
import { type TargetView, targetFor } from './target-view.ts';

/**
 * `expanding`: who is to be told is not known in full yet. `running`: somebody is being told, or will be told again by itself.
 * `settled`: all is confirmed, superseded, or waits for a person.
 */
export type ReceiptState = 'expanding' | 'running' | 'settled';

export interface SystemTotals {
  readonly system: string;
  readonly kind: SystemKindName;
  readonly targets: number;
  readonly confirmed: number;
  readonly pending: number;
  readonly waiting: number;
  readonly retrying: number;
  readonly failed: number;
  readonly acknowledged: number;
  /** Reached by a later change: those that had been confirmed before, and those that were still open. */
  readonly superseded: { readonly confirmed: number; readonly open: number };
}

export interface ReceiptProgress {
  readonly revision: number;
  readonly state: ReceiptState;
  readonly systems: readonly SystemTotals[];
}

export interface Receipt extends ReceiptProgress {
  readonly kind: string;
  readonly actor: string;
  readonly at: string;
  readonly entity: string | null;
  readonly entityNumber: number | null;
  /** Targets that it reached last, a page of them; those that a later change reached are in the receipt of that one. */
  readonly items: readonly TargetView[];
  readonly next: string | null;
}

export interface ReceiptQuery {
  readonly system?: string | undefined;
  readonly outcome?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** An operation that the actor may know of. */
export interface Operation {
  readonly span: Span;
  readonly head: Omit<Receipt, keyof ReceiptProgress | 'items' | 'next'>;
}

/** Up to so many targets of one receipt are looked for beneath the node of the change. */
const SMALL_MAX = 5_000;

/** Throws `not_found` for a revision that is none, was archived, or concerns what the actor does not see; `forbidden`. */
export async function findOperation(context: OperationContext, actor: Actor, given: string): Promise<Operation> {
  const session = reader(context);
  const revision = /^[1-9]\d{0,14}$/.test(given) ? Number(given) : 0;
  const commit = revision === 0 ? null : await findSpan(session, revision);
  const span = commit === null ? null : await seenPart(session, actor, commit, revision);
  const change = span === null ? null : await findChange(session, span.last);
  if (span === null || change === null || !(await seesEntity(session, actor, change.entity_id)))
    throw problem('not_found', `There is no operation ${given}.`, { facts: { operation: given } });
  requirePermission(actor, 'change:read');
  const [told = change] = await redactAuthors(session, actor, [change]);
  return {
    span,
    head: {
      kind: change.kind,
      actor: told.actor,
      at: change.at.toISOString(),
      entity: change.entity_uuid,
      entityNumber: change.entity_id,
    },
  };
}

/** More entities than this in one commit are told of one by one to whoever does not see all. */
const SEEN_MAX = 1_000;

/** The whole commit for whoever sees all that it was about; of others that one change alone. */
async function seenPart(session: Session, actor: Actor, commit: Span, revision: number): Promise<Span> {
  if (actor.accountId === 0 || commit.first === commit.last) return commit;
  const one = { first: revision, last: revision };
  const ids = await listSpanEntities(session, commit, SEEN_MAX + 1);
  if (ids.length > SEEN_MAX || ids.includes(null)) return one;
  const entities = await listByNumbers(
    session,
    ids.filter((id) => id !== null),
  );
  return entities.every((entity) => sees(actor, entity)) ? commit : one;
}

/** What concerns no entity, such as a profile, is for the platform. */
async function seesEntity(session: Session, actor: Actor, entityId: number | null): Promise<boolean> {
  if (actor.accountId === 0) return true;
  if (entityId === null) return false;
  const [entity] = await listByNumbers(session, [entityId]);
  return entity !== undefined && sees(actor, entity);
}

/** A page of the receipt as it is now. Throws as `findOperation`, and `invalid`. */
export async function readReceipt(
  context: OperationContext,
  actor: Actor,
  operation: Operation,
  query: ReceiptQuery,
): Promise<Receipt> {
  const session = reader(context);
  const filter = await readFilter(session, query);
  const progress = progressView(operation.span, await readProgress(session, operation.span));
  const reached = progress.systems.reduce((sum, { targets }) => sum + targets, 0);
  const now = context.clock();
  const rows =
    reached === 0 || filter.systemId === 0
      ? []
      : await findItems(session, operation.span, {
          ...filter,
          limit: filter.limit + 1,
          scope: actor.accountId,
          isSmall: reached <= SMALL_MAX,
        });
  const items = rows.slice(0, filter.limit);
  const last = items.at(-1);
  return {
    ...operation.head,
    ...progress,
    items: items.map((row) => targetFor(actor, row, now)),
    next: rows.length > filter.limit && last !== undefined ? `${last.system_id}:${last.entity_id}` : null,
  };
}

async function readFilter(session: Session, query: ReceiptQuery) {
  const errors: FieldError[] = [];
  const limit = readLimit(query.limit, errors);
  const outcomes = readOutcomes(query.outcome, errors);
  const cursor = /^(\d{1,15}):(\d{1,15})$/.exec(query.cursor || '0:0');
  if (cursor === null) errors.push({ field: 'cursor', message: 'must be the value of next in the former page' });
  if (errors.length > 0) throw invalid(...errors);
  const after = { system: Number(cursor?.[1]), entity: Number(cursor?.[2]) };
  if (query.system === undefined) return { limit, outcomes, after };
  // A system that is none has no items, and says nothing of who else has systems.
  const system = await findSystem(session, query.system.toLowerCase());
  return { limit, outcomes, after, systemId: system?.id ?? 0 };
}

/** The totals of an operation in one look. */
export async function lookAtProgress(context: OperationContext, { span }: Operation): Promise<ReceiptProgress> {
  return progressView(span, await readProgress(reader(context), span));
}

function progressView(span: Span, progress: Progress): ReceiptProgress {
  const systems = progress.systems.map(totalsOf);
  const isRunning = systems.some(({ pending, waiting, retrying }) => pending + waiting + retrying > 0);
  return {
    revision: span.last,
    state: progress.isExpanded ? (isRunning ? 'running' : 'settled') : 'expanding',
    systems,
  };
}

function totalsOf(row: SystemProgress): SystemTotals {
  const open: Record<Exclude<TargetOutcome, 'confirmed' | 'drifted'>, number> = {
    pending: row.pending,
    waiting: row.waiting,
    retrying: row.retrying,
    failed: row.failed,
    acknowledged: row.acknowledged,
  };
  const passed = row.passed_confirmed + row.passed_open;
  const unsettled = Object.values(open).reduce((sum, count) => sum + count, 0);
  return {
    system: row.name,
    kind: row.kind,
    targets: row.targets,
    // What is neither open nor passed on was confirmed; drift that was found later is another matter.
    confirmed: row.targets - passed - unsettled,
    ...open,
    superseded: { confirmed: row.passed_confirmed, open: row.passed_open },
  };
}
