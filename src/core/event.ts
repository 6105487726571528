/** Events: what each transition of the standing of an account is called, and what is told of it. */
import { type Action, type ActionMask, actionsIn } from '#core/action.ts';
import { type Standing, standingOf } from '#core/restrictions.ts';

export const EVENT_TYPES = [
  'account.created',
  'account.suspended',
  'account.limited',
  'account.resumed',
  'account.closed',
  'account.restrictions_changed',
] as const;
/** `restrictions_changed`: the word for its standing is the same, the actions are others. */
export type EventType = (typeof EVENT_TYPES)[number];

export function isEventType(text: string): text is EventType {
  return (EVENT_TYPES as readonly string[]).includes(text);
}

/** What an account may do, in a word and by action. */
export interface StandingNews {
  readonly standing: Standing;
  readonly denied: readonly Action[];
  readonly intercepted: readonly Action[];
}

/** An event as it is told: numbers and names of things, no personal data, no notes. */
export interface EventNews {
  readonly id: string;
  /** Its place among all events; grows by one or more. */
  readonly sequence: number;
  readonly type: EventType;
  /** When the change was committed. */
  readonly at: string;
  readonly revision: number;
  readonly account: string;
  readonly accountNumber: number;
  /** Null for an account that was created. */
  readonly before: StandingNews | null;
  readonly after: StandingNews;
  /** The kind of the change, such as `hold.placed`. */
  readonly cause: string;
  /** The account on which the change was made; null when the reader may not know it, and for a profile. */
  readonly entity: string | null;
  readonly entityNumber: number | null;
  /** The hold that was placed, begun, lifted or expired. */
  readonly hold: string | null;
  readonly profile: string | null;
  /** Who made the change, or only the level of who did. */
  readonly actor: string;
}

/** An event as its row has it, with what the reader may know. */
export interface EventRow {
  readonly id: number;
  readonly uuid: string;
  readonly revision: number;
  readonly at: Date;
  readonly type: EventType;
  readonly account_id: number;
  readonly account_uuid: string;
  readonly denied_before: ActionMask | null;
  readonly intercepted_before: ActionMask | null;
  readonly closed_before: boolean | null;
  readonly denied: ActionMask;
  readonly intercepted: ActionMask;
  readonly closed: boolean;
  readonly cause: string;
  readonly node_id: number | null;
  readonly node_uuid: string | null;
  readonly hold: string | null;
  readonly profile: string | null;
  readonly actor: string;
}

export function eventNews(row: EventRow): EventNews {
  const isNew = row.denied_before === null;
  return {
    id: row.uuid,
    sequence: row.id,
    type: row.type,
    at: row.at.toISOString(),
    revision: row.revision,
    account: row.account_uuid,
    accountNumber: row.account_id,
    before: isNew ? null : standingNews(row.denied_before, row.intercepted_before ?? 0, row.closed_before ?? false),
    after: standingNews(row.denied, row.intercepted, row.closed),
    cause: row.cause,
    entity: row.node_uuid,
    entityNumber: row.node_uuid === null ? null : row.node_id,
    hold: row.hold,
    profile: row.profile,
    actor: row.actor,
  };
}

function standingNews(denied: ActionMask, intercepted: ActionMask, closed: boolean): StandingNews {
  return {
    standing: standingOf({ denied, intercepted, closed, ownerClosed: false }),
    denied: actionsIn(denied),
    intercepted: actionsIn(intercepted),
  };
}
