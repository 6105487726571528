/** Reads the log of changes, a page at a time, from a cursor that also names the epoch. */
import { problem } from '#core/problem.ts';
import { requirePermission } from '#operations/access.ts';
import { redactAuthors } from '#operations/change-author.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { PAGE_MAX } from '#operations/read-entity.ts';
import { getEntity } from '#operations/resolve.ts';
import { type Change, getHead, listChanges as listRows } from '#store/change.ts';

export interface ChangeView {
  readonly revision: number;
  readonly at: string;
  readonly actor: string;
  readonly kind: string;
  readonly entity: string | null;
  readonly entityNumber: number | null;
  readonly facts: Readonly<Record<string, unknown>>;
  /** Personal values of the change; each stands in the chain as a salted commitment, so that it can be erased. */
  readonly personal?: Readonly<Record<string, string>>;
}

export interface ChangePage {
  readonly items: readonly ChangeView[];
  /** Where to go on: the epoch and the last revision of this page. Never null: a log has no end. */
  readonly next: string;
  readonly total: null;
}

export interface ChangeCursor {
  readonly epoch: string | null;
  readonly revision: number;
}

/** Reads `<epoch>:<revision>`, or a bare revision. */
export function readChangeCursor(text: string | undefined): ChangeCursor {
  if (text === undefined || text === '') return { epoch: null, revision: 0 };
  const match = /^(?:([0-9a-f-]{36}):)?(\d{1,15})$/.exec(text);
  if (match === null)
    throw problem('malformed', 'The cursor must be a revision, or the value of next in the former page.', {
      errors: [{ field: 'after', message: 'must be a revision, or the value of next in the former page' }],
    });
  return { epoch: match[1] ?? null, revision: Number(match[2]) };
}

/** A page of changes after the cursor. Throws `conflict` when the epoch is over: a backup was restored, so load afresh. */
export async function listChanges(
  context: OperationContext,
  actor: Actor,
  input: {
    readonly after?: string | undefined;
    readonly limit?: number | undefined;
    readonly entity?: string | undefined;
  },
): Promise<ChangePage> {
  const cursor = readChangeCursor(input.after);
  const limit = Math.min(Math.max(input.limit ?? 100, 1), PAGE_MAX);
  const session = reader(context);
  const head = await getHead(session);
  if (cursor.epoch !== null && cursor.epoch !== head.epoch)
    throw problem(
      'conflict',
      'A backup was restored since this cursor was given: load everything afresh, without a cursor.',
      {
        facts: { epoch: head.epoch },
      },
    );
  const entity = input.entity === undefined ? null : (await getEntity(session, actor, input.entity, 'entity')).id;
  requirePermission(actor, 'change:read');
  const rows = await listRows(session, cursor.revision, limit, entity, actor.accountId);
  const last = rows.at(-1)?.revision ?? cursor.revision;
  const told = await redactAuthors(session, actor, rows);
  return { items: told.map(changeView), next: `${head.epoch}:${last}`, total: null };
}

export function changeView(row: Change): ChangeView {
  return {
    revision: row.revision,
    at: row.at.toISOString(),
    actor: row.actor,
    kind: row.kind,
    entity: row.entity_uuid,
    entityNumber: row.entity_id,
    facts: row.facts,
    ...(row.personal === null ? {} : { personal: row.personal }),
  };
}
