/** What an operator's monitoring asks of the reconciler, and what its tables need not keep. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

export interface SystemCounts {
  readonly name: string;
  readonly due: number;
  readonly unsettled: number;
  readonly failed: number;
  /** 0 closed, 1 half open, 2 open. */
  readonly circuit: number;
  readonly is_paused: boolean;
}

/** The targets of each system that are due now, not as they should be, and in need of a person. */
export function countTargets(session: Session): Promise<SystemCounts[]> {
  return session.rows(
    sql<SystemCounts>`select s.name,
        (select count(*) from target t where t.system_id = s.id and t.due_at <= now()) as due,
        coalesce(u.count, 0) as unsettled,
        (select count(*) from target t where t.system_id = s.id and t.problem_code is not null and t.needs_person) as failed,
        case when s.open_until is null then 0 when s.open_until <= now() then 1 else 2 end as circuit,
        s.paused_at is not null as is_paused
      from system s left join (
        select system_id, count(*) as count from target where generation_applied < generation_desired group by system_id
      ) u on u.system_id = s.id
      where s.kind <> 'webhook' order by s.name`,
  );
}

/** How far the reading for targets has come in the log that is there; changes after it must stay. */
export async function readUpTo(session: Session): Promise<number> {
  const row = await session.row(
    sql<{ revision: number }>`select case when not exists (select from system where kind <> 'webhook') then c.revision
        when s.epoch = c.epoch then s.revision else least(s.revision, c.revision) end as revision
      from sweep_cursor s, change_counter c`,
  );
  return row?.revision ?? 0;
}

/** As many rows as one transaction removes. */
const ROWS = 5_000;

/** Removes sweeps that are older than a time and done, with their counts; answers how many. */
export async function forgetSweeps(transaction: Transaction, before: Date): Promise<number> {
  const rows = await transaction.rows(
    sql<{ revision: number }>`delete from sweep where revision in (
      select revision from sweep where expanded_at is not null and at < ${before}
        and not exists (select from target t where t.generation_desired = sweep.revision and t.generation_applied < t.generation_desired)
      order by revision limit ${ROWS} for update skip locked)
      returning revision`,
  );
  return rows.length;
}

/**
 * Removes targets that nobody needs any more: held nodes that were told and are held no more, and what was erased and is ended
 * there. Answers how many. Their last sweep goes on counting them as confirmed.
 */
export async function forgetTargets(transaction: Transaction, before: Date): Promise<number> {
  const rows = await transaction.rows(
    sql<{ count: number }>`with old as (
        select t.system_id, t.entity_id from target t join entity e on e.id = t.entity_id
        where t.generation_applied >= t.generation_desired and t.due_at is null and t.lease_token is null and not t.is_drifted
          and (e.erased_at is not null or (t.is_node and t.confirmed_at < ${before}
            and not exists (select from hold h where h.entity_id = t.entity_id and h.activated_at is not null and h.ended_at is null)))
        order by t.system_id, t.entity_id limit ${ROWS} for update of t skip locked
      ), gone as (
        delete from target t using old o where t.system_id = o.system_id and t.entity_id = o.entity_id
        returning t.system_id, t.generation_desired
      ), counted as (
        update sweep_count c set passed_confirmed = c.passed_confirmed + g.count
        from (select system_id, generation_desired, count(*) as count from gone group by 1, 2) g
        where c.revision = g.generation_desired and c.system_id = g.system_id
      )
      select count(*) as count from gone`,
  );
  return rows[0]?.count ?? 0;
}
