/**
 * Pages of open entities in an order in which they can be created again, read by key and without a long snapshot.
 */
import { sql } from 'kysely';

import type { Kind } from '#core/kind.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, listByNumbers } from '#store/entity.ts';

export interface ExportKey {
  readonly depth: number;
  readonly id: number;
}

/** A page of open entities of one kind, the shallow accounts first; with a root only what lies beneath it. */
export async function listForExport(
  session: Session,
  kind: Kind,
  after: ExportKey,
  limit: number,
  rootId: number | null,
): Promise<{ readonly entities: EntityState[]; readonly next: ExportKey | null }> {
  const beneath = rootId === null ? sql`true` : sql`${rootId}::bigint = any (path_of(e.id))`;
  const rows = await session.rows(
    sql<ExportKey>`select coalesce(cardinality(e.ancestors), 0) as depth, e.id from entity e
      where e.kind = ${kind} and e.id <> 0
        and (coalesce(cardinality(e.ancestors), 0), e.id) > (${after.depth}::integer, ${after.id}::bigint)
        and closed_since(e.id) is null and ${beneath}
      order by 1, 2 limit ${limit}`,
  );
  const states = new Map(
    (
      await listByNumbers(
        session,
        rows.map((row) => row.id),
      )
    ).map((entity) => [entity.id, entity]),
  );
  return {
    entities: rows.map((row) => states.get(row.id)).filter((entity) => entity !== undefined),
    next: rows.length < limit ? null : (rows.at(-1) ?? null),
  };
}

/** Which of the entities are open and, with a root, lie beneath it. */
export async function listOpenWithin(
  session: Session,
  ids: readonly number[],
  rootId: number | null,
): Promise<number[]> {
  const rows = await session.rows(
    sql<{ id: number }>`select id from unnest(${[...ids]}::bigint[]) e (id)
      where closed_since(e.id) is null and (${rootId}::bigint is null or ${rootId}::bigint = any (path_of(e.id)))`,
  );
  return rows.map((row) => row.id);
}
