/**
 * Reading the change log by page, in either order and by any filter.
 *
 * Every page looks at a bounded number of rows, so that none takes long in a log of any size: one index leads (that of
 * the entity, of the actor, of the kinds, of a small subtree's entities, or else the order itself), the other filters are
 * asked of what it gives, and the page ends after so many rows of it (`Bounds`) and says how far it came.
 */
import { type RawBuilder, sql } from 'kysely';

import type { Kind } from '#core/kind.ts';
import type { Origin } from '#store/change.ts';
import type { Session } from '#store/database.ts';

export interface Change {
  readonly revision: number;
  readonly at: Date;
  readonly actor: string;
  /** Null in logs older than it. */
  readonly origin: Origin | null;
  readonly account_uuid: string | null;
  readonly acting_as_uuid: string | null;
  readonly kind: string;
  readonly entity_id: number | null;
  readonly entity_uuid: string | null;
  readonly entity_kind: Kind | null;
  readonly facts: Record<string, unknown>;
  /** Personal values that were not erased. */
  readonly personal: Record<string, string> | null;
  /** Address and reason of the request, where they were not erased. */
  readonly request_personal: Record<string, string> | null;
}

export interface ChangeFilter {
  readonly order: 'asc' | 'desc';
  /** Revisions above this, and no higher than `through`. */
  readonly above: number;
  readonly through: number;
  readonly limit: number;
  readonly entity?: number | undefined;
  /** The entity and everything beneath it now, what its accounts own elsewhere included. */
  readonly beneath?: number | undefined;
  /** The same once more: what the one who asks may see at all. */
  readonly scope?: number | undefined;
  readonly actor?: string | undefined;
  /** Kinds as they are, or `entity.*`. */
  readonly kinds?: readonly string[] | undefined;
}

export interface FoundChanges {
  readonly rows: Change[];
  /** How far the log was looked through, in the order asked for; null: to the end. */
  readonly reached: number | null;
}

/** How much one page looks at. */
export interface Bounds {
  /** Rows: some tenths of a second, most of it for asking where entities lie. */
  readonly scan: number;
  /** A subtree of up to so many entities is looked up entity by entity. */
  readonly subtree: number;
}

const BOUNDS: Bounds = { scan: 20_000, subtree: 2_000 };

/** The columns of `Change`, from a change `c`. What belongs to an erased entity is not shown, even while it is stored. */
export const CHANGE_COLUMNS = sql`c.revision, c.at, c.actor, c.origin, c.kind, c.entity_id, e.uuid as entity_uuid, e.kind as entity_kind, c.facts,
  (select a.uuid from entity a where a.id = (c.origin ->> 'account')::bigint) as account_uuid,
  (select a.uuid from entity a where a.id = (c.origin ->> 'as')::bigint) as acting_as_uuid,
  case when e.erased_at is null then
    (select jsonb_object_agg(p.field, p.value) from change_personal p where p.revision = c.revision) end as personal,
  (select jsonb_object_agg(r.field, r.value) from jsonb_each_text(c.origin -> 'commitments') k
    join request_personal r on r.commitment = k.value) as request_personal`;

/** A page of the log. */
export async function findChanges(
  session: Session,
  filter: ChangeFilter,
  bounds: Bounds = BOUNDS,
): Promise<FoundChanges> {
  const plan = await planOf(session, filter, bounds);
  if (plan === null) return { rows: [], reached: null };
  const direction = filter.order === 'asc' ? sql`asc` : sql`desc`;
  const candidates = sql`${plan.candidates} order by revision ${direction} limit ${bounds.scan}`;
  const rows = await session.rows(
    sql<Change>`with page as materialized (
        select c.revision from (${candidates}) c where ${sql.join(plan.conditions, sql` and `)}
        order by c.revision ${direction} limit ${filter.limit}
      )
      select ${CHANGE_COLUMNS} from page join change c on c.revision = page.revision left join entity e on e.id = c.entity_id
      order by c.revision ${direction}`,
  );
  if (rows.length >= filter.limit) return { rows, reached: rows.at(-1)?.revision ?? null };
  const stop = await session.row(
    sql<{ revision: number }>`select c.revision from (${candidates}) c offset ${bounds.scan - 1} limit 1`,
  );
  return { rows, reached: stop?.revision ?? null };
}

interface Plan {
  /** A select of revision, entity, actor and kind, without order and limit. */
  readonly candidates: RawBuilder<unknown>;
  readonly conditions: readonly RawBuilder<unknown>[];
}

/** Which index leads, and what is asked of the rows that it gives; null when nothing can match. */
async function planOf(session: Session, filter: ChangeFilter, bounds: Bounds): Promise<Plan | null> {
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  const kinds = filter.kinds === undefined ? null : await expandKinds(session, filter.kinds);
  if (kinds?.length === 0) return null;
  const subtrees = [filter.beneath ?? 0, filter.scope ?? 0].filter((id) => id !== 0);
  let small: number[] | null = null;
  for (const id of subtrees) {
    const ids: number[] | null =
      filter.entity === undefined && small === null ? await listSmall(session, id, bounds.subtree) : null;
    if (ids !== null) small = ids;
    else conditions.push(sql`${id}::bigint = any (path_of(c.entity_id))`);
  }
  const direction = filter.order === 'asc' ? sql`asc` : sql`desc`;
  const columns = sql`x.revision, x.entity_id, x.actor, x.kind`;
  const range = sql`x.revision > ${filter.above}::bigint and x.revision <= ${filter.through}::bigint`;
  const each = (condition: RawBuilder<unknown>) =>
    sql`select ${columns} from change x where ${condition} and ${range} order by x.revision ${direction} limit ${bounds.scan}`;
  if (filter.actor !== undefined) conditions.push(sql`c.actor = ${filter.actor}`);
  if (kinds !== null) conditions.push(sql`c.kind = any (${kinds}::text[])`);
  if (filter.entity !== undefined)
    return {
      candidates: sql`select ${columns} from change x where x.entity_id = ${filter.entity} and ${range}`,
      conditions,
    };
  if (small !== null)
    return {
      candidates: sql`select y.* from unnest(${small}::bigint[]) u (id) cross join lateral (${each(sql`x.entity_id = u.id`)}) y`,
      conditions,
    };
  if (filter.actor !== undefined)
    return {
      candidates: sql`select ${columns} from change x where x.actor = ${filter.actor} and ${range}`,
      conditions,
    };
  if (kinds !== null)
    return {
      candidates: sql`select y.* from unnest(${kinds}::text[]) u (kind) cross join lateral (${each(sql`x.kind = u.kind`)}) y`,
      conditions,
    };
  return { candidates: sql`select ${columns} from change x where ${range}`, conditions };
}

/** The entities of a subtree, or null when they are too many. */
async function listSmall(session: Session, id: number, max: number): Promise<number[] | null> {
  const rows = await session.rows(sql<{ id: number }>`select id from list_beneath(${id}::bigint, ${max + 1}) b (id)`);
  return rows.length > max ? null : rows.map((row) => row.id);
}

/** The kinds that the log has and that the patterns mean, found by hopping from one to the next in the index. */
async function expandKinds(session: Session, patterns: readonly string[]): Promise<string[]> {
  const exact = patterns.filter((pattern) => !pattern.endsWith('*'));
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  if (prefixes.length === 0) return exact;
  const rows = await session.rows(
    sql<{ kind: string }>`with recursive known (kind) as (
        (select x.kind from change x order by x.kind limit 1)
        union all
        select (select x.kind from change x where x.kind > k.kind order by x.kind limit 1) from known k where k.kind is not null
      )
      select k.kind from known k where exists (select from unnest(${prefixes}::text[]) p where starts_with(k.kind, p))`,
  );
  return [...new Set([...exact, ...rows.map((row) => row.kind)])];
}

/** The last revision at or before a time, and one before the first that is kept when there is none. */
export async function revisionAt(session: Session, at: Date): Promise<number> {
  const row = await session.row(sql<{ revision: number }>`select revision_at(${at}) as revision`);
  return row?.revision ?? 0;
}

/** The first revision that is kept; null in an empty log. */
export async function firstRevision(session: Session): Promise<number | null> {
  const row = await session.row(sql<{ first: number | null }>`select min(revision) as first from change`);
  return row?.first ?? null;
}
