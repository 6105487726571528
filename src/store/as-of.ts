/** What the log has for a look back: where an entity lay, and the changes that made it and its chain what they were. */
import { sql } from 'kysely';

import { CHANGE_COLUMNS, type Change } from '#store/change-list.ts';
import type { Session } from '#store/database.ts';

export interface ChainLink {
  /** `self` and `parent` by place, `owner` for the owner and its parents. */
  readonly via: 'self' | 'parent' | 'owner';
  readonly depth: number;
  readonly entity_id: number;
}

/** The line of an entity up to the platform as it was at a revision, and the line of its owner. */
export function listChainAt(session: Session, entityId: number, revision: number): Promise<ChainLink[]> {
  return session.rows(
    sql<ChainLink>`select via, depth, entity_id from chain_at(${entityId}::bigint, ${revision}::bigint) order by via = 'owner', depth`,
  );
}

/** All that was recorded of entities and their holds up to a revision, in order. */
export function listEntityChanges(session: Session, entityIds: readonly number[], revision: number): Promise<Change[]> {
  return session.rows(
    sql<Change>`select ${CHANGE_COLUMNS} from unnest(${[...entityIds]}::bigint[]) u (id)
        cross join lateral (
          select * from change x where x.entity_id = u.id and x.revision <= ${revision}::bigint
            and (x.kind like 'entity.%' or x.kind like 'hold.%')
        ) c
        left join entity e on e.id = c.entity_id
      order by c.revision`,
  );
}

/** The profiles with the names as they were at a revision: the facts of the last change of each. */
export function listProfileFacts(
  session: Session,
  names: readonly string[],
  revision: number,
): Promise<{ facts: Record<string, unknown> }[]> {
  return session.rows(
    sql<{ facts: Record<string, unknown> }>`select distinct on (c.facts ->> 'name') c.facts from change c
      where c.kind = 'profile.changed' and c.revision <= ${revision}::bigint and c.facts ->> 'name' = any (${[...names]}::text[])
      order by c.facts ->> 'name', c.revision desc`,
  );
}

export interface NodeName {
  readonly id: number;
  readonly uuid: string;
  readonly created_at: Date;
}

/** What never changes of entities. */
export function listNodeNames(session: Session, ids: readonly number[]): Promise<NodeName[]> {
  return session.rows(
    sql<NodeName>`select id, uuid, created_at from entity where id = any (${[...new Set(ids)]}::bigint[])`,
  );
}

/** When a revision was committed; null when it is not in the log. */
export async function timeOfRevision(session: Session, revision: number): Promise<Date | null> {
  const row = await session.row(sql<{ at: Date }>`select at from change where revision = ${revision}`);
  return row?.at ?? null;
}
