/**
 * Pages of entities, and how many there are. The order is that of their numbers, which is that of their creation.
 */
import { sql } from 'kysely';

import type { Kind } from '#core/kind.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, countBeneath, entityState } from '#store/entity.ts';

export interface ListFilter {
  readonly kinds?: readonly Kind[];
  readonly standing?: string;
  /** Part of the label, case ignored. */
  readonly search?: string;
  readonly owner?: number;
  /** Everything beneath the entity, itself and what its accounts own elsewhere included. */
  readonly beneath?: number;
  /** The account beneath which alone anything is seen; 0: everything is. */
  readonly scope: number;
  readonly includeClosed: boolean;
  readonly after: number;
  readonly limit: number;
}

function conditions(filter: Omit<ListFilter, 'after' | 'limit'>) {
  const parts = [sql`true`];
  if (filter.kinds) parts.push(sql`e.kind = any (${[...filter.kinds]}::text[])`);
  if (filter.search !== undefined) parts.push(sql`e.label ilike ${`%${filter.search.replace(/[%_\\]/g, '\\$&')}%`}`);
  if (filter.owner !== undefined) parts.push(sql`e.owner_id = ${filter.owner}`);
  if (filter.scope !== 0) parts.push(sql`${filter.scope}::bigint = any (path_of(e.id))`);
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

/** Up to so many entities beneath a node are gathered first; more are met soon enough in the order of numbers. */
const GATHERED_MAX = 5_000;

/** The source of a list: all entities, or those beneath a node, found by whichever way reads less. */
async function sourceOf(session: Session, beneath: number | undefined) {
  if (beneath === undefined || beneath === 0) return { from: sql`entity e`, where: sql`true` };
  if ((await countBeneath(session, beneath, GATHERED_MAX + 1)) > GATHERED_MAX)
    return { from: sql`entity e`, where: sql`${beneath}::bigint = any (path_of(e.id))` };
  return {
    from: sql`list_beneath(${beneath}::bigint, 2147483647) b (id) join entity e on e.id = b.id`,
    where: sql`true`,
  };
}

/** A page of all entities that fit the filter, in the order of their numbers. */
export async function listEntities(session: Session, filter: ListFilter): Promise<EntityState[]> {
  const { from, where } = await sourceOf(session, filter.beneath);
  return session.rows(
    sql<EntityState>`select ${entityState} from ${from} cross join lateral restrictions(e.id) r
      where e.id > ${filter.after} and ${where} and ${conditions(filter)} order by e.id limit ${filter.limit}`,
  );
}

/** How many entities fit the filter. */
export async function countEntities(session: Session, filter: ListFilter): Promise<number> {
  const { from, where } = await sourceOf(session, filter.beneath);
  const row = await session.row(
    sql<{
      count: number;
    }>`select count(*) from ${from} cross join lateral restrictions(e.id) r where ${where} and ${conditions(filter)}`,
  );
  return row?.count ?? 0;
}
