/**
 * Holds as rows: placed, ended, found, and claimed by the scheduler when they are due.
 */
import { sql } from 'kysely';

import type { Authority, Subject } from '#core/authority.ts';
import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

export interface HoldRow {
  readonly id: number;
  readonly uuid: string;
  readonly entity_id: number;
  readonly entity_uuid: string;
  readonly profile: string;
  readonly authority: Authority;
  readonly authority_rank: number;
  readonly subject: Subject;
  /** The account with whose authority it was placed; null: whichever account of that level is nearest. */
  readonly placed_for: number | null;
  readonly source: string;
  readonly external_ref: string | null;
  readonly note: string | null;
  readonly placed_by: string;
  /** The name of the login that placed it; null when it was none, or is erased. */
  readonly placed_by_name: string | null;
  /** The account of whoever placed it, which may have acted as one beneath; null when its login is gone. */
  readonly placed_by_account: number | null;
  readonly placed_at: Date;
  readonly starts_at: Date;
  readonly ends_at: Date | null;
  readonly activated_at: Date | null;
  readonly ended_at: Date | null;
  readonly end_cause: 'lifted' | 'expired' | 'closed' | null;
  readonly ended_by: string | null;
  readonly review_at: Date | null;
}

export interface NewHold {
  readonly entityId: number;
  readonly profile: string;
  readonly authority: Authority;
  readonly authorityRank: number;
  readonly subject: Subject;
  readonly placedFor: number | null;
  readonly source: string;
  readonly externalRef: string | null;
  readonly note: string | null;
  readonly placedBy: string;
  readonly startsAt: Date;
  readonly endsAt: Date | null;
  readonly reviewAt: Date | null;
  /** In force at once, or left to the scheduler. */
  readonly isActive: boolean;
}

const placingLogin = sql`case when h.placed_by ~ '^login:[0-9a-f-]{36}$' then substr(h.placed_by, 7)::uuid end`;
const columns = sql`h.id, h.uuid, h.entity_id, e.uuid as entity_uuid, h.profile, h.authority, h.authority_rank,
  h.subject, h.placed_for, h.source, h.external_ref, h.note, h.placed_by,
  (select l.name from login l where l.id = ${placingLogin}) as placed_by_name,
  case when ${placingLogin} is null then 0 else (select l.account_id from login l where l.id = ${placingLogin}) end as placed_by_account,
  h.placed_at, h.starts_at, h.ends_at, h.activated_at, h.ended_at, h.end_cause,
  h.ended_by, h.review_at`;

/** Inserts a hold; null when one with the same entity, profile, source and external reference has not ended. */
export async function insertHold(transaction: Transaction, hold: NewHold): Promise<HoldRow | null> {
  return transaction.row(
    sql<HoldRow>`with h as (
        insert into hold (entity_id, profile, authority, authority_rank, subject, placed_for, source, external_ref, note, placed_by, starts_at,
          ends_at, activated_at, review_at)
        values (${hold.entityId}, ${hold.profile}, ${hold.authority}, ${hold.authorityRank}, ${hold.subject}, ${hold.placedFor}, ${hold.source},
          ${hold.externalRef}, ${hold.note}, ${hold.placedBy}, ${hold.startsAt}, ${hold.endsAt},
          case when ${hold.isActive}::boolean then now() end, ${hold.reviewAt})
        on conflict (entity_id, profile, source, external_ref, placed_for) where ended_at is null do nothing
        returning *
      ) select ${columns} from h join entity e on e.id = h.entity_id`,
  );
}

/** The hold that the same source placed before and that has not ended. */
export function findSameHold(
  session: Session,
  hold: Pick<NewHold, 'entityId' | 'profile' | 'source' | 'externalRef' | 'placedFor'>,
): Promise<HoldRow | null> {
  return session.row(
    sql<HoldRow>`select ${columns} from hold h join entity e on e.id = h.entity_id
      where h.entity_id = ${hold.entityId} and h.profile = ${hold.profile} and h.source = ${hold.source}
        and h.external_ref is not distinct from ${hold.externalRef}
        and h.placed_for is not distinct from ${hold.placedFor} and h.ended_at is null`,
  );
}

/** Locks a hold of an entity until the transaction ends. */
export function lockHold(transaction: Transaction, entityId: number, uuid: string): Promise<HoldRow | null> {
  return transaction.row(
    sql<HoldRow>`select ${columns} from hold h join entity e on e.id = h.entity_id
      where h.entity_id = ${entityId} and h.uuid = ${uuid}::uuid for no key update of h`,
  );
}

/** Ends a hold. */
export async function endHold(
  transaction: Transaction,
  id: number,
  cause: 'lifted' | 'expired' | 'closed',
  by: string,
): Promise<HoldRow> {
  const row = await transaction.row(
    sql<HoldRow>`with h as (
        update hold set ended_at = now(), end_cause = ${cause}, ended_by = ${by} where id = ${id} and ended_at is null returning *
      ) select ${columns} from h join entity e on e.id = h.entity_id`,
  );
  if (row === null) throw new Error(`hold ${id} ended while it was locked`);
  return row;
}

export interface HoldFilter {
  readonly entityIds?: readonly number[];
  readonly profile?: string;
  readonly source?: string;
  /** Holds that are over, too. */
  readonly includeEnded: boolean;
  readonly after: number;
  readonly limit: number;
}

/** A page of holds in the order in which they were placed. */
export function listHolds(session: Session, filter: HoldFilter): Promise<HoldRow[]> {
  const parts = [sql`h.id > ${filter.after}`];
  if (filter.entityIds) parts.push(sql`h.entity_id = any (${[...filter.entityIds]}::bigint[])`);
  if (filter.profile !== undefined) parts.push(sql`h.profile = ${filter.profile}`);
  if (filter.source !== undefined) parts.push(sql`h.source = ${filter.source}`);
  if (!filter.includeEnded) parts.push(sql`h.ended_at is null`);
  return session.rows(
    sql<HoldRow>`select ${columns} from hold h join entity e on e.id = h.entity_id
      where ${sql.join(parts, sql` and `)} order by h.id limit ${filter.limit}`,
  );
}

/** The holds in force on any of the entities. */
export function listInForce(session: Session, entityIds: readonly number[]): Promise<HoldRow[]> {
  return session.rows(
    sql<HoldRow>`select ${columns} from hold h join entity e on e.id = h.entity_id
      where h.entity_id = any (${[...entityIds]}::bigint[]) and h.activated_at is not null and h.ended_at is null order by h.id`,
  );
}

export interface DueHold {
  readonly id: number;
  readonly uuid: string;
  readonly entity_id: number;
  readonly profile: string;
  readonly due_at: Date;
}

/** Puts holds in force whose time has come; other processes take other ones. */
export function activateDue(transaction: Transaction, limit: number): Promise<DueHold[]> {
  return transaction.rows(
    sql<DueHold>`update hold h set activated_at = now()
      from (select id from hold where starts_at <= now() and activated_at is null and ended_at is null
            order by starts_at limit ${limit} for no key update skip locked) due
      where h.id = due.id returning h.id, h.uuid, h.entity_id, h.profile, h.starts_at as due_at`,
  );
}

/** Ends holds whose time is over; other processes take other ones. */
export function expireDue(transaction: Transaction, limit: number): Promise<DueHold[]> {
  return transaction.rows(
    sql<DueHold>`update hold h set ended_at = now(), end_cause = 'expired', ended_by = 'system:scheduler'
      from (select id from hold where ends_at <= now() and ended_at is null
            order by ends_at limit ${limit} for no key update skip locked) due
      where h.id = due.id returning h.id, h.uuid, h.entity_id, h.profile, h.ends_at as due_at`,
  );
}

/** How late the oldest due start or end is, in milliseconds. */
export async function schedulerLagMs(session: Session): Promise<number> {
  const row = await session.row(
    sql<{ lag: number | null }>`select (extract(epoch from now() - least(
        (select min(starts_at) from hold where activated_at is null and ended_at is null),
        (select min(ends_at) from hold where ended_at is null and ends_at is not null)
      )) * 1000)::float8 as lag`,
  );
  return Math.max(0, row?.lag ?? 0);
}
