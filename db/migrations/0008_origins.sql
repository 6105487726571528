-- Who made a change, and through what: the account of the actor, the one it acted as, the face, the request. Where from and
-- why are personal: they stand apart, once for each request, and the chain holds their salted commitments alone.

alter table change add column origin jsonb;
comment on column change.origin is
  'Account of the actor, account it acted as, face, request, and the commitments of address and reason; null in logs older than this column. Part of the digest.';
create index change_actor_idx on change (actor, revision);

create table request_personal (
  commitment text not null,
  field text not null,
  salt bytea not null,
  value text not null,
  constraint request_personal_pkey primary key (commitment)
);
comment on table request_personal is
  'Address and reason of requests, found by the commitments in change.origin. Written by commit_changes; erasable.';

drop function commit_changes(jsonb);

-- The last call of every writing transaction: numbers the changes, chains them, tells the listeners.
-- The row lock on change_counter makes revisions gapless and in commit order. The key's pads are settings of the
-- session, so that no statement text ever carries them.
create function commit_changes(p_author jsonb, p_changes jsonb,
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
  insert into change (revision, at, actor, origin, kind, entity_id, facts, touched, digest, hash)
  select counter.revision + e.ordinality, commit_changes.at, p_author ->> 'actor', p_author -> 'origin', e.value ->> 'kind',
    (e.value ->> 'entity')::bigint, e.value -> 'facts',
    array(select t::bigint from jsonb_array_elements_text(e.value -> 'touched') t),
    decode(e.value ->> 'digest', 'hex'), hashes[e.ordinality]
  from jsonb_array_elements(p_changes) with ordinality e;
  insert into change_personal (revision, field, salt, value)
  select counter.revision + e.ordinality, p ->> 'field', decode(p ->> 'salt', 'hex'), p ->> 'value'
  from jsonb_array_elements(p_changes) with ordinality e, jsonb_array_elements(e.value -> 'personal') p
  where e.value ? 'personal';
  if p_author ? 'personal' then
    -- A request of many transactions tells its address and reason with each of them.
    insert into request_personal (commitment, field, salt, value)
    select p ->> 'commitment', p ->> 'field', decode(p ->> 'salt', 'hex'), p ->> 'value'
    from jsonb_array_elements(p_author -> 'personal') p
    on conflict do nothing;
  end if;
  update change_counter set revision = n, hash = link, last_at = commit_changes.at;
  perform pg_notify('abeyance_change', n::text);
end $$;
