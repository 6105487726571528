/** A target as callers see it. What belongs to the settings of a system is for the platform alone. */
import type { Json } from '#core/field.ts';
import type { SystemKindName } from '#core/system-kind.ts';
import type { Actor } from '#operations/context.ts';
import type { TargetOutcome } from '#store/system-list.ts';
import type { TargetRow } from '#store/target-list.ts';

export interface TargetView {
  readonly system: string;
  readonly systemKind: SystemKindName;
  readonly entity: string;
  readonly entityNumber: number;
  readonly entityKind: string;
  readonly label: string;
  readonly outcome: TargetOutcome;
  /** The revision of the change that reached it last, and the one that the system confirmed last. */
  readonly desiredGeneration: number;
  readonly confirmedGeneration: number;
  readonly problem: { readonly code: string; readonly detail: string | null; readonly since: string | null } | null;
  /** What the system said last, for people; like the detail of a problem, for the platform alone. */
  readonly note: string | null;
  readonly attempts: number;
  readonly nextTryAt: string | null;
  readonly running: boolean;
  readonly toldAt: string | null;
  readonly confirmedAt: string | null;
  readonly acknowledgedAt: string | null;
}

export interface TargetDetails extends TargetView {
  /** How the system names it. */
  readonly reference: Json;
  readonly boundByHand: boolean;
  /** A held node that is told as a whole. */
  readonly node: boolean;
  /** The state that was confirmed last. */
  readonly confirmed: Json;
  /** A request may have acted without a reply. */
  readonly unproven: boolean;
  readonly acknowledgedBy: string | null;
  readonly observed: Json;
  readonly observedAt: string | null;
  readonly createdAt: string;
}

export function targetView(row: TargetRow, now: Date): TargetView {
  return {
    system: row.system_name,
    systemKind: row.system_kind,
    entity: row.entity_uuid,
    entityNumber: row.entity_id,
    entityKind: row.entity_kind,
    label: row.entity_label,
    outcome: row.outcome,
    desiredGeneration: row.generation_desired,
    confirmedGeneration: row.generation_applied,
    problem:
      row.problem_code === null
        ? null
        : {
            code: row.problem_code,
            detail: row.problem_detail,
            since: row.problem_since?.toISOString() ?? null,
          },
    note: row.note,
    attempts: row.attempts,
    nextTryAt: row.due_at?.toISOString() ?? null,
    running: row.leased_until !== null && row.leased_until > now,
    toldAt: row.told_at?.toISOString() ?? null,
    confirmedAt: row.confirmed_at?.toISOString() ?? null,
    acknowledgedAt: row.acknowledged_at?.toISOString() ?? null,
  };
}

export function targetDetails(row: TargetRow, now: Date): TargetDetails {
  return {
    ...targetView(row, now),
    reference: row.reference,
    boundByHand: row.is_bound_by_hand,
    node: row.is_node,
    confirmed: row.applied,
    unproven: row.is_unproven,
    acknowledgedBy: row.acknowledged_by,
    observed: row.observed,
    observedAt: row.observed_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  };
}

/** All of it to the platform, whose systems they are; the rest of it to whoever else may see the entity. */
export function targetFor(actor: Actor, row: TargetRow, now: Date): TargetView {
  if (actor.accountId === 0) return targetDetails(row, now);
  const view = targetView(row, now);
  // Sentences name where the system is, and what it calls things.
  return { ...view, problem: view.problem === null ? null : { ...view.problem, detail: null }, note: null };
}
