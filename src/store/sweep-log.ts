/** The log of changes as the reconciler reads it: in order, behind a cursor that one process at a time moves on. */
import { sql } from 'kysely';

import type { SystemKindName } from '#core/system-kind.ts';
import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

export interface LoggedChange {
  readonly revision: number;
  readonly at: Date;
  readonly kind: string;
  readonly entity_id: number | null;
  /** The few facts that say whom a change reaches. */
  readonly hold_counts: boolean | null;
  readonly system: string | null;
  readonly profile: string | null;
  readonly created_kind: string | null;
}

/** What can reach a target. All else is passed over. */
export const REACHING_KINDS: readonly string[] = [
  'entity.created',
  'entity.updated',
  'entity.moved',
  'entity.transferred',
  'entity.closed',
  'hold.placed',
  'hold.lifted',
  'hold.activated',
  'hold.expired',
  'profile.changed',
  'target.bound',
  'system.created',
  'system.changed',
];

export interface ToldSystem {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly kind: SystemKindName;
}

export interface LogPosition {
  /** The epoch of the cursor; null before anything was read. */
  readonly epoch: string | null;
  readonly revision: number;
  /** The epoch and the end of the log. */
  readonly head_epoch: string;
  readonly head: number;
}

/** Takes the cursor until the transaction ends; null while another process has it. */
export function lockCursor(transaction: Transaction): Promise<LogPosition | null> {
  return transaction.row(
    sql<LogPosition>`select s.epoch, s.revision, c.epoch as head_epoch, c.revision as head
      from sweep_cursor s, change_counter c for update of s skip locked`,
  );
}

export interface LogPage {
  /** The end of the log as of the same moment. */
  readonly head: number;
  readonly systems: readonly ToldSystem[];
  readonly changes: readonly LoggedChange[];
}

/**
 * The changes after a revision, `span` of them at the most, with the systems that are there. Both are of one snapshot: a
 * system whose creation lies before the end of the log is among them. None of them is removed before the transaction ends.
 */
export async function readLogPage(session: Session, after: number, span: number): Promise<LogPage> {
  const row = await session.row(
    sql<{ head: number; systems: ToldSystem[] | null; changes: (Omit<LoggedChange, 'at'> & { at: string })[] | null }>`
      select c.revision as head,
        (select jsonb_agg(jsonb_build_object('id', s.id, 'uuid', s.uuid, 'name', s.name, 'kind', s.kind))
          from (select * from system where kind <> 'webhook' order by id for key share) s) as systems,
        (select jsonb_agg(to_jsonb(l)) from (
          select h.revision, h.at, h.kind, h.entity_id, coalesce(h.facts -> 'inForce', h.facts -> 'wasInForce') as hold_counts,
            h.facts ->> 'system' as system, case when h.kind = 'profile.changed' then h.facts ->> 'name' end as profile,
            case when h.kind = 'entity.created' then h.facts ->> 'kind' end as created_kind
          from change h
          where h.revision > ${after} and h.revision <= ${after + span} and h.kind = any (${[...REACHING_KINDS]}::text[])
            and exists (select from system s where s.kind <> 'webhook')
          order by h.revision) l) as changes
      from change_counter c`,
  );
  if (row === null) throw new Error('change_counter has no row: the schema is not migrated');
  const changes = (row.changes ?? []).map((change) => ({ ...change, at: new Date(change.at) }));
  return { head: row.head, systems: row.systems ?? [], changes };
}

export async function moveCursor(transaction: Transaction, epoch: string, revision: number): Promise<void> {
  await transaction.rows(sql`update sweep_cursor set epoch = ${epoch}::uuid, revision = ${revision}`);
}

export interface NewSweep {
  readonly revision: number;
  readonly at: Date;
  readonly cause: string;
  readonly nodes: readonly number[];
  readonly onlySystemId: number | null;
  /** `done`: all that it reaches is known already. */
  readonly size: 'open' | 'large' | 'done';
}

export async function insertSweeps(transaction: Transaction, sweeps: readonly NewSweep[]): Promise<void> {
  if (sweeps.length === 0) return;
  const rows = sweeps.map(({ revision, at, cause, nodes, onlySystemId, size }) => ({
    revision,
    at,
    cause,
    nodes,
    only_system_id: onlySystemId,
    is_large: size === 'large',
    is_done: size === 'done',
  }));
  await transaction.rows(
    sql`insert into sweep (revision, at, cause, nodes, only_system_id, is_large, expanded_at)
      select r.revision, r.at, r.cause, r.nodes, r.only_system_id, r.is_large, case when r.is_done then now() end
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (revision bigint, at timestamptz, cause text, nodes bigint[],
        only_system_id bigint, is_large boolean, is_done boolean)
      on conflict do nothing`,
  );
}

/** The nodes where a profile is in force, for each of the names. */
export async function listHeldNodes(session: Session, profiles: readonly string[]): Promise<Map<string, number[]>> {
  if (profiles.length === 0) return new Map();
  const rows = await session.rows(
    sql<{
      profile: string;
      nodes: number[];
    }>`select profile, array_agg(distinct entity_id order by entity_id) as nodes from hold
      where profile = any (${[...profiles]}::text[]) and activated_at is not null and ended_at is null group by profile`,
  );
  return new Map(rows.map(({ profile, nodes }) => [profile, nodes]));
}

/** The accounts and owners of the targets beneath what moved, as they are now. */
export async function replaceTargets(transaction: Transaction, entities: readonly number[]): Promise<void> {
  if (entities.length === 0) return;
  await transaction.rows(
    sql`with recursive beneath (id) as (
        select e.id from entity e where e.id = any (${[...entities]}::bigint[]) and e.kind <> 'account'
        union
        select e.id from beneath b join entity e on e.parent_id = b.id
      ), held as materialized (
        select t.system_id, t.entity_id from beneath b join target t on t.entity_id = b.id
        order by t.system_id, t.entity_id for update of t
      )
      update target t set account_id = account_of(t.entity_id), owner_id = e.owner_id
      from held h join entity e on e.id = h.entity_id
      where t.system_id = h.system_id and t.entity_id = h.entity_id`,
  );
}

/** Targets of one batch of `doubtAll`. */
const DOUBT = 5_000;

/** Of no target it is known any more what the system has: each is written once more, whatever it is. */
export async function doubtAll(transaction: Transaction): Promise<void> {
  for (let after: { system_id: number; entity_id: number } | undefined = { system_id: 0, entity_id: -1 }; after;) {
    const rows: { system_id: number; entity_id: number }[] = await transaction.rows(
      sql<{ system_id: number; entity_id: number }>`with page as materialized (
          select t.system_id, t.entity_id from target t
          where (t.system_id, t.entity_id) > (${after.system_id}::bigint, ${after.entity_id}::bigint)
          order by t.system_id, t.entity_id limit ${DOUBT} for update
        ), doubted as (
          update target t set is_unproven = true, due_at = now(), lease_token = null, leased_until = null, task = null
          from page p where t.system_id = p.system_id and t.entity_id = p.entity_id and not t.is_node
        )
        select system_id, entity_id from page order by system_id, entity_id`,
    );
    after = rows.length < DOUBT ? undefined : rows.at(-1);
  }
}

/** How far the reading is behind the log, in revisions and seconds, and how many sweeps are not expanded. */
export function sweepLag(session: Session): Promise<{ revisions: number; seconds: number; sweeps: number } | null> {
  return session.row(
    sql<{ revisions: number; seconds: number; sweeps: number }>`select
        case when s.epoch = c.epoch or s.epoch is null then c.revision - s.revision else c.revision end as revisions,
        coalesce(extract(epoch from now() - least(
          (select at from change where revision > s.revision order by revision limit 1),
          (select min(at) from sweep where expanded_at is null))), 0)::float8 as seconds,
        (select count(*) from sweep where expanded_at is null) as sweeps
      from sweep_cursor s, change_counter c`,
  );
}
