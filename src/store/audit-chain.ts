/** The change log as the verification needs it: links, personal values with their commitments, archives. */
import { sql } from 'kysely';

import type { ArchiveRecord, Origin } from '#store/change.ts';
import type { Session } from '#store/database.ts';

export interface ChangeLink {
  readonly revision: number;
  readonly at: Date;
  /** Whether the time is one of whole milliseconds, as the chain has it. */
  readonly is_exact: boolean;
  readonly actor: string;
  readonly origin: Origin | null;
  readonly kind: string;
  readonly entity_id: number | null;
  readonly facts: unknown;
  readonly touched: number[];
  readonly digest: Buffer;
  readonly hash: Buffer;
}

/** A page of the log, in order. */
export function listLinks(session: Session, after: number, limit: number): Promise<ChangeLink[]> {
  return session.rows(
    sql<ChangeLink>`select revision, at, at = date_trunc('milliseconds', at) as is_exact, actor, origin, kind, entity_id, facts,
        touched, digest, hash
      from change where revision > ${after} order by revision limit ${limit}`,
  );
}

export interface PersonalRow {
  readonly revision: number;
  readonly field: string;
  readonly salt: Buffer;
  readonly value: string;
}

/** The personal values of a span of revisions. */
export function listPersonal(session: Session, after: number, through: number): Promise<PersonalRow[]> {
  return session.rows(
    sql<PersonalRow>`select revision, field, salt, value from change_personal
      where revision > ${after} and revision <= ${through} order by revision, field`,
  );
}

/** The lowest and highest revisions to which personal values belong. */
export async function personalBounds(session: Session): Promise<{ first: number | null; last: number | null }> {
  const row = await session.row(
    sql<{
      first: number | null;
      last: number | null;
    }>`select (select min(revision) from change_personal) as first, (select max(revision) from change_personal) as last`,
  );
  return row ?? { first: null, last: null };
}

export interface RequestPersonalRow {
  readonly commitment: string;
  readonly field: string;
  readonly salt: Buffer;
  readonly value: string;
}

/** What is left of the address and reason of requests, by commitment. */
export function listRequestPersonal(session: Session, commitments: readonly string[]): Promise<RequestPersonalRow[]> {
  return session.rows(
    sql<RequestPersonalRow>`select commitment, field, salt, value from request_personal
      where commitment = any (${[...commitments]}::text[])`,
  );
}

/** Every entity whose personal data was erased, by the log: what an erasure touched. */
export async function listErased(session: Session): Promise<Set<number>> {
  const rows = await session.rows(
    sql<{
      id: number;
    }>`select distinct t.id from change c cross join unnest(c.touched) t (id) where c.kind = 'entity.erased'`,
  );
  return new Set(rows.map((row) => row.id));
}

/** What an erasure took of requests, by the log: the reasons of those about erased entities, the addresses of their actors. */
export async function listErasedCommitments(session: Session): Promise<Set<string>> {
  const rows = await session.rows(
    sql<{ commitment: string }>`with erased (id) as materialized (
        select distinct t.id from change x cross join unnest(x.touched) t (id) where x.kind = 'entity.erased'
      )
      select c.origin -> 'commitments' ->> 'reason' as commitment from erased join change c on c.entity_id = erased.id
        where c.origin -> 'commitments' ? 'reason'
      union
      select c.origin -> 'commitments' ->> 'address' from erased
        join change c on (c.origin ->> 'account')::bigint = erased.id and c.origin ->> 'account' <> '0'
        where c.origin -> 'commitments' ? 'address'`,
  );
  return new Set(rows.map((row) => row.commitment));
}

/** The records of what was archived, the oldest first. */
export function listArchives(session: Session): Promise<(ArchiveRecord & { signature: string; file: string })[]> {
  return session.rows(
    sql<
      ArchiveRecord & { signature: string; file: string }
    >`select first, last, encode(former_hash, 'hex') as "formerHash",
        encode(last_hash, 'hex') as "lastHash", epoch, count, signature, file
      from change_archive order by first`,
  );
}

export async function hasRevision(session: Session, revision: number): Promise<boolean> {
  const row = await session.row(sql<{ revision: number }>`select revision from change where revision = ${revision}`);
  return row !== null;
}
