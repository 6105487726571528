-- The append-only log of changes: gapless revisions in commit order, chained by an HMAC.

create table change_counter (
  singleton boolean not null default true,
  revision bigint not null default 0,
  hash bytea not null default decode(repeat('00', 32), 'hex'),
  last_at timestamptz not null default '-infinity',
  epoch uuid not null default gen_random_uuid(),
  constraint change_counter_pkey primary key (singleton),
  constraint change_counter_singleton_check check (singleton)
);
comment on table change_counter is
  'One row: the last revision, its hash and time, and the epoch, which is new after each restore. Written by commit_changes and restore.';
insert into change_counter default values;

create table change (
  revision bigint not null,
  at timestamptz not null,
  actor text not null,
  kind text not null,
  entity_id bigint,
  facts jsonb not null,
  touched bigint[] not null,
  digest bytea not null,
  hash bytea not null,
  constraint change_pkey primary key (revision)
) partition by range (revision);
comment on table change is 'What was committed. Written by commit_changes alone; append only; partitioned by revision.';
comment on column change.touched is 'The entities whose place, lifecycle, names or holds may have changed: what followers read again.';
comment on column change.digest is 'SHA-256 of the canonical JSON (RFC 8785) of actor, entity, facts, kind and touched.';
comment on column change.hash is 'HMAC-SHA256 with the key of the installation over the former hash, revision, time in milliseconds, and digest.';
create index change_entity_idx on change (entity_id, revision);
create table change_default partition of change default;
comment on table change_default is 'Takes what no other partition takes, so that a late maintenance never stops a write.';

create table change_personal (
  revision bigint not null,
  field text not null,
  salt bytea not null,
  value text not null,
  constraint change_personal_pkey primary key (revision, field)
);
comment on table change_personal is
  'Personal values of changes, apart from the chain, which holds only their salted commitments. Written by commit_changes; erasable.';

-- HMAC-SHA256 (RFC 2104) from the key's two padded blocks.
create function hmac_sha256(p_message bytea, p_inner_pad bytea, p_outer_pad bytea) returns bytea
language sql immutable strict parallel safe
return sha256(p_outer_pad || sha256(p_inner_pad || p_message));

-- The last call of every writing transaction: numbers the changes, chains them, tells the listeners.
-- The row lock on change_counter makes revisions gapless and in commit order. The key's pads are settings of the
-- session, so that no statement text ever carries them.
create function commit_changes(p_changes jsonb,
  out first_revision bigint, out last_revision bigint, out at timestamptz)
language plpgsql set search_path from current as $$
declare
  counter change_counter;
  inner_pad constant bytea := decode(current_setting('abeyance.chain_inner_pad'), 'hex');
  outer_pad constant bytea := decode(current_setting('abeyance.chain_outer_pad'), 'hex');
  item jsonb;
  hashes bytea[] := '{}';
  link bytea;
  n bigint;
  at_ms bigint;
begin
  select * into counter from change_counter for update;
  at := greatest(counter.last_at, date_trunc('milliseconds', clock_timestamp()));
  at_ms := (extract(epoch from at) * 1000)::bigint;
  link := counter.hash;
  n := counter.revision;
  for item in select e.value from jsonb_array_elements(p_changes) with ordinality e order by e.ordinality loop
    n := n + 1;
    link := hmac_sha256(link || int8send(n) || int8send(at_ms) || decode(item ->> 'digest', 'hex'), inner_pad, outer_pad);
    hashes := hashes || link;
  end loop;
  first_revision := counter.revision + 1;
  last_revision := n;
  insert into change (revision, at, actor, kind, entity_id, facts, touched, digest, hash)
  select counter.revision + e.ordinality, commit_changes.at, e.value ->> 'actor', e.value ->> 'kind',
    (e.value ->> 'entity')::bigint, e.value -> 'facts',
    array(select t::bigint from jsonb_array_elements_text(e.value -> 'touched') t),
    decode(e.value ->> 'digest', 'hex'), hashes[e.ordinality]
  from jsonb_array_elements(p_changes) with ordinality e;
  insert into change_personal (revision, field, salt, value)
  select counter.revision + e.ordinality, p ->> 'field', decode(p ->> 'salt', 'hex'), p ->> 'value'
  from jsonb_array_elements(p_changes) with ordinality e, jsonb_array_elements(e.value -> 'personal') p
  where e.value ? 'personal';
  update change_counter set revision = n, hash = link, last_at = commit_changes.at;
  perform pg_notify('abeyance_change', n::text);
end $$;
