/** Targets as people read them: those of a system, and what each system has of an entity. */
import { type RawBuilder, sql } from 'kysely';

import type { Json } from '#core/field.ts';
import type { Kind } from '#core/kind.ts';
import type { SystemKindName } from '#core/system-kind.ts';
import type { Session } from '#store/database.ts';
import type { TargetOutcome } from '#store/system-list.ts';

export interface TargetRow {
  readonly system_id: number;
  readonly system_name: string;
  readonly system_kind: SystemKindName;
  readonly entity_id: number;
  readonly entity_uuid: string;
  readonly entity_kind: Kind;
  readonly entity_label: string;
  readonly reference: Json;
  readonly is_node: boolean;
  readonly is_bound_by_hand: boolean;
  readonly generation_desired: number;
  readonly generation_applied: number;
  readonly applied: Json;
  readonly is_unproven: boolean;
  readonly outcome: TargetOutcome;
  readonly attempts: number;
  readonly due_at: Date | null;
  readonly leased_until: Date | null;
  readonly problem_code: string | null;
  readonly problem_detail: string | null;
  readonly problem_since: Date | null;
  readonly acknowledged_at: Date | null;
  readonly acknowledged_by: string | null;
  readonly note: string | null;
  readonly told_at: Date | null;
  readonly confirmed_at: Date | null;
  readonly observed: Json;
  readonly observed_at: Date | null;
  readonly created_at: Date;
}

/** The columns of `TargetRow`, from a target `t`, its system `s` and its entity `e`. */
export const TARGET_COLUMNS = sql`t.system_id, s.name as system_name, s.kind as system_kind, t.entity_id, e.uuid as entity_uuid,
  e.kind as entity_kind, e.label as entity_label, t.reference, t.is_node, t.is_bound_by_hand, t.generation_desired,
  t.generation_applied, t.applied, t.is_unproven, target_outcome(t) as outcome, t.attempts, t.due_at, t.leased_until,
  t.problem_code, t.problem_detail, t.problem_since, t.acknowledged_at, t.acknowledged_by, t.note, t.told_at, t.confirmed_at,
  t.observed, t.observed_at, t.created_at`;

/** Which targets of a system are meant. */
export interface TargetFilter {
  readonly outcomes?: readonly TargetOutcome[] | undefined;
  readonly problem?: string | undefined;
  /** Those of this entity and of all beneath it. */
  readonly beneath?: { readonly id: number; readonly kind: Kind } | undefined;
}

/** A page of a system's targets after an entity, by entity. */
export function findTargets(
  session: Session,
  systemId: number,
  filter: TargetFilter,
  page: { readonly after: number; readonly limit: number },
): Promise<TargetRow[]> {
  return session.rows(
    sql<TargetRow>`select ${TARGET_COLUMNS} from target t join system s on s.id = t.system_id join entity e on e.id = t.entity_id
      where t.system_id = ${systemId} and t.entity_id > ${page.after} and ${targetCondition(filter)}
      order by t.entity_id limit ${page.limit}`,
  );
}

export function findTarget(session: Session, systemId: number, entityId: number): Promise<TargetRow | null> {
  return session.row(
    sql<TargetRow>`select ${TARGET_COLUMNS} from target t join system s on s.id = t.system_id join entity e on e.id = t.entity_id
      where t.system_id = ${systemId} and t.entity_id = ${entityId}`,
  );
}

/** What each system has of an entity itself, by the names of the systems. */
export function findTargetsOf(session: Session, entityId: number): Promise<TargetRow[]> {
  return session.rows(
    sql<TargetRow>`select ${TARGET_COLUMNS} from target t join system s on s.id = t.system_id join entity e on e.id = t.entity_id
      where t.entity_id = ${entityId} order by s.name`,
  );
}

/** What the filter asks of a target `t`. */
export function targetCondition(filter: TargetFilter): RawBuilder<unknown> {
  const conditions = [
    ...(filter.outcomes === undefined ? [] : [sql`target_outcome(t) = any (${[...filter.outcomes]}::text[])`]),
    ...(filter.problem === undefined ? [] : [sql`t.problem_code = ${filter.problem}`]),
    ...(filter.beneath === undefined ? [] : [isBeneath(filter.beneath)]),
  ];
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}

/** Whether a target `t` lies beneath an entity or is owned there: an account is found by the accounts that targets are in. */
function isBeneath({ id, kind }: { readonly id: number; readonly kind: Kind }): RawBuilder<unknown> {
  if (id === 0) return sql`true`;
  if (kind !== 'account') return sql`${id}::bigint = any (path_of(t.entity_id))`;
  return sql`exists (select from entity a where a.id in (t.account_id, t.owner_id) and a.ancestors @> array[${id}::bigint])`;
}
