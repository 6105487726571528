/** What is kept for a time: spans of the change log that may be archived, and holds that ended long ago. */
import { sql } from 'kysely';

import { type ArchiveRecord, type ChainKey, getHead, signArchive } from '#store/change.ts';
import { listArchives } from '#store/audit-chain.ts';
import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

/** The lock under which partitions are made: none may come while one goes. */
const PARTITION_LOCK = 4_266_602;
/** As many holds as one transaction removes. */
const HOLDS = 10_000;

export interface ArchivableSpan extends ArchiveRecord {
  readonly partition: string;
}

/**
 * The oldest partition, when all of it is older than the time; null when it is not, or is still being filled. A span of
 * which the default partition took a part stays, and all that is younger with it.
 */
export async function findArchivable(session: Session, before: Date): Promise<ArchivableSpan | null> {
  const [oldest] = await listPartitions(session);
  if (oldest === undefined) return null;
  const span = await session.row(
    sql<{ first: number | null; last: number; count: number; newest: Date; log_first: number }>`
      select min(revision) as first, max(revision) as last, count(*) as count,
        (select at from change where revision = (select max(revision) from ${sql.table(oldest.name)})) as newest,
        (select min(revision) from change) as log_first
      from ${sql.table(oldest.name)}`,
  );
  if (span === null || span.first === null || span.first !== span.log_first || span.newest >= before) return null;
  if (span.last !== oldest.high - 1 || span.count !== span.last - span.first + 1) return null;
  // What was not read into events yet, by a pipeline that was ever begun, is kept for it.
  const unread = await session.row(
    sql`select revision from event_cursor where epoch is not null and revision < ${span.last}`,
  );
  if (unread !== null) return null;
  const former = (await listArchives(session)).at(-1);
  const last = await session.row(sql<{ hash: Buffer }>`select hash from change where revision = ${span.last}`);
  if (last === null || (former?.last ?? 0) !== span.first - 1) return null;
  const head = await getHead(session);
  return {
    partition: oldest.name,
    first: span.first,
    last: span.last,
    formerHash: former?.lastHash ?? '00'.repeat(32),
    lastHash: last.hash.toString('hex'),
    epoch: head.epoch,
    count: span.count,
  };
}

async function listPartitions(session: Session): Promise<{ name: string; high: number }[]> {
  const rows = await session.rows(
    sql<{ name: string; bounds: string }>`select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bounds
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'change'::regclass and pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'`,
  );
  return rows
    .map(({ name, bounds }) => ({ name, high: Number(/TO \('(\d+)'\)/.exec(bounds)?.[1]) }))
    .sort((one, other) => one.high - other.high);
}

/**
 * Drops a span that lies in a file now, with its personal values, and notes its record; false when another process did
 * so before.
 */
export async function dropSpan(
  transaction: Transaction,
  key: ChainKey,
  span: ArchivableSpan,
  file: string,
): Promise<boolean> {
  await transaction.rows(sql`set local statement_timeout to 0`);
  // Readers of the log wait behind this: rather try again in an hour.
  await transaction.rows(sql`set local lock_timeout to '5s'`);
  await transaction.rows(sql`select pg_advisory_xact_lock(${PARTITION_LOCK})`);
  const { first, last, formerHash, lastHash, epoch, count } = span;
  const noted = await transaction.row(
    sql`insert into change_archive (first, last, former_hash, last_hash, epoch, count, signature, file)
      values (${first}, ${last}, decode(${formerHash}, 'hex'), decode(${lastHash}, 'hex'), ${epoch}::uuid, ${count},
        ${signArchive(key, { first, last, formerHash, lastHash, epoch, count })}, ${file})
      on conflict do nothing returning first`,
  );
  if (noted === null) return false;
  await transaction.rows(sql`delete from change_personal where revision >= ${first} and revision <= ${last}`);
  // A request may have gone on in the next span; none lasts for a day.
  await transaction.rows(
    sql`delete from request_personal r using (
        select k.value from ${sql.table(span.partition)} c cross join jsonb_each_text(c.origin -> 'commitments') k
        except
        select k.value from change c cross join jsonb_each_text(c.origin -> 'commitments') k
          where c.revision > ${last} and c.revision <= revision_at((select at + interval '1 day' from change where revision = ${last}))
      ) gone where r.commitment = gone.value`,
  );
  await transaction.rows(sql`drop table ${sql.table(span.partition)}`);
  transaction.record({
    kind: 'changes.archived',
    entityId: null,
    facts: { first, last, count, lastHash },
    touched: [],
  });
  return true;
}

/** Removes some holds that ended before the time; answers how many. */
export async function sweepHolds(transaction: Transaction, before: Date): Promise<number> {
  const rows = await transaction.rows(
    sql<{ id: number }>`delete from hold where id in (
      select id from hold where ended_at < ${before} order by ended_at limit ${HOLDS} for update skip locked) returning id`,
  );
  return rows.length;
}

/** Whether a hold of the platform itself was placed before the log that is kept, and outlasted its beginning. */
export async function hasOlderPlatformHold(session: Session): Promise<boolean> {
  const row = await session.row(
    sql`select h.id from hold h
      where h.entity_id = 0 and h.placed_at < (select c.at from change c order by c.revision limit 1)
        and (h.ended_at is null or h.ended_at > (select c.at from change c order by c.revision limit 1)) limit 1`,
  );
  return row !== null;
}
