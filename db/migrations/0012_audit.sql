-- Reading the log by kind, by account and by time; erasing personal data; archiving old spans of the log.

create index change_kind_idx on change (kind, revision);
create index change_account_idx on change (((origin ->> 'account')::bigint), revision) where origin ->> 'account' <> '0';

-- The last revision that was committed at or before a time; one before the first that is kept when none was. Times in the
-- log never go back, so some thirty look-ups by key find it in any log.
create function revision_at(p_at timestamptz) returns bigint
language plpgsql stable parallel safe set search_path from current set enable_seqscan = off as $$
declare
  high bigint := (select c.revision from change_counter c);
  low bigint := coalesce((select min(c.revision) from change c), high + 1) - 1;
  middle bigint;
begin
  while low < high loop
    middle := (low + high + 1) / 2;
    if (select c.at from change c where c.revision = middle) <= p_at then low := middle; else high := middle - 1; end if;
  end loop;
  return low;
end $$;

-- The entities beneath the node, itself and what its accounts own elsewhere included, no more than the limit: the same
-- law as count_beneath.
create function list_beneath(p_entity bigint, p_limit integer) returns setof bigint
language sql stable set search_path from current set enable_seqscan = off as $$
  with recursive beneath (id) as (
    select p_entity
    union
    select c.id from beneath b cross join lateral (
      (select e.id from entity e where e.parent_id = b.id limit p_limit)
      union all
      (select e.id from entity e where e.owner_id = b.id limit p_limit)
    ) c
  )
  select id from beneath limit p_limit
$$;

-- Where an entity lay at a revision, by the log alone: itself, its containers up to the platform, and the line of its
-- owner. Depth counts from the entity; the owner's line begins again at zero.
create function chain_at(p_entity bigint, p_revision bigint)
returns table (via text, depth integer, entity_id bigint)
language sql stable set search_path from current set enable_seqscan = off as $$
  with recursive parent_of as (
    select 'self'::text as via, 0 as depth, p_entity as id
    union all
    select case when p.via = 'owner' then 'owner' else 'parent' end, p.depth + 1, coalesce(
        (select (c.facts ->> 'to')::bigint from change c
          where c.entity_id = p.id and c.kind = 'entity.moved' and c.revision <= p_revision order by c.revision desc limit 1),
        (select (c.facts ->> 'parent')::bigint from change c
          where c.entity_id = p.id and c.kind = 'entity.created' and c.revision <= p_revision order by c.revision limit 1))
    from parent_of p where p.id is not null and p.depth < 100
  ), owner_at as (
    select (c.facts ->> 'owner')::bigint as id from change c
    where c.entity_id = p_entity and c.revision <= p_revision
      and c.kind in ('entity.created', 'entity.moved', 'entity.transferred')
      and (c.kind = 'entity.created' or c.facts ? 'owner')
    order by c.revision desc limit 1
  ), owner_line as (
    select 0 as depth, o.id from owner_at o where o.id is not null
    union all
    select p.depth + 1, coalesce(
        (select (c.facts ->> 'to')::bigint from change c
          where c.entity_id = p.id and c.kind = 'entity.moved' and c.revision <= p_revision order by c.revision desc limit 1),
        (select (c.facts ->> 'parent')::bigint from change c
          where c.entity_id = p.id and c.kind = 'entity.created' and c.revision <= p_revision order by c.revision limit 1))
    from owner_line p where p.id is not null and p.depth < 100
  )
  select p.via, p.depth, p.id from parent_of p where p.id is not null
  union all
  select 'owner', o.depth, o.id from owner_line o where o.id is not null
$$;

alter table entity add column erased_at timestamptz;
comment on column entity.erased_at is
  'When the personal data of the entity was erased; from then on nothing personal of it is shown, whatever is still stored.';
create index entity_erased_idx on entity (id) where erased_at is not null;

create table erasure (
  account_id bigint not null,
  begun_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint erasure_pkey primary key (account_id),
  constraint erasure_account_fkey foreign key (account_id) references entity (id)
);
comment on table erasure is 'Erasures of accounts, and whether all is done. Written by erase-entity and the housekeeping.';

create table erasure_entity (
  account_id bigint not null,
  entity_id bigint not null,
  constraint erasure_entity_pkey primary key (account_id, entity_id),
  constraint erasure_entity_erasure_fkey foreign key (account_id) references erasure (account_id)
);
comment on table erasure_entity is 'Entities whose stored personal data is yet to be overwritten. Written by erase-entity; rows go as the work is done.';

create table change_archive (
  first bigint not null,
  last bigint not null,
  former_hash bytea not null,
  last_hash bytea not null,
  epoch uuid not null,
  count bigint not null,
  signature text not null,
  file text not null,
  archived_at timestamptz not null default now(),
  constraint change_archive_pkey primary key (first)
);
comment on table change_archive is
  'Spans of the change log that were written to a file and dropped, signed with the key of the chain. Written by the housekeeping; append only.';

create index hold_ended_idx on hold (ended_at) where ended_at is not null;
