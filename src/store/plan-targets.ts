/** The targets that a planned change may reach, as bare numbers: there may be a hundred thousand. */
import { sql } from 'kysely';

import { type Field, type Json, type Values, columnOf } from '#core/field.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import type { Kind } from '#core/kind.ts';
import { erasedValue } from '#core/personal.ts';
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

export interface AlikeTargets {
  readonly values: Values;
  readonly reference: Json;
  readonly count: number;
}

/**
 * Some targets of a kind of entity, counted by what the named fields are, and by how the system names them where that is asked
 * for. Nothing of a secret is read, and of what was erased nothing personal.
 */
export async function countAlike(
  session: Session,
  kind: Kind,
  ids: readonly number[],
  names: readonly string[],
  referencesOf: number | null,
): Promise<AlikeTargets[]> {
  const fields = names.flatMap((name) => {
    const field: Field | undefined = KIND_FIELDS[kind][name];
    return field === undefined || field.secret === true ? [] : [{ name, field, column: columnOf(name, field) }];
  });
  const columns = fields.map(({ column }) => sql`k.${sql.ref(column)}`);
  const reference =
    referencesOf === null
      ? sql`null::jsonb`
      : sql`(select t.reference from target t where t.system_id = ${referencesOf} and t.entity_id = u.id)`;
  const rows = await session.rows(
    sql<{
      row: Json[];
      reference: Json;
      is_erased: boolean;
      count: number;
    }>`select a.row, a.reference, a.is_erased, count(*) as count
      from (
        select jsonb_build_array(${sql.join(columns)}) as row, ${reference} as reference, e.erased_at is not null as is_erased
        from unnest(${[...ids]}::bigint[]) u (id) join entity e on e.id = u.id join ${sql.table(kind)} k on k.entity_id = u.id
      ) a group by 1, 2, 3`,
  );
  return rows.map(({ row, reference: named, is_erased: isErased, count }) => ({
    values: Object.fromEntries(
      fields.map(({ name, field }, index) => [
        name,
        isErased && field.personal === true ? erasedValue(field) : (row[index] ?? null),
      ]),
    ),
    reference: named,
    count,
  }));
}
