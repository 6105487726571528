/**
 * Reads the log of changes into events: one for each account whose effective standing a change made another.
 *
 * One process reads at a time, in the order of the log: the row of the cursor is locked, and whoever finds it locked leaves
 * it alone. A page and the cursor after it are committed together, so that no event is missing or written twice, whenever
 * the process ends.
 */
import { sql } from 'kysely';

import { type Action, maskOf } from '#core/action.ts';
import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

/** As many changes as one transaction reads; most of them concern one account. */
const CHANGES = 2_000;
/** After so many events a transaction ends, with the change that made the last of them. */
const EVENTS = 20_000;

/** How far the log was read. `isLocked`: another process reads. `isLost`: it cannot be read on from there. */
export type Followed =
  | { readonly type: 'locked' | 'lost' }
  | { readonly type: 'read'; readonly revision: number; readonly head: number; readonly events: number };

interface CursorRow {
  readonly epoch: string | null;
  readonly revision: number;
  readonly head_epoch: string;
  readonly head: number;
  readonly first: number | null;
}

/** Reads the next page of changes, within a transaction. */
export async function followEvents(transaction: Transaction): Promise<Followed> {
  const cursor = await lockCursor(transaction);
  if (cursor === null) return { type: 'locked' };
  if (!canReadOn(cursor)) return { type: 'lost' };
  const { revision, head } = cursor;
  const through = Math.min(head, revision + CHANGES);
  if (through === revision && cursor.epoch === cursor.head_epoch) return { type: 'read', revision, head, events: 0 };
  // A hold on a large tree is one statement, and takes as long as it takes.
  await transaction.rows(sql`set local statement_timeout to 0`);
  const masks = await readMasks(transaction, revision, through);
  const page = await transaction.row(
    sql<{ reached: number | null; derived: number }>`select reached, derived
      from derive_events(${revision}, ${through}, ${JSON.stringify(masks)}::jsonb, ${EVENTS})`,
  );
  const reached = page?.reached ?? revision;
  await transaction.rows(sql`update event_cursor set epoch = ${cursor.head_epoch}::uuid, revision = ${reached}`);
  return { type: 'read', revision: reached, head, events: page?.derived ?? 0 };
}

/**
 * Begins anew with what is now: no event tells of what was before. The transaction must have done nothing so far. Does
 * nothing when the log can be read on after all.
 */
export async function restartEvents(transaction: Transaction): Promise<void> {
  await transaction.rows(sql`set transaction isolation level repeatable read`);
  await transaction.rows(sql`set local statement_timeout to 0`);
  const cursor = await lockCursor(transaction);
  if (cursor === null || canReadOn(cursor)) return;
  await transaction.rows(sql`select fill_event_shadows()`);
  await transaction.rows(sql`update event_cursor set epoch = ${cursor.head_epoch}::uuid, revision = ${cursor.head}`);
}

function lockCursor(session: Session): Promise<CursorRow | null> {
  return session.row(
    sql<CursorRow>`select e.epoch, e.revision, c.epoch as head_epoch, c.revision as head, (select min(revision) from change) as first
      from event_cursor e cross join change_counter c for update of e skip locked`,
  );
}

/**
 * The shadows lie in each backup with the log that they are as of: a new epoch alone is no reason to lose what was not yet
 * told. What is missing between the cursor and the log is.
 */
function canReadOn({ epoch, revision, head, first }: CursorRow): boolean {
  return epoch !== null && revision <= head && (revision === head || (first !== null && first <= revision + 1));
}

/** What changed profiles do, as masks by revision. */
async function readMasks(session: Session, after: number, through: number): Promise<Record<string, [number, number]>> {
  const rows = await session.rows(
    sql<{ revision: number; denied: Action[]; intercepted: Action[] }>`select revision, facts -> 'denied' as denied,
        facts -> 'intercepted' as intercepted
      from change where revision > ${after} and revision <= ${through} and kind = 'profile.changed'`,
  );
  return Object.fromEntries(
    rows.map(({ revision, denied, intercepted }) => [revision, [maskOf(denied), maskOf(intercepted)]]),
  );
}

/** How many changes the log is ahead; null while the shadows were never filled. */
export async function eventLag(session: Session): Promise<number | null> {
  const row = await session.row(
    sql<{ lag: number | null }>`select case when e.epoch is not null then c.revision - e.revision end as lag
      from event_cursor e cross join change_counter c`,
  );
  return row?.lag ?? null;
}

/** As many events as one statement removes. */
const SWEPT = 10_000;

/** Removes some events of changes before the time, which no webhook has yet to pass; answers how many. */
export async function sweepEvents(session: Session, before: Date): Promise<number> {
  const rows = await session.rows(
    sql`delete from event where id in (
        select id from event where at < ${before} and id <= coalesce((select min(w.event_id) from webhook w), id)
        order by id limit ${SWEPT} for update skip locked)
      returning id`,
  );
  return rows.length;
}
