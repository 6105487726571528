/** Reads what happened to the standing of accounts, a page at a time. */
import { setTimeout as sleep } from 'node:timers/promises';

import { EVENT_TYPES, type EventNews, type EventType, eventNews, isEventType } from '#core/event.ts';
import { invalid, problem } from '#core/problem.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { readChangeCursor } from '#operations/list-changes.ts';
import { PAGE_MAX } from '#operations/read-entity.ts';
import { getEntity } from '#operations/resolve.ts';
import { type EventHead, eventHead, findEvents } from '#store/event-list.ts';

export interface EventPage {
  readonly items: readonly EventNews[];
  /** Where to go on: the epoch, and the event up to which all were looked at. Backwards it is null at the beginning. */
  readonly next: string | null;
  readonly total: null;
}

export interface EventQuery {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
  readonly order?: 'asc' | 'desc' | undefined;
  /** Events of this account itself. */
  readonly account?: string | undefined;
  /** Events of this account and of all beneath it now. */
  readonly beneath?: string | undefined;
  /** Types with commas between them. */
  readonly type?: string | undefined;
}

/**
 * A page of events of the accounts beneath the actor's, that one included. Throws `conflict` when the epoch of the cursor is
 * over, or what follows it was removed: look at the standings afresh.
 */
export async function listEvents(context: OperationContext, actor: Actor, input: EventQuery): Promise<EventPage> {
  const cursor = readChangeCursor(input.after);
  const session = reader(context);
  const head = await eventHead(session);
  const order = input.order ?? 'asc';
  if (cursor !== null && cursor.epoch !== null)
    refuseLost(head, cursor.epoch, order === 'asc' ? cursor.revision : null);
  const idOf = async (field: 'account' | 'beneath') =>
    input[field] === undefined ? undefined : (await getEntity(session, actor, input[field], field)).id;
  const [account, beneath] = [await idOf('account'), await idOf('beneath')];
  requirePermission(actor, 'change:read');
  const limit = Math.min(Math.max(input.limit ?? 100, 1), PAGE_MAX);
  const { rows, reached } = await findEvents(session, {
    order,
    above: order === 'asc' ? (cursor?.revision ?? 0) : 0,
    below: order === 'desc' && cursor !== null ? cursor.revision : null,
    limit,
    beneath: [actor.accountId, beneath ?? 0].filter((id) => id !== 0),
    account,
    types: readTypes(input.type),
    scope: actor.accountId,
  });
  const end = order === 'asc' ? Math.max(cursor?.revision ?? 0, head.last ?? 0) : null;
  const place = reached ?? end;
  return {
    items: rows.map(eventNews),
    next: place === null ? null : `${head.epoch}:${place}`,
    total: null,
  };
}

/** How soon a new event is seen; streams ask once in this time. */
const LOOK_MS = 500;

/** Whether there is an event after a place within the time; false when the signal ends the waiting. */
export async function waitForEvent(
  context: OperationContext,
  place: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  for (let left = timeoutMs; left > 0 && !signal.aborted; left -= LOOK_MS) {
    await sleep(Math.min(LOOK_MS, left), undefined, { signal }).catch(() => {}); // Aborted: the loop ends.
    if (!signal.aborted && ((await eventHead(reader(context))).last ?? 0) > place) return true;
  }
  return false;
}

/** Whoever follows the events has to hear that some between the cursor and what is kept are gone. */
function refuseLost(head: EventHead, epoch: string, after: number | null): void {
  if (epoch !== head.epoch)
    throw problem(
      'conflict',
      'A backup was restored since this cursor was given: look at the standings afresh, and go on without a cursor.',
      { facts: { epoch: head.epoch } },
    );
  if (after !== null && after > 0 && head.first !== null && after < head.first - 1)
    throw problem(
      'conflict',
      `The events after this cursor, up to ${head.first - 1}, are not kept any more: look at the standings afresh.`,
      { facts: { first: head.first } },
    );
}

export function readTypes(text: string | undefined): EventType[] | undefined {
  if (text === undefined || text === '') return undefined;
  const types = text.split(',').map((type) => type.trim());
  const wrong = types.find((type) => !isEventType(type));
  if (wrong !== undefined)
    throw invalid({ field: 'type', message: `must be one or more of ${EVENT_TYPES.join(', ')}, not "${wrong}"` });
  return types.filter(isEventType);
}
