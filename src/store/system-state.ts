/** How it stands with systems, as the reconciler sees and writes it. */
import { sql } from 'kysely';

import type { SystemKindName } from '#core/system-kind.ts';
import type { Session } from '#store/database.ts';
import type { SystemRow } from '#store/system.ts';
import { storable } from '#store/target.ts';

export interface RunningSystem extends SystemRow {
  /** How long the circuit stays open yet, in milliseconds; 0 or less: a probe is due; null: it is closed. */
  readonly open_for_ms: number | null;
  /** When the next target is due, in milliseconds from now; null: nothing is due. */
  readonly due_in_ms: number | null;
  /** When the next page of the search for drift is due. */
  readonly drift_due_in_ms: number | null;
}

/** All systems that have targets, with what a worker has to know to drive them. */
export function listRunningSystems(session: Session): Promise<RunningSystem[]> {
  return session.rows(
    sql<RunningSystem>`select s.*, extract(epoch from s.open_until - now())::float8 * 1000 as open_for_ms,
        extract(epoch from (select t.due_at from target t where t.system_id = s.id and t.due_at is not null order by t.due_at limit 1)
          - now())::float8 * 1000 as due_in_ms,
        extract(epoch from s.drift_due_at - now())::float8 * 1000 as drift_due_in_ms
      from system s where s.kind <> 'webhook' order by s.id`,
  );
}

/** The kind of a system, which is not removed before the transaction ends; null when it is gone. */
export async function findSystemKind(session: Session, id: number): Promise<SystemKindName | null> {
  const row = await session.row(sql<{ kind: SystemKindName }>`select kind from system where id = ${id} for key share`);
  return row?.kind ?? null;
}

/** The system answered: its circuit is closed, whatever was before. */
export async function closeCircuit(session: Session, id: number): Promise<void> {
  await session.rows(
    sql`update system set failures = 0, open_until = null, last_problem = null
      where id = ${id} and (failures > 0 or open_until is not null)`,
  );
}

/**
 * The system failed so often in a row since it last answered. From a certain number on the circuit opens, and stays open with
 * each probe that fails. Answers how long it is open now, in milliseconds; null when it is closed.
 */
export async function countFailures(
  session: Session,
  id: number,
  count: number,
  problem: string,
): Promise<number | null> {
  const row = await session.row(
    sql<{
      open_for_ms: number | null;
    }>`update system set failures = least(failures + ${count}::integer, 1000000), last_problem = ${storable(problem)},
        open_until = case when failures + ${count}::integer >= breaker_failures
          then now() + breaker_open_ms * interval '1 millisecond' else open_until end
      where id = ${id} returning extract(epoch from open_until - now())::float8 * 1000 as open_for_ms`,
  );
  return row?.open_for_ms ?? null;
}

/** Takes the right to send the one probe of a half open circuit; false when somebody else has it. */
export async function takeProbe(session: Session, id: number, forMs: number): Promise<boolean> {
  const row = await session.row(
    sql`update system set open_until = now() + ${forMs}::float8 * interval '1 millisecond'
      where id = ${id} and open_until <= now() and paused_at is null returning id`,
  );
  return row !== null;
}
