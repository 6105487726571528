/** Finding the targets that a sweep reaches: at once where they are few, page by page where they are many. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';
import type { Hit } from '#store/sweep-reach.ts';
import type { Transaction } from '#store/transaction.ts';

export interface SweepRow {
  readonly revision: number;
  readonly nodes: number[];
  readonly only_system_id: number | null;
  readonly step: number;
  readonly account_after: number | null;
  readonly entity_after: number | null;
}

/** Takes some sweeps that were not begun, the oldest first, until the transaction ends. */
export function lockSmallSweeps(transaction: Transaction, limit: number): Promise<SweepRow[]> {
  return transaction.rows(
    sql<SweepRow>`select revision, nodes, only_system_id, step, account_after, entity_after from sweep
      where expanded_at is null and not is_large order by revision limit ${limit} for update skip locked`,
  );
}

/** Takes one sweep that is done page by page. */
export function lockLargeSweep(transaction: Transaction): Promise<SweepRow | null> {
  return transaction.row(
    sql<SweepRow>`select revision, nodes, only_system_id, step, account_after, entity_after from sweep
      where expanded_at is null and is_large order by revision limit 1 for update skip locked`,
  );
}

export interface SmallReach {
  /** What the sweeps reach that are small enough. */
  readonly hits: readonly Hit[];
  /** The sweeps that reach more than that. */
  readonly large: readonly number[];
}

/**
 * Finds the targets of many sweeps of one node each. What has more accounts or more targets beneath it than the limits is left
 * for a page by page expansion; nothing of it is read beyond them. Every step is a probe of an index, whatever the statistics say.
 */
export async function findSmallReach(
  transaction: Transaction,
  sweeps: readonly SweepRow[],
  limits: { readonly accounts: number; readonly targets: number },
): Promise<SmallReach> {
  await probeOnly(transaction);
  const rows = await transaction.rows(
    sql<{ revision: number; accounts: number; targets: string[] | null }>`
      select w.revision, coalesce(cardinality(a.ids), 0) + coalesce(cardinality(r.ids), 0) as accounts, t.targets
      from unnest(${sweeps.map((one) => one.revision)}::bigint[], ${sweeps.map((one) => one.nodes[0] ?? -1)}::bigint[]) w (revision, node)
        join entity e on e.id = w.node
        cross join lateral (
          select array_agg(b.id) as ids from (
            select x.id from entity x where e.kind = 'account' and x.ancestors @> array[w.node] limit ${limits.accounts + 1}) b
        ) a
        cross join lateral (
          select array_agg(b.id) as ids from (
            with recursive beneath (id) as (
              select w.node where e.kind <> 'account'
              union
              select c.id from beneath b cross join lateral (
                select x.id from entity x where x.parent_id = b.id limit ${limits.accounts + 1}) c
            ) select id from beneath limit ${limits.accounts + 1}) b
        ) r
        cross join lateral (
          select array_agg(distinct b.system_id || ' ' || b.entity_id) as targets from (
            select x.* from unnest(a.ids) u (id) cross join lateral (
              (select t.system_id, t.entity_id from target t where t.account_id = u.id and not t.is_node limit ${limits.targets + 1})
              union all
              (select t.system_id, t.entity_id from target t where t.owner_id = u.id and not t.is_node limit ${limits.targets + 1})
            ) x
            union all
            select x.* from unnest(r.ids) u (id) cross join lateral (
              select t.system_id, t.entity_id from target t where t.entity_id = u.id and not t.is_node) x
            limit ${2 * limits.targets + 1}
          ) b
          where cardinality(a.ids) <= ${limits.accounts} or cardinality(r.ids) <= ${limits.accounts}
        ) t
      order by w.revision`,
  );
  const isLarge = (row: (typeof rows)[number]) =>
    row.accounts > limits.accounts || (row.targets?.length ?? 0) > limits.targets;
  return {
    large: rows.filter(isLarge).map((row) => row.revision),
    hits: rows
      .filter((row) => !isLarge(row))
      .flatMap(({ revision, targets }) =>
        (targets ?? []).map((target) => {
          const [systemId = 0, entityId = 0] = target.split(' ').map(Number);
          return { revision, systemId, entityId };
        }),
      ),
  };
}

/** Small subtrees are found by index even where the tables have grown since they were last analysed. */
export async function probeOnly(transaction: Transaction): Promise<void> {
  await transaction.rows(sql`select set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)`);
}

export async function markLarge(transaction: Transaction, revisions: readonly number[]): Promise<void> {
  if (revisions.length === 0) return;
  await transaction.rows(sql`update sweep set is_large = true where revision = any (${[...revisions]}::bigint[])`);
}

export async function markExpanded(transaction: Transaction, revisions: readonly number[]): Promise<void> {
  if (revisions.length === 0) return;
  await transaction.rows(sql`update sweep set expanded_at = now() where revision = any (${[...revisions]}::bigint[])`);
}

export async function moveSweep(
  transaction: Transaction,
  revision: number,
  to: { readonly step: number; readonly accountAfter: number | null; readonly entityAfter: number | null },
): Promise<void> {
  await transaction.rows(
    sql`update sweep set step = ${to.step}, account_after = ${to.accountAfter}, entity_after = ${to.entityAfter}
      where revision = ${revision}`,
  );
}

/** The accounts beneath nodes, themselves included, up to a limit; null when there are more. */
export async function listAccountsBeneath(
  session: Session,
  nodes: readonly number[],
  limit: number,
): Promise<number[] | null> {
  const row = await session.row(
    sql<{ ids: number[] | null }>`select array_agg(id order by id) as ids from (
      select id from entity where ancestors && ${[...nodes]}::bigint[] limit ${limit + 1}) b`,
  );
  const ids = row?.ids ?? [];
  return ids.length > limit ? null : ids;
}

/** The resources among the nodes, and what lies beneath them, in ascending order. */
export async function listResourcesBeneath(session: Session, nodes: readonly number[]): Promise<number[]> {
  const row = await session.row(
    sql<{ ids: number[] | null }>`select array_agg(id order by id) as ids from (
      with recursive beneath (id) as (
        select id from entity where id = any (${[...nodes]}::bigint[]) and kind <> 'account'
        union
        select e.id from beneath b join entity e on e.parent_id = b.id
      ) select id from beneath) b`,
  );
  return row?.ids ?? [];
}

export interface PageRow {
  readonly system_id: number;
  readonly entity_id: number;
  /** The account, owner or entity by which it was found. */
  readonly by: number;
}

export type Path = 'account' | 'owner' | 'entity';

const COLUMN = { account: sql`t.account_id`, owner: sql`t.owner_id`, entity: sql`t.entity_id` };

/** The targets of some accounts, owners or entities after a place, in order, with all systems of the last entity. */
export function listTargetPage(
  session: Session,
  path: Path,
  ids: readonly number[],
  after: { readonly by: number; readonly entityId: number },
  limit: number,
): Promise<PageRow[]> {
  const column = COLUMN[path];
  return session.rows(
    sql<PageRow>`select x.* from unnest(${[...ids]}::bigint[]) u (id) cross join lateral (
        select t.system_id, t.entity_id, ${column} as by from target t
        where ${column} = u.id and not t.is_node and (${column}, t.entity_id) > (${after.by}::bigint, ${after.entityId}::bigint)
        order by ${column}, t.entity_id fetch first ${limit} rows with ties
      ) x
      order by x.by, x.entity_id fetch first ${limit} rows with ties`,
  );
}

export interface Window {
  readonly rows: readonly PageRow[];
  /** Where the next window begins; null at the end. */
  readonly last: { readonly by: number; readonly entityId: number } | null;
}

/**
 * The targets in a window of all targets, in order of their accounts or owners, that lie beneath the nodes: for subtrees so
 * large that walking all targets once costs less than looking each account up.
 */
export async function listTargetWindow(
  session: Session,
  path: 'account' | 'owner',
  nodes: readonly number[],
  after: { readonly by: number; readonly entityId: number },
  limit: number,
): Promise<Window> {
  const column = COLUMN[path];
  const row = await session.row(
    sql<{ rows: [number, number, number][] | null; by: number | null; entity_id: number | null }>`
      with seen as materialized (
        select t.system_id, t.entity_id, ${column} as by, t.is_node from target t
        where (${column}, t.entity_id) > (${after.by}::bigint, ${after.entityId}::bigint)
        order by ${column}, t.entity_id fetch first ${limit} rows with ties
      )
      select (select jsonb_agg(jsonb_build_array(s.system_id, s.entity_id, s.by)) from seen s join entity a on a.id = s.by
          where not s.is_node and exists (select from unnest(a.ancestors) x (id) where x.id = any (${[...nodes]}::bigint[]))) as rows,
        (select by from seen order by by desc, entity_id desc limit 1) as by,
        (select entity_id from seen order by by desc, entity_id desc limit 1) as entity_id`,
  );
  const rows = (row?.rows ?? []).map(([system_id, entity_id, by]) => ({ system_id, entity_id, by }));
  return {
    rows,
    last: row?.by == null || row.entity_id === null ? null : { by: row.by, entityId: row.entity_id },
  };
}

/** Which of the targets lie beneath the nodes by their container already, and were found by that path. */
export async function findBeneathByAccount(
  session: Session,
  targets: readonly PageRow[],
  nodes: readonly number[],
): Promise<ReadonlySet<string>> {
  const rows = await session.rows(
    sql<{ system_id: number; entity_id: number }>`select t.system_id, t.entity_id
      from unnest(${targets.map((one) => one.system_id)}::bigint[], ${targets.map((one) => one.entity_id)}::bigint[]) u (system_id, entity_id)
        join target t using (system_id, entity_id) join entity a on a.id = t.account_id
      where exists (select from unnest(a.ancestors) x (id) where x.id = any (${[...nodes]}::bigint[]))`,
  );
  return new Set(rows.map((row) => `${row.system_id} ${row.entity_id}`));
}
