/** The statements that feed the decision engine. Times are milliseconds, with a fraction, so that their order is kept. */
import { KINDS } from '#core/kind.ts';

const KIND_ARRAY = `array[${KINDS.map((kind) => `'${kind}'`).join(',')}]`;
/** Natural keys of DNS records name no subject of a decision. */
const UNNAMED_SCHEME = 'rr';

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;
const inForce = 'h.activated_at is not null and h.ended_at is null';
const holdColumns = `h.id, h.uuid, h.entity_id, h.profile, h.authority, h.authority_rank, h.source, h.note, h.placed_by,
  ${ms('h.placed_at')}, ${ms('h.activated_at')}, ${ms("nullif(h.ends_at, 'infinity')")}`;

/** Columns: id, uuid, kind as its place in `KINDS` from one, parent, owner, target, closed at. */
export function entityRange(from: number, to: number): string {
  return `select e.id, e.uuid, array_position(${KIND_ARRAY}, e.kind), e.parent_id, e.owner_id,
      coalesce(n.target_id, a.target_id), ${ms('e.closed_at')}
    from entity e
      left join (select * from phone_number where entity_id >= ${from} and entity_id < ${to}) n on n.entity_id = e.id
      left join (select * from sip_alias where entity_id >= ${from} and entity_id < ${to}) a on a.entity_id = e.id
    where e.id >= ${from} and e.id < ${to}`;
}

/** Columns: entity, key. */
export function nameRange(from: number, to: number): string {
  return `select i.entity_id, i.scheme || ':' || i.value from identifier i
    where i.entity_id >= ${from} and i.entity_id < ${to} and i.scheme <> '${UNNAMED_SCHEME}'`;
}

/** Columns: those of `HoldRow`, in its order. */
export function holdRange(from: number, to: number): string {
  return `select ${holdColumns} from hold h where ${inForce} and h.entity_id >= ${from} and h.entity_id < ${to}`;
}

const PROFILE = `json_build_array(p.name, p.version, p.severity, p.denied, p.intercepted, p.sip_code, p.http_code,
  p.refusal_text, p.announcement, p.sessions)`;

export const PROFILES = `select ${PROFILE} as profile from profile p`;

/**
 * Parameters: revision, limit. One document; its parts are subselects by key, so that no statistics can talk the
 * planner into reading whole tables for a handful of rows.
 */
export const FOLLOW = `
with page as materialized (
  select c.revision, c.touched from change c where c.revision > $1::bigint order by c.revision limit $2::integer
), id as materialized (
  select distinct t.id from page cross join unnest(page.touched) t (id)
)
select json_build_object(
  'epoch', counter.epoch,
  'head', counter.revision,
  'first', (select min(revision) from page),
  'last', (select max(revision) from page),
  'states', coalesce((select json_agg(json_build_array(
    id.id,
    (select json_build_array(e.uuid, e.kind, e.parent_id, e.owner_id, ${ms('e.closed_at')}) from entity e where e.id = id.id),
    coalesce((select n.target_id from phone_number n where n.entity_id = id.id),
      (select a.target_id from sip_alias a where a.entity_id = id.id)),
    (select json_agg(i.scheme || ':' || i.value) from identifier i where i.entity_id = id.id and i.scheme <> '${UNNAMED_SCHEME}'),
    (select json_agg(json_build_array(${holdColumns})) from hold h where h.entity_id = id.id and ${inForce})
  )) from id), '[]'),
  'profiles', case when exists (select from page) then (select json_agg(${PROFILE}) from profile p) end
) as page
from change_counter counter`;
