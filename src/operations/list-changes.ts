/** Reads the log of changes, a page at a time, from a cursor that also names the epoch. */
import type { Json } from '#core/field.ts';
import { personalValue } from '#core/personal.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { requirePermission } from '#operations/access.ts';
import { redactAuthors } from '#operations/change-author.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { readTime } from '#operations/read-time.ts';
import { PAGE_MAX } from '#operations/read-entity.ts';
import { getEntity } from '#operations/resolve.ts';
import { type Change, findChanges, firstRevision, revisionAt } from '#store/change-list.ts';
import { type Head, getHead } from '#store/change.ts';
import type { Session } from '#store/database.ts';

export interface ChangeView {
  readonly revision: number;
  readonly at: string;
  readonly actor: string;
  /** The account of the actor. Null in logs older than it. */
  readonly account: string | null;
  /** The account that the actor acted as, where it was another. */
  readonly actingAs: string | null;
  readonly face: string | null;
  readonly request: string | null;
  /** Address and reason of the request; null when there were none, or they were erased. */
  readonly address: string | null;
  readonly reason: string | null;
  readonly kind: string;
  readonly entity: string | null;
  readonly entityNumber: number | null;
  readonly facts: Readonly<Record<string, unknown>>;
  /** Personal values of the change; each stands in the chain as a salted commitment, so that it can be erased. */
  readonly personal?: Readonly<Record<string, Json>>;
}

export interface ChangePage {
  readonly items: readonly ChangeView[];
  /**
   * Where to go on: the epoch, and the revision up to which the log was looked through. Forwards a log has no end; a
   * page without items whose `next` is where it began has all there is. Backwards it is null at the beginning.
   */
  readonly next: string | null;
  readonly total: null;
}

export interface ChangeQuery {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
  readonly order?: 'asc' | 'desc' | undefined;
  /** Changes of this entity itself. */
  readonly entity?: string | undefined;
  /** Changes of this entity and of everything beneath it. */
  readonly beneath?: string | undefined;
  readonly actor?: string | undefined;
  /** Kinds with commas between them, each as it is or as `entity.*`. */
  readonly kind?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface ChangeCursor {
  readonly epoch: string | null;
  readonly revision: number;
}

/** Reads `<epoch>:<revision>`, or a bare revision. */
export function readChangeCursor(text: string | undefined): ChangeCursor | null {
  if (text === undefined || text === '') return null;
  const match = /^(?:([0-9a-f-]{36}):)?(\d{1,15})$/.exec(text);
  if (match === null)
    throw problem('malformed', 'The cursor must be a revision, or the value of next in the former page.', {
      errors: [{ field: 'after', message: 'must be a revision, or the value of next in the former page' }],
    });
  return { epoch: match[1] ?? null, revision: Number(match[2]) };
}

/**
 * A page of changes after the cursor. Throws `conflict` when the epoch is over, because a backup was restored, and when
 * what follows the cursor was archived: load afresh. An actor is told of what lies beneath its account.
 */
export async function listChanges(context: OperationContext, actor: Actor, input: ChangeQuery): Promise<ChangePage> {
  const cursor = readChangeCursor(input.after);
  const session = reader(context);
  const head = await getHead(session);
  if (cursor !== null) await refuseLost(session, head, cursor, input.order ?? 'asc');
  const order = input.order ?? 'asc';
  const limit = Math.min(Math.max(input.limit ?? 100, 1), PAGE_MAX);
  const { from, to } = await readPeriod(session, input);
  const above = Math.max(from, order === 'asc' ? (cursor?.revision ?? 0) : 0);
  const through = Math.min(
    to ?? head.revision,
    order === 'desc' && cursor !== null ? cursor.revision - 1 : head.revision,
  );
  const idOf = async (field: 'entity' | 'beneath') =>
    input[field] === undefined ? undefined : (await getEntity(session, actor, input[field], field)).id;
  const [entity, beneath] = [await idOf('entity'), await idOf('beneath')];
  requirePermission(actor, 'change:read');
  const { rows, reached } = await findChanges(session, {
    order,
    above,
    through,
    limit,
    entity,
    beneath,
    scope: actor.accountId,
    actor: input.actor,
    kinds: readKinds(input.kind),
  });
  const told = await redactAuthors(session, actor, rows);
  return { items: told.map(changeView), next: nextOf(head, order, cursor, reached), total: null };
}

function nextOf(head: Head, order: 'asc' | 'desc', cursor: ChangeCursor | null, reached: number | null): string | null {
  if (order === 'desc') return reached === null || reached <= 1 ? null : `${head.epoch}:${reached}`;
  return `${head.epoch}:${reached ?? Math.max(cursor?.revision ?? 0, head.revision)}`;
}

/** Whoever follows the log has to hear that there is something between the cursor and what can be read. */
async function refuseLost(session: Session, head: Head, cursor: ChangeCursor, order: 'asc' | 'desc'): Promise<void> {
  if (cursor.epoch === null) return;
  if (cursor.epoch !== head.epoch)
    throw problem(
      'conflict',
      'A backup was restored since this cursor was given: load everything afresh, without a cursor.',
      { facts: { epoch: head.epoch } },
    );
  const first = await firstRevision(session);
  if (order === 'asc' && cursor.revision > 0 && first !== null && cursor.revision < first - 1)
    throw problem(
      'conflict',
      `The changes after this cursor, up to revision ${first - 1}, were archived: load everything afresh.`,
      { facts: { first } },
    );
}

/** The revisions of a period: above `from` and through `to`. */
async function readPeriod(session: Session, input: ChangeQuery): Promise<{ from: number; to: number | null }> {
  const errors: FieldError[] = [];
  const from = readTime(input.from, 'from', errors);
  const to = readTime(input.to, 'to', errors);
  if (errors.length > 0) throw invalid(...errors);
  return {
    // Times in the log are whole milliseconds: what was before one is at the millisecond before at the latest.
    from: from === null ? 0 : await revisionAt(session, new Date(from.getTime() - 1)),
    to: to === null ? null : await revisionAt(session, to),
  };
}

const KIND = /^(?:[a-z_]+\.)*(?:[a-z_]+|\*)$/;

function readKinds(text: string | undefined): string[] | undefined {
  if (text === undefined || text === '') return undefined;
  const kinds = text.split(',').map((kind) => kind.trim());
  const wrong = kinds.find((kind) => !KIND.test(kind));
  if (wrong !== undefined)
    throw invalid({ field: 'kind', message: `must be kinds such as hold.placed or entity.*, not "${wrong}"` });
  return kinds.includes('*') ? undefined : kinds;
}

export function changeView(row: Change): ChangeView {
  const isOfFields = row.kind.startsWith('entity.');
  return {
    revision: row.revision,
    at: row.at.toISOString(),
    actor: row.actor,
    account: row.account_uuid,
    actingAs: row.acting_as_uuid,
    face: row.origin?.face ?? null,
    request: row.origin?.request ?? null,
    address: row.request_personal?.['address'] ?? null,
    reason: row.request_personal?.['reason'] ?? null,
    kind: row.kind,
    entity: row.entity_uuid,
    entityNumber: row.entity_id,
    facts: row.facts,
    ...(row.personal === null
      ? {}
      : {
          personal: Object.fromEntries(
            Object.entries(row.personal).map(([name, text]) => [
              name,
              personalValue(isOfFields ? row.entity_kind : null, name, text),
            ]),
          ),
        }),
  };
}
