/** Slots: the requests that may run in a system at once, leased by the worker processes in equal shares. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';

export interface HeldSlot {
  readonly system_id: number;
  readonly slot: number;
}

/** A worker that was not seen for so long is gone. */
const GONE_SECONDS = 15;

/** Says that a worker is alive, and forgets those that are gone. Answers how many are alive. */
export async function seeWorker(session: Session, id: string, name: string): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`with gone as (
        delete from worker where id in (
          select id from worker where seen_at < now() - make_interval(secs => ${GONE_SECONDS}) for update skip locked)
      ), seen as (
        insert into worker (id, name) values (${id}::uuid, ${name}) on conflict (id) do update set seen_at = now()
      )
      select count(*) as count from worker where seen_at >= now() - make_interval(secs => ${GONE_SECONDS}) and id <> ${id}::uuid`,
  );
  return (row?.count ?? 0) + 1;
}

/**
 * Renews the slots of a worker and takes free ones, up to its share of each system. A lease outlasts the longest call that may
 * begin under it by the margin. Answers all that it holds.
 */
export async function holdSlots(
  session: Session,
  worker: string,
  workers: number,
  marginMs: number,
): Promise<HeldSlot[]> {
  return session.rows(
    sql<HeldSlot>`with system_share as (
        select id, timeout_ms + ${marginMs}::integer as lease_ms, (concurrency + ${workers}::integer - 1) / ${workers}::integer as share
        from system where kind <> 'webhook'
      ), mine as (
        select l.system_id, l.slot from system_slot l join system_share s on s.id = l.system_id
        where l.worker = ${worker}::uuid and l.leased_until > now()
      ), free as (
        select f.system_id, f.slot from system_share s cross join lateral (
          select l.system_id, l.slot from system_slot l
          where l.system_id = s.id and (l.worker is null or l.leased_until <= now())
          order by l.slot
          limit greatest(0, s.share - (select count(*) from mine m where m.system_id = s.id))
          for update skip locked
        ) f
      ), held as (select * from mine union select * from free)
      update system_slot l set worker = ${worker}::uuid, leased_until = now() + s.lease_ms * interval '1 millisecond'
      from held h join system_share s on s.id = h.system_id
      where l.system_id = h.system_id and l.slot = h.slot
        -- Looked at again under the lock: one that ran out a moment ago may have another holder by now.
        and (l.worker is null or l.worker = ${worker}::uuid or l.leased_until <= now())
      returning l.system_id, l.slot`,
  );
}

/** Gives slots back at once. */
export async function releaseSlots(session: Session, worker: string, slots: readonly HeldSlot[]): Promise<void> {
  if (slots.length === 0) return;
  await session.rows(
    sql`update system_slot l set worker = null, leased_until = null
      from unnest(${slots.map((one) => one.system_id)}::bigint[], ${slots.map((one) => one.slot)}::integer[]) u (system_id, slot)
      where l.system_id = u.system_id and l.slot = u.slot and l.worker = ${worker}::uuid`,
  );
}

/** A worker ends: what it holds is free. */
export async function forgetWorker(session: Session, id: string): Promise<void> {
  await session.rows(
    sql`with freed as (update system_slot set worker = null, leased_until = null where worker = ${id}::uuid)
      delete from worker where id = ${id}::uuid`,
  );
}
