/**
 * How deep entities lie and reach down: no chain may become longer than every computation of a standing walks.
 */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';

/** The deepest account beneath an account, in levels below it. */
export async function heightOf(session: Session, id: number, depth: number): Promise<number> {
  const row = await session.row(
    sql<{
      deepest: number;
    }>`select coalesce(max(cardinality(ancestors)), 0) as deepest from entity where ancestors @> array[${id}::bigint]`,
  );
  return Math.max(0, (row?.deepest ?? 0) - depth);
}

/** How many resources lie on the line from each entity up to its account, itself included; an account has none. */
export async function resourceDepthsOf(session: Session, ids: readonly number[]): Promise<Map<number, number>> {
  const rows = await session.rows(
    sql<{ id: number; depth: number }>`with recursive line (id, above, depth) as (
        select id, parent_id, 1 from entity where id = any (${[...ids]}::bigint[]) and kind <> 'account'
        union all
        select l.id, e.parent_id, l.depth + 1 from line l join entity e on e.id = l.above where e.kind <> 'account'
      )
      select id, max(depth) as depth from line group by id`,
  );
  return new Map(rows.map((row) => [row.id, row.depth]));
}

/** How many levels of resources there are from an entity down, itself included. */
export async function resourceHeightOf(session: Session, id: number): Promise<number> {
  const row = await session.row(
    sql<{ height: number }>`with recursive below (id, height) as (
        select ${id}::bigint, 1
        union all
        select e.id, b.height + 1 from below b join entity e on e.parent_id = b.id
      )
      select max(height) as height from below`,
  );
  return row?.height ?? 1;
}
