/** Systems as lists show them: by page, with how it stands with their targets and how far the sweeper has read. */
import { sql } from 'kysely';

import type { SystemKindName } from '#core/system-kind.ts';
import type { Session } from '#store/database.ts';
import type { SystemRow } from '#store/system.ts';

export interface SystemFilter {
  readonly kind?: SystemKindName | undefined;
  /** Systems of this account itself. */
  readonly account?: number | undefined;
  /** Systems of this account and of those beneath it; 0: all. */
  readonly scope: number;
  /** Names after this one. */
  readonly after: string;
  readonly limit: number;
}

/** A page of systems, by name. */
export function findSystems(session: Session, filter: SystemFilter): Promise<SystemRow[]> {
  const conditions = [
    sql`s.name > ${filter.after}`,
    ...(filter.kind === undefined ? [] : [sql`s.kind = ${filter.kind}`]),
    ...(filter.account === undefined ? [] : [sql`s.account_id = ${filter.account}`]),
    ...(filter.scope === 0
      ? []
      : [
          sql`exists (select from entity a where a.id = s.account_id and a.ancestors @> array[${filter.scope}::bigint])`,
        ]),
  ];
  return session.rows(
    sql<SystemRow>`select s.* from system s where ${sql.join(conditions, sql` and `)} order by s.name limit ${filter.limit}`,
  );
}

/** How many targets of a system there are, by outcome. */
export const OUTCOMES = ['confirmed', 'drifted', 'pending', 'waiting', 'retrying', 'failed', 'acknowledged'] as const;
export type TargetOutcome = (typeof OUTCOMES)[number];
export type OutcomeCounts = Readonly<Record<TargetOutcome | 'total', number>>;

/** The targets of each system by outcome; looks at every one of them. */
export async function countOutcomes(session: Session, systems: readonly number[]): Promise<Map<number, OutcomeCounts>> {
  const counts = new Map<number, Record<TargetOutcome | 'total', number>>();
  if (systems.length === 0) return counts;
  const rows = await session.rows(
    sql<{
      system_id: number;
      outcome: TargetOutcome;
      count: number;
    }>`select t.system_id, target_outcome(t) as outcome, count(*) as count
      from target t where t.system_id = any (${[...systems]}::bigint[]) group by 1, 2`,
  );
  for (const id of systems) counts.set(id, noOutcomes());
  for (const { system_id: id, outcome, count } of rows) {
    const of = counts.get(id);
    if (of === undefined) continue;
    of[outcome] += count;
    of.total += count;
  }
  return counts;
}

export function noOutcomes(): Record<TargetOutcome | 'total', number> {
  return { total: 0, confirmed: 0, drifted: 0, pending: 0, waiting: 0, retrying: 0, failed: 0, acknowledged: 0 };
}

export interface SweepLag {
  /** How far the log was read for targets; 0 when it never was in this epoch. */
  readonly revision: number;
  /** Changes that were not read yet. */
  readonly changes: number;
  /** Age of the first of them, in milliseconds; 0 when there is none. */
  readonly ms: number;
  /** Sweeps that were read and have not reached all their targets yet. */
  readonly sweeps: number;
}

/** How far the reconciler is behind the log. */
export async function readSweepLag(session: Session): Promise<SweepLag> {
  const row = await session.row(
    sql<{ revision: number; changes: number; ms: number; sweeps: number }>`with place as (
        select case when c.epoch is null or c.epoch = k.epoch then c.revision else 0 end as revision, k.revision as head
        from sweep_cursor c, change_counter k
      )
      select p.revision, greatest(p.head - p.revision, 0) as changes, coalesce(greatest(0, (
          select extract(epoch from clock_timestamp() - x.at) * 1000 from change x where x.revision > p.revision order by x.revision limit 1
        )), 0)::bigint as ms, (select count(*) from sweep where expanded_at is null) as sweeps
      from place p`,
  );
  return row ?? { revision: 0, changes: 0, ms: 0, sweeps: 0 };
}

/** Whether a worker that lives is about to bring the targets up to date with the log. */
export async function isCatchingUp(session: Session): Promise<boolean> {
  const row = await session.row(
    sql<{ is_behind: boolean }>`select exists (select from worker where seen_at > now() - interval '30 seconds') and (
        exists (select from sweep where expanded_at is null)
        or exists (select from sweep_cursor c, change_counter k where c.revision < k.revision or c.epoch is distinct from k.epoch)
      ) as is_behind`,
  );
  return row?.is_behind ?? false;
}
