/** Zones that others transfer: what happens here is seen there only when they are notified, or transfer again. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';

export interface LaggingZones {
  /** Of those that were looked at. */
  readonly count: number;
  /** The first of them by name. */
  readonly names: readonly string[];
  /** There may be more: the look ended before it had seen all. */
  readonly isPartial?: true;
}

/** A look ends after so many entities beneath the nodes; where there are more, after so many zones with secondaries. */
export const LOOK_MAX = 5_000;

/**
 * The open zones with foreign secondaries that a change to any of the nodes reaches: the nodes themselves, the zones
 * beneath, and those that contain records which are held, or whose owner is. Null when there are none. It costs too much
 * for the way of a hold or a lift: plans ask it, and whoever notifies.
 */
export async function findLaggingZones(
  session: Session,
  nodes: readonly number[],
  namesMax: number,
): Promise<LaggingZones | null> {
  if (nodes.length === 0) return null;
  const isSmall = (await countUpTo(session, beneathAll(nodes))) <= LOOK_MAX;
  const found = await session.rows(isSmall ? amongBeneath(nodes, namesMax) : amongZones(nodes, namesMax));
  const [first] = found;
  if (first === undefined) return null;
  const isPartial = !isSmall && (await countUpTo(session, withSecondaries)) > LOOK_MAX;
  return { count: first.count, names: found.map(({ name }) => name), ...(isPartial ? { isPartial } : {}) };
}

interface FoundRow {
  readonly name: string;
  readonly count: number;
}

const beneathAll = (nodes: readonly number[]) =>
  sql`select b.id from unnest(${[...nodes]}::bigint[]) n (id) cross join lateral list_beneath(n.id, ${LOOK_MAX + 1}::integer) b (id)`;
const withSecondaries = sql`select entity_id, name from dns_zone where secondaries <> '{}'`;

/** Counted up to one more than a look has room for. */
async function countUpTo(session: Session, rows: ReturnType<typeof beneathAll>): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`select count(*)::integer as count from (${rows} limit ${LOOK_MAX + 1}) counted`,
  );
  return row?.count ?? 0;
}

/** From the nodes downwards. */
const amongBeneath = (nodes: readonly number[], namesMax: number) =>
  sql<FoundRow>`with beneath as materialized (${beneathAll(nodes)}), reached as (
      select e.id from beneath b join entity e on e.id = b.id where e.kind = 'dns_zone'
      union select e.parent_id from beneath b join entity e on e.id = b.id where e.kind = 'dns_record'
    )
    select z.name, count(*) over ()::integer as count from reached r join dns_zone z on z.entity_id = r.id
    where z.secondaries <> '{}' and closed_since(z.entity_id) is null order by z.name limit ${namesMax}`;

/** From the zones upwards, where those with secondaries are fewer than what lies beneath. */
const amongZones = (nodes: readonly number[], namesMax: number) =>
  sql<FoundRow>`with looked as materialized (${withSecondaries} order by entity_id limit ${LOOK_MAX})
    select z.name, count(*) over ()::integer as count from looked z where closed_since(z.entity_id) is null and (
      path_of(z.entity_id) && ${[...nodes]}::bigint[]
      or exists (select from entity r where r.id = any (${[...nodes]}::bigint[]) and r.kind = 'dns_record' and r.parent_id = z.entity_id)
      or exists (select from entity r join entity o on o.id = r.owner_id
        where r.parent_id = z.entity_id and r.owner_id is not null and o.ancestors && ${[...nodes]}::bigint[])
    ) order by z.name limit ${namesMax}`;
