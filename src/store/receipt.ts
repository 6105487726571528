/**
 * What became of a change in the systems that must be told, from the counts of its sweeps and from the targets that are not
 * settled: asking costs what is still open, never what was reached.
 */
import { type RawBuilder, sql } from 'kysely';

import type { SystemKindName } from '#core/system-kind.ts';
import { CHANGE_COLUMNS, type Change } from '#store/change-list.ts';
import type { Session } from '#store/database.ts';
import type { TargetOutcome } from '#store/system-list.ts';
import { TARGET_COLUMNS, type TargetRow } from '#store/target-list.ts';

/** The changes of one commit: the first and the last of their revisions. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** So many changes of one commit are looked for on either side; a bulk request makes no more in one transaction. */
const COMMIT_MAX = 10_000;

/** All changes of the commit that made the revision; null when there is no such change. */
export function findSpan(session: Session, revision: number): Promise<Span | null> {
  const [low, high] = [sql`${revision - COMMIT_MAX}::bigint`, sql`${revision + COMMIT_MAX}::bigint`];
  const isOther = sql`(c.at <> m.at or c.actor <> m.actor or c.origin is distinct from m.origin)`;
  return session.row(
    sql<Span>`select coalesce(
        (select c.revision from change c where c.revision < m.revision and c.revision >= ${low} and ${isOther} order by c.revision desc limit 1) + 1,
        (select min(c.revision) from change c where c.revision >= ${low})) as first,
      coalesce(
        (select c.revision from change c where c.revision > m.revision and c.revision <= ${high} and ${isOther} order by c.revision limit 1) - 1,
        (select max(c.revision) from change c where c.revision <= ${high})) as last
      from change m where m.revision = ${revision}`,
  );
}

/** What the changes of a commit were about, up to a limit; null among them stands for no entity. */
export async function listSpanEntities(session: Session, span: Span, limit: number): Promise<(number | null)[]> {
  const rows = await session.rows(
    sql<{
      entity_id: number | null;
    }>`select distinct c.entity_id from change c where ${ofSpan(sql`c.revision`, span)} limit ${limit}`,
  );
  return rows.map((row) => row.entity_id);
}

/** The change itself, as lists of changes show it. */
export function findChange(session: Session, revision: number): Promise<Change | null> {
  return session.row(
    sql<Change>`select ${CHANGE_COLUMNS} from change c left join entity e on e.id = c.entity_id where c.revision = ${revision}`,
  );
}

export interface Progress {
  /** Whether the log was read that far, and all sweeps have reached their targets. */
  readonly isExpanded: boolean;
  readonly systems: readonly SystemProgress[];
}

export interface SystemProgress {
  readonly system_id: number;
  readonly name: string;
  readonly kind: SystemKindName;
  readonly targets: number;
  readonly passed_confirmed: number;
  readonly passed_open: number;
  readonly pending: number;
  readonly waiting: number;
  readonly retrying: number;
  readonly failed: number;
  readonly acknowledged: number;
}

const ofSpan = (column: RawBuilder<unknown>, { first, last }: Span) =>
  sql`${column} between ${first}::bigint and ${last}::bigint`;

/** How far a change has come in each system that it reached, in one look. */
export async function readProgress(session: Session, span: Span): Promise<Progress> {
  const rows = await session.rows(
    sql<SystemProgress & { is_expanded: boolean; system_id: number | null }>`with place as (
        select (c.epoch is null or c.epoch = k.epoch) and c.revision >= ${span.last}::bigint
          and not exists (select from sweep w where ${ofSpan(sql`w.revision`, span)} and w.expanded_at is null) as is_expanded
        from sweep_cursor c, change_counter k
      ), counted as (
        select n.system_id, sum(n.targets)::bigint as targets, sum(n.passed_confirmed)::bigint as passed_confirmed,
          sum(n.passed_open)::bigint as passed_open
        from sweep_count n where ${ofSpan(sql`n.revision`, span)} group by 1
      ), open as (
        select o.system_id, count(*) filter (where o.outcome = 'pending') as pending,
          count(*) filter (where o.outcome = 'waiting') as waiting, count(*) filter (where o.outcome = 'retrying') as retrying,
          count(*) filter (where o.outcome = 'failed') as failed, count(*) filter (where o.outcome = 'acknowledged') as acknowledged
        from (
          select t.system_id, target_outcome(t) as outcome from target t
          where ${ofSpan(sql`t.generation_desired`, span)} and t.generation_applied < t.generation_desired
            and t.generation_first > 0 -- What was bound a moment ago has no revision of its own yet.
        ) o group by 1
      )
      select p.is_expanded, d.* from place p left join lateral (
        select n.system_id, s.name, s.kind, n.targets, n.passed_confirmed, n.passed_open, coalesce(o.pending, 0) as pending,
          coalesce(o.waiting, 0) as waiting, coalesce(o.retrying, 0) as retrying, coalesce(o.failed, 0) as failed,
          coalesce(o.acknowledged, 0) as acknowledged
        from counted n join system s on s.id = n.system_id left join open o on o.system_id = n.system_id
        where n.targets > 0
      ) d on true order by d.name`,
  );
  return {
    isExpanded: rows[0]?.is_expanded ?? false,
    systems: rows.filter((row) => row.system_id !== null),
  };
}

export interface ReceiptFilter {
  readonly systemId?: number | undefined;
  readonly outcomes?: readonly TargetOutcome[] | undefined;
  /** Only what lies beneath this account or is owned there; 0: all. */
  readonly scope: number;
  /** After this target, by system and entity. */
  readonly after: { readonly system: number; readonly entity: number };
  readonly limit: number;
  /** The change reached so few that they are looked for beneath its nodes, and not among all targets. */
  readonly isSmall: boolean;
}

/** The targets that the change reached last, those passed on to a later change not among them. */
export function findItems(session: Session, span: Span, filter: ReceiptFilter): Promise<TargetRow[]> {
  const { outcomes } = filter;
  const isOpen = outcomes !== undefined && !outcomes.includes('confirmed') && !outcomes.includes('drifted');
  const conditions = [
    ofSpan(sql`t.generation_desired`, span),
    sql`(t.system_id, t.entity_id) > (${filter.after.system}::bigint, ${filter.after.entity}::bigint)`,
    ...(filter.systemId === undefined ? [] : [sql`t.system_id = ${filter.systemId}`]),
    ...(outcomes === undefined ? [] : [sql`target_outcome(t) = any (${[...outcomes]}::text[])`]),
    ...(isOpen ? [sql`t.generation_applied < t.generation_desired`] : []),
    ...(filter.scope === 0
      ? []
      : [
          sql`exists (select from entity a where a.id in (t.account_id, t.owner_id) and a.ancestors @> array[${filter.scope}::bigint])`,
        ]),
  ];
  // Found so, a page costs what lies beneath the nodes; by the key of the targets, what lies between two that it reached.
  const source =
    filter.isSmall && !isOpen
      ? sql`(${beneathNodes(span)}) n join target t using (system_id, entity_id)`
      : sql`target t`;
  return session.rows(
    sql<TargetRow>`select ${TARGET_COLUMNS} from ${source}
      join system s on s.id = t.system_id join entity e on e.id = t.entity_id
      where ${sql.join(conditions, sql` and `)} order by t.system_id, t.entity_id limit ${filter.limit}`,
  );
}

/** More lie beneath no resource. */
const BENEATH_MAX = 1_000_000;

/** The targets beneath the nodes of the sweeps, by the accounts that they are in; of resources one by one. */
function beneathNodes(span: Span): RawBuilder<unknown> {
  return sql`select distinct r.system_id, r.entity_id
    from sweep w cross join lateral unnest(w.nodes) n (id) join entity o on o.id = n.id cross join lateral (
      select t.system_id, t.entity_id from entity a join target t on t.account_id = a.id
        where o.kind = 'account' and a.ancestors @> array[n.id]
      union all
      select t.system_id, t.entity_id from entity a join target t on t.owner_id = a.id
        where o.kind = 'account' and a.ancestors @> array[n.id]
      union all
      select t.system_id, t.entity_id from list_beneath(n.id, ${BENEATH_MAX}) b (id) join target t on t.entity_id = b.id
        where o.kind <> 'account'
    ) r where ${ofSpan(sql`w.revision`, span)}`;
}
