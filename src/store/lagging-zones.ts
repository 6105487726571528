/** Zones that others transfer: what happens here is seen there only when they transfer again. */
import { sql } from 'kysely';

import type { Kind } from '#core/kind.ts';
import type { Session } from '#store/database.ts';

export interface LaggingZones {
  readonly count: number;
  /** The first of them by name. */
  readonly names: readonly string[];
}

/** As many names as a person reads before acting. */
const NAMES_MAX = 20;

/**
 * The zones with foreign secondaries that a change to any of the entities reaches: the zones themselves, those beneath, and
 * those that contain records which are held, or whose owner is. Null when there are none. Costs a look at each zone with secondaries.
 */
async function findLaggingZones(session: Session, ids: readonly number[]): Promise<LaggingZones | null> {
  const reached = [...ids];
  const rows = await session.rows(
    sql<{ name: string; count: number }>`select z.name, count(*) over ()::integer as count
      from dns_zone z join entity e on e.id = z.entity_id join entity a on a.id = e.parent_id
      where z.secondaries <> '{}' and e.closed_at is null
        and not exists (select from entity c where c.id = any (a.ancestors) and c.closed_at is not null) and (
        z.entity_id = any (${reached}::bigint[]) or a.ancestors && ${reached}::bigint[]
        or exists (select from entity r where r.id = any (${reached}::bigint[]) and r.kind = 'dns_record' and r.parent_id = z.entity_id)
        or exists (select from entity r join entity o on o.id = r.owner_id
          where r.parent_id = z.entity_id and r.owner_id is not null and o.ancestors && ${reached}::bigint[])
      ) order by z.name limit ${NAMES_MAX}`,
  );
  const [first] = rows;
  return first === undefined ? null : { count: first.count, names: rows.map(({ name }) => name) };
}

/** As a part of an answer: absent when there are none. */
export async function laggingZones(
  session: Session,
  ids: readonly number[],
): Promise<{ readonly laggingZones?: LaggingZones }> {
  const zones = ids.length === 0 ? null : await findLaggingZones(session, ids);
  return zones === null ? {} : { laggingZones: zones };
}

/** The same of one entity, which may be of a kind that no zone knows of. */
export function laggingBeneath(
  session: Session,
  entity: { readonly id: number; readonly kind: Kind },
): Promise<{ readonly laggingZones?: LaggingZones }> {
  return laggingZones(session, REACHING.has(entity.kind) ? [entity.id] : []);
}

/** The kinds that have zones beneath, are zones, or lie in zones that others transfer. */
const REACHING: ReadonlySet<Kind> = new Set<Kind>(['account', 'dns_zone', 'dns_record']);
