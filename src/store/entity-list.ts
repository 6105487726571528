/**
 * Pages of entities, and how many there are. The order is that of their numbers, which is that of their creation.
 */
import { sql } from 'kysely';

import type { Kind } from '#core/kind.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, entityState } from '#store/entity.ts';

export interface ListFilter {
  readonly kinds?: readonly Kind[];
  readonly standing?: string;
  /** Part of the label, case ignored. */
  readonly search?: string;
  readonly owner?: number;
  readonly includeClosed: boolean;
  readonly after: number;
  readonly limit: number;
}

function conditions(filter: Omit<ListFilter, 'after' | 'limit'>) {
  const parts = [sql`true`];
  if (filter.kinds) parts.push(sql`e.kind = any (${[...filter.kinds]}::text[])`);
  if (filter.search !== undefined) parts.push(sql`e.label ilike ${`%${filter.search.replace(/[%_\\]/g, '\\$&')}%`}`);
  if (filter.owner !== undefined) parts.push(sql`e.owner_id = ${filter.owner}`);
  if (!filter.includeClosed) parts.push(sql`not r.closed`);
  if (filter.standing !== undefined)
    parts.push(sql`standing_word(r.denied, r.intercepted, r.closed) = ${filter.standing}`);
  return sql.join(parts, sql` and `);
}

/** A page of an entity's children in the order of their numbers. */
export function listChildren(session: Session, parentId: number, filter: ListFilter): Promise<EntityState[]> {
  return session.rows(
    sql<EntityState>`select ${entityState} from entity e cross join lateral restrictions(e.id) r
      where e.parent_id = ${parentId} and e.id > ${filter.after} and ${conditions(filter)}
      order by e.id limit ${filter.limit}`,
  );
}

/** How many children an entity has that fit the filter. */
export async function countChildren(session: Session, parentId: number, filter: ListFilter): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`select count(*) from entity e cross join lateral restrictions(e.id) r
      where e.parent_id = ${parentId} and ${conditions(filter)}`,
  );
  return row?.count ?? 0;
}

/** A page of all entities that fit the filter, in the order of their numbers. */
export function listEntities(session: Session, filter: ListFilter): Promise<EntityState[]> {
  return session.rows(
    sql<EntityState>`select ${entityState} from entity e cross join lateral restrictions(e.id) r
      where e.id > ${filter.after} and ${conditions(filter)} order by e.id limit ${filter.limit}`,
  );
}

/** How many entities fit the filter. */
export async function countEntities(session: Session, filter: ListFilter): Promise<number> {
  const row = await session.row(
    sql<{
      count: number;
    }>`select count(*) from entity e cross join lateral restrictions(e.id) r where ${conditions(filter)}`,
  );
  return row?.count ?? 0;
}
