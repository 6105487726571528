/** Targets as the reconciler takes them and gives them back: claimed under a lease, written only while it is still held. */
import { sql } from 'kysely';

import type { Json } from '#core/field.ts';
import type { Kind } from '#core/kind.ts';
import type { Doubt } from '#core/reconcile/intent.ts';
import type { Writing } from '#core/reconcile/verdict.ts';
import type { Session } from '#store/database.ts';

export interface ClaimedTarget {
  readonly entity_id: number;
  readonly account_id: number;
  readonly reference: Json;
  readonly generation_desired: number;
  readonly applied: Json;
  readonly kept: Json;
  readonly task: Json;
  readonly is_node: boolean;
  readonly is_unproven: boolean;
  readonly is_drifted: boolean;
  readonly doubt: Doubt;
  readonly attempts: number;
  /** As text: a Date has no microseconds, by which a newer time is told from the one that was seen. */
  readonly due_at: string;
}

export interface Claim {
  readonly systemId: number;
  readonly token: string;
  readonly limit: number;
  readonly leaseMs: number;
  readonly flightMaxMs: number;
}

const ms = (value: number) => sql`${value}::float8 * interval '1 millisecond'`;

/**
 * Takes what is due, the longest due first. Whatever has a lease that ran out was in the hands of somebody who may have sent a
 * request: it is unproven, and nothing counts as confirmed before that request cannot arrive any more.
 *
 * What is desired has to be read by a later statement. A row that was locked here may be newer than the snapshot of this one,
 * and would then be given the facts of an older revision than its generation.
 */
export function claimTargets(session: Session, claim: Claim): Promise<ClaimedTarget[]> {
  return session.rows(
    sql<ClaimedTarget>`with due as (
        select system_id, entity_id from target
        where system_id = ${claim.systemId} and due_at <= now() and (leased_until is null or leased_until <= now())
          and exists (select from system s where s.id = ${claim.systemId} and s.paused_at is null)
        order by due_at limit ${claim.limit} for update skip locked
      )
      update target t set lease_token = ${claim.token}::uuid, leased_until = now() + ${ms(claim.leaseMs)},
        is_unproven = t.is_unproven or t.lease_token is not null,
        unsure_until = case when t.lease_token is null then t.unsure_until
          else greatest(t.unsure_until, now() + ${ms(claim.flightMaxMs)}) end
      from due where t.system_id = due.system_id and t.entity_id = due.entity_id
      returning t.entity_id, t.account_id, t.reference, t.generation_desired, t.applied, t.kept, t.task, t.is_node, t.is_unproven,
        t.is_drifted, t.attempts, t.due_at::text as due_at,
        case when t.unsure_until is null then 'none' when t.unsure_until > now() then 'open' else 'over' end as doubt`,
  );
}

export interface TargetFactsRow {
  readonly id: number;
  readonly uuid: string;
  readonly kind: Kind;
  readonly denied: number;
  readonly intercepted: number;
  readonly closed: boolean;
  readonly owner_closed: boolean;
  readonly closed_since: Date | null;
  readonly profiles: readonly string[];
  /** For each of them when the youngest hold that names it came into force, in milliseconds since 1970. */
  readonly profiles_since: readonly number[];
}

/** What holds for entities now. */
export function readTargetFacts(session: Session, entities: readonly number[]): Promise<TargetFactsRow[]> {
  return session.rows(
    sql<TargetFactsRow>`select e.id, e.uuid, e.kind, f.* from unnest(${[...entities]}::bigint[]) u (id)
      join entity e using (id) cross join lateral target_facts(e.id) f`,
  );
}

/** The resources that contain each of the entities, the nearest first; those right beneath an account are left out. */
export async function readContainers(
  session: Session,
  entities: readonly number[],
): Promise<ReadonlyMap<number, readonly number[]>> {
  const rows = await session.rows(
    sql<{ id: number; containers: number[] }>`with recursive up (id, container, depth) as (
        select e.id, p.id, 1 from unnest(${[...entities]}::bigint[]) u (id) join entity e using (id) join entity p on p.id = e.parent_id
        where p.kind <> 'account'
        union all
        select u.id, p.id, u.depth + 1 from up u join entity e on e.id = u.container join entity p on p.id = e.parent_id
        where p.kind <> 'account'
      ) select id, array_agg(container order by depth) as containers from up group by id`,
  );
  return new Map(rows.map((row) => [row.id, row.containers]));
}

export interface ProfileFactsRow {
  readonly name: string;
  readonly denied: number;
  readonly intercepted: number;
  readonly sessions: 'finish' | 'end';
  readonly refusal_text: string;
  readonly settings: Json;
  readonly has_legal_override: boolean;
}

/** What profiles say to a kind of system. */
export function readProfileFacts(session: Session, kind: string, names: readonly string[]): Promise<ProfileFactsRow[]> {
  return session.rows(
    sql<ProfileFactsRow>`select name, denied, intercepted, sessions, refusal_text, systems -> ${kind} as settings,
        legal_override is not null as has_legal_override
      from profile where name = any (${[...names]}::text[])`,
  );
}

/** What is written of one claimed target. */
export interface TargetRecord {
  readonly target: Pick<ClaimedTarget, 'entity_id' | 'generation_desired' | 'due_at' | 'is_drifted'>;
  readonly token: string;
  readonly writing: Writing;
}

/**
 * Writes what became of claimed targets, in one statement. A row whose lease is in other hands by now is left alone. A
 * generation that came meanwhile stays open with its own time; so does a time that somebody else set. Answers which were written.
 */
export async function recordTargets(
  session: Session,
  system: { readonly id: number; readonly flightMaxMs: number },
  records: readonly TargetRecord[],
): Promise<ReadonlySet<number>> {
  const rows = await session.rows(
    sql<{ entity_id: number }>`with r as materialized (
        select * from jsonb_to_recordset(${JSON.stringify(records.map(asRow))}::jsonb) as r (entity_id bigint, token uuid,
          generation bigint, due_seen timestamptz, told boolean, confirmed boolean, applied jsonb, has_kept boolean, kept jsonb,
          task jsonb, unproven boolean, drifted boolean, doubt text, attempts integer, due_ms float8, settles boolean,
          person boolean, code text, detail text, note text)
      ), held as materialized (
        -- In one order, as whoever raises generations locks them.
        select t.entity_id from r join target t on t.system_id = ${system.id} and t.entity_id = r.entity_id
        where t.lease_token = r.token order by t.entity_id for update of t
      )
      update target t set lease_token = null, leased_until = null,
        generation_applied = case when r.confirmed then greatest(t.generation_applied, r.generation) else t.generation_applied end,
        confirmed_at = case when r.confirmed then now() else t.confirmed_at end,
        told_at = case when r.told then now() else t.told_at end,
        applied = r.applied, kept = case when r.has_kept then r.kept else t.kept end, task = r.task,
        is_unproven = r.unproven, is_drifted = r.drifted,
        unsure_until = case r.doubt when 'clear' then null when 'keep' then t.unsure_until
          else greatest(t.unsure_until, now() + ${ms(system.flightMaxMs)}) end,
        note = case when r.told then r.note else t.note end,
        due_at = case when t.generation_desired > r.generation or t.due_at is distinct from r.due_seen then t.due_at
          when r.settles then greatest(now(), t.unsure_until) else now() + r.due_ms * interval '1 millisecond' end,
        attempts = case when t.generation_desired > r.generation then t.attempts else r.attempts end,
        needs_person = case when t.generation_desired > r.generation then t.needs_person else r.person end,
        problem_code = case when t.generation_desired > r.generation then t.problem_code else r.code end,
        problem_detail = case when t.generation_desired > r.generation then t.problem_detail else r.detail end,
        problem_since = case when t.generation_desired > r.generation then t.problem_since when r.code is null then null
          when t.problem_code = r.code then t.problem_since else now() end,
        acknowledged_at = case when r.code is null then null else t.acknowledged_at end,
        acknowledged_by = case when r.code is null then null else t.acknowledged_by end
      from r join held using (entity_id)
      where t.system_id = ${system.id} and t.entity_id = r.entity_id and t.lease_token = r.token
      returning t.entity_id`,
  );
  return new Set(rows.map((row) => row.entity_id));
}

/** As long as a sentence for people may get. */
const TEXT_MAX = 2_000;

function asRow({ target, token, writing }: TargetRecord) {
  return {
    entity_id: target.entity_id,
    token,
    generation: target.generation_desired,
    due_seen: target.due_at,
    told: writing.isTold,
    confirmed: writing.isConfirmed,
    applied: writing.applied,
    has_kept: writing.kept !== undefined,
    kept: writing.kept ?? null,
    task: writing.task,
    unproven: writing.isUnproven,
    drifted: writing.isDrifted,
    doubt: writing.doubt,
    attempts: writing.attempts,
    due_ms: typeof writing.dueInMs === 'number' ? writing.dueInMs : null,
    settles: writing.dueInMs === 'settled',
    person: writing.needsPerson,
    code: writing.problem === null ? null : storable(writing.problem.code),
    detail: writing.problem === null ? null : storable(writing.problem.detail),
    note: writing.note === null ? null : storable(writing.note),
  };
}

/** Text of a foreign system, as the database takes it. */
export function storable(text: string): string {
  return text.replaceAll('\u0000', '').slice(0, TEXT_MAX).toWellFormed();
}

/** Gives back claimed targets that nobody was told of. */
export async function giveBackTargets(
  session: Session,
  systemId: number,
  given: readonly { readonly entityId: number; readonly token: string }[],
): Promise<void> {
  await session.rows(
    sql`with r as materialized (
        select * from unnest(${given.map((one) => one.entityId)}::bigint[], ${given.map((one) => one.token)}::uuid[]) r (entity_id, token)
      ), held as materialized (
        select t.entity_id from r join target t on t.system_id = ${systemId} and t.entity_id = r.entity_id
        where t.lease_token = r.token order by t.entity_id for update of t
      )
      update target t set lease_token = null, leased_until = null
      from r join held using (entity_id)
      where t.system_id = ${systemId} and t.entity_id = r.entity_id and t.lease_token = r.token`,
  );
}

/** Stores what was configured before the first hold; false when the lease is not held any more. */
export async function keepOfTarget(
  session: Session,
  systemId: number,
  entityId: number,
  token: string,
  kept: Json,
): Promise<boolean> {
  const row = await session.row(
    sql`update target set kept = ${JSON.stringify(kept)}::jsonb
      where system_id = ${systemId} and entity_id = ${entityId} and lease_token = ${token}::uuid and leased_until > now()
      returning entity_id`,
  );
  return row !== null;
}
