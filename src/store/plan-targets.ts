/** The targets that a planned change may reach, as bare numbers: there may be a hundred thousand. */
import { sql } from 'kysely';

import type { Json, Values } from '#core/field.ts';
import type { Kind } from '#core/kind.ts';
import type { SystemKindName } from '#core/system-kind.ts';
import type { Session } from '#store/database.ts';

export interface ToldSystem {
  readonly id: number;
  readonly name: string;
  readonly kind: SystemKindName;
  readonly settings: Values;
}

/** All systems that have targets at all, by name. */
export function listToldSystems(session: Session): Promise<ToldSystem[]> {
  return session.rows(
    sql<ToldSystem>`select id, name, kind, settings from system where kind <> 'webhook' order by name`,
  );
}

export interface TargetGroup {
  readonly system_id: number;
  readonly kind: Kind;
  readonly ids: number[];
}

/** With more nodes than this all targets are looked at: whoever asks sorts out what lies beneath them. */
const NODES_MAX = 1_000;

/** The bound targets beneath the nodes, by system and kind of entity. */
export function listBoundTargets(session: Session, nodes: readonly number[]): Promise<TargetGroup[]> {
  if (nodes.includes(0) || nodes.length > NODES_MAX)
    return session.rows(
      sql<TargetGroup>`select t.system_id, e.kind, array_agg(t.entity_id) as ids from target t join entity e on e.id = t.entity_id
        where not t.is_node group by 1, 2`,
    );
  return session.rows(
    sql<TargetGroup>`with recursive accounts (id) as materialized (
        select id from entity where ancestors && ${[...nodes]}::bigint[]
      ), resources (id) as (
        select id from entity where id = any (${[...nodes]}::bigint[]) and kind <> 'account'
        union
        select e.id from resources b join entity e on e.parent_id = b.id
      ), reached (system_id, entity_id) as (
        select t.system_id, t.entity_id from accounts a join target t on t.account_id = a.id where not t.is_node
        union
        select t.system_id, t.entity_id from accounts a join target t on t.owner_id = a.id where not t.is_node
        union
        select t.system_id, t.entity_id from resources b join target t on t.entity_id = b.id where not t.is_node
      )
      select r.system_id, e.kind, array_agg(r.entity_id) as ids from reached r join entity e on e.id = r.entity_id group by 1, 2`,
  );
}

/** How a system names some of its targets. */
export async function readReferences(
  session: Session,
  systemId: number,
  ids: readonly number[],
): Promise<Map<number, Json>> {
  const rows = await session.rows(
    sql<{ entity_id: number; reference: Json }>`select entity_id, reference from target
      where system_id = ${systemId} and entity_id = any (${[...ids]}::bigint[])`,
  );
  return new Map(rows.map((row) => [row.entity_id, row.reference]));
}
