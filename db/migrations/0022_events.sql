-- Events: one for each account whose effective standing a change made another, never merged; and their delivery to webhooks.
--
-- They come from a reading of the log of their own. Beside its cursor lie shadows of the accounts, the holds in force and the
-- profiles as they were at the cursor, so that what stood before and after a change is compared exactly, however far the
-- reading lags behind.

create table event_cursor (
  singleton boolean not null default true,
  epoch uuid,
  revision bigint not null default 0,
  constraint event_cursor_pkey primary key (singleton),
  constraint event_cursor_singleton_check check (singleton)
);
comment on table event_cursor is
  'One row: how far the log was read for events, and in which epoch. Written by the event pipeline; whoever locks it reads on.';
comment on column event_cursor.epoch is 'Null: the shadows were never filled.';
insert into event_cursor default values;

create table event_account (
  account_id bigint not null,
  ancestors bigint[] not null,
  own_denied integer not null default 0,
  own_intercepted integer not null default 0,
  is_closed boolean not null default false,
  constraint event_account_pkey primary key (account_id)
) with (fillfactor = 80);
comment on table event_account is
  'Where each account was at the event cursor, and what its own holds did. Written by the event pipeline alone.';
comment on column event_account.own_denied is 'What the holds on this account itself deny.';
comment on column event_account.is_closed is 'Closed by itself.';
create index event_account_ancestors_idx on event_account using gin (ancestors) with (fastupdate = off);

-- Apart from the chains: a hold on a large tree writes these for each account of it, and no index but their own.
create table event_standing (
  account_id bigint not null,
  denied integer not null default 0,
  intercepted integer not null default 0,
  closed boolean not null default false,
  constraint event_standing_pkey primary key (account_id)
) with (fillfactor = 50);
comment on table event_standing is
  'What each account could do at the event cursor, by itself and all above. Written by the event pipeline alone.';

create table event_hold (
  hold uuid not null,
  account_id bigint not null,
  profile text not null,
  constraint event_hold_pkey primary key (hold)
);
comment on table event_hold is 'The holds on accounts that were in force at the event cursor. Written by the event pipeline alone.';
create index event_hold_account_idx on event_hold (account_id);
create index event_hold_profile_idx on event_hold (profile);

create table event_profile (
  name text not null,
  denied integer not null,
  intercepted integer not null,
  constraint event_profile_pkey primary key (name)
);
comment on table event_profile is 'What profiles did at the event cursor. Written by the event pipeline alone.';

create table event (
  id bigint generated always as identity,
  uuid uuid not null default gen_random_uuid(),
  revision bigint not null,
  at timestamptz not null,
  type text not null,
  account_id bigint not null,
  denied_before integer,
  intercepted_before integer,
  closed_before boolean,
  denied integer not null,
  intercepted integer not null,
  closed boolean not null,
  cause text not null,
  node_id bigint,
  hold uuid,
  profile text,
  actor text not null,
  actor_account_id bigint not null,
  constraint event_pkey primary key (id),
  constraint event_uuid_key unique (uuid),
  constraint event_account_revision_key unique (account_id, revision)
);
comment on table event is
  'What happened to the standing of accounts, in the order of the log. Written by the event pipeline; removed after ABEYANCE_KEEP_EVENTS_DAYS.';
comment on column event.at is 'When the change was committed.';
comment on column event.denied_before is 'Null for an account that was created.';
comment on column event.cause is 'The kind of the change.';
comment on column event.node_id is 'The entity of the change; null for a profile.';
comment on column event.actor_account_id is 'The account with whose right the change was made.';

-- What an event is called: by the word that counts afterwards, if it is another one.
create function event_type(p_before text, p_after text) returns text
language sql immutable parallel safe
return case
  when p_before is null then 'account.created'
  when p_before = p_after then 'account.restrictions_changed'
  when p_after = 'active' then 'account.resumed'
  else 'account.' || p_after
end;

-- Works out anew what the accounts at and beneath the nodes may do, and writes an event for each that it makes another. Most
-- changes are made on an account with none beneath: it takes a short way of its own.
create function derive_event(p_nodes bigint[], p_revision bigint, p_hold uuid, p_profile text) returns bigint
language plpgsql as $$
declare
  derived bigint;
  one record;
begin
  if cardinality(p_nodes) = 1
    and not exists (select from event_account b where b.ancestors @> p_nodes and b.account_id <> p_nodes[1])
  then
    select s.account_id, s.denied as denied_before, s.intercepted as intercepted_before, s.closed as closed_before, m.closed,
      case when m.closed then 8191 else m.denied end as denied,
      case when m.closed then 0 else m.intercepted & ~m.denied end as intercepted into one
    from event_standing s cross join (
      select bit_or(n.own_denied) as denied, bit_or(n.own_intercepted) as intercepted, bool_or(n.is_closed) as closed
      from event_account n
      where n.account_id = any ((select a.ancestors from event_account a where a.account_id = p_nodes[1])::bigint[])
    ) m
    where s.account_id = p_nodes[1];
    if not found or (one.denied, one.intercepted, one.closed)
      is not distinct from (one.denied_before, one.intercepted_before, one.closed_before) then return 0; end if;
    update event_standing s set denied = one.denied, intercepted = one.intercepted, closed = one.closed
    where s.account_id = one.account_id;
    insert into event (revision, at, type, account_id, denied_before, intercepted_before, closed_before, denied, intercepted, closed,
      cause, node_id, hold, profile, actor, actor_account_id)
    select c.revision, c.at,
      event_type(standing_word(one.denied_before, one.intercepted_before, one.closed_before),
        standing_word(one.denied, one.intercepted, one.closed)),
      one.account_id, one.denied_before, one.intercepted_before, one.closed_before, one.denied, one.intercepted, one.closed,
      c.kind, c.entity_id, p_hold, p_profile, c.actor, coalesce((c.origin ->> 'as')::bigint, (c.origin ->> 'account')::bigint, 0)
    from change c where c.revision = p_revision;
    return 1;
  end if;
  with now as (
    select a.account_id, cardinality(a.ancestors) as depth, s.denied as denied_before, s.intercepted as intercepted_before,
      s.closed as closed_before, m.closed, case when m.closed then 8191 else m.denied end as denied,
      case when m.closed then 0 else m.intercepted & ~m.denied end as intercepted
    from event_account a join event_standing s on s.account_id = a.account_id
    cross join lateral (
      select bit_or(n.own_denied) as denied, bit_or(n.own_intercepted) as intercepted, bool_or(n.is_closed) as closed
      from event_account n where n.account_id = any (a.ancestors)
    ) m
    where a.ancestors && p_nodes
  ), diff as materialized (
    select * from now
    where (denied, intercepted, closed) is distinct from (denied_before, intercepted_before, closed_before)
  ), written as (
    update event_standing s set denied = d.denied, intercepted = d.intercepted, closed = d.closed
    from diff d where s.account_id = d.account_id
  ), told as (
    insert into event (revision, at, type, account_id, denied_before, intercepted_before, closed_before, denied, intercepted, closed,
      cause, node_id, hold, profile, actor, actor_account_id)
    select c.revision, c.at,
      event_type(standing_word(d.denied_before, d.intercepted_before, d.closed_before), standing_word(d.denied, d.intercepted, d.closed)),
      d.account_id, d.denied_before, d.intercepted_before, d.closed_before, d.denied, d.intercepted, d.closed,
      c.kind, c.entity_id, p_hold, p_profile, c.actor, coalesce((c.origin ->> 'as')::bigint, (c.origin ->> 'account')::bigint, 0)
    from diff d cross join change c where c.revision = p_revision
    order by d.depth, d.account_id
    returning 1
  )
  select count(*) into derived from told;
  return derived;
end $$;

-- What the holds on an account itself do, from the shadows.
create function sum_event_holds(p_accounts bigint[]) returns void
language plpgsql as $$
begin
  update event_account a set own_denied = m.denied, own_intercepted = m.intercepted
  from (
    select u.id, coalesce(bit_or(p.denied), 0) as denied, coalesce(bit_or(p.intercepted), 0) as intercepted
    from unnest(p_accounts) u (id)
    left join event_hold h on h.account_id = u.id left join event_profile p on p.name = h.profile
    group by u.id
  ) m
  where a.account_id = m.id and (a.own_denied, a.own_intercepted) is distinct from (m.denied, m.intercepted);
end $$;

-- Reads changes, one after the other, into the shadows and into events. It stops early once it wrote as many events as it
-- may, and says how far it came. The masks of changed profiles are given by revision: {"17": [denied, intercepted]}.
create function derive_events(p_after bigint, p_through bigint, p_masks jsonb, p_events_max bigint,
  out reached bigint, out derived bigint)
language plpgsql set search_path from current set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
  c record;
  chain bigint[];
  nodes bigint[];
  denied_now integer;
  intercepted_now integer;
begin
  derived := 0;
  for c in
    select x.revision, x.at, x.actor, x.origin, x.kind, x.entity_id, x.facts from change x
    where x.revision > p_after and x.revision <= p_through and x.kind in ('entity.created', 'entity.moved', 'entity.closed',
      'hold.placed', 'hold.activated', 'hold.lifted', 'hold.expired', 'profile.changed', 'profile.removed')
    order by x.revision
  loop
    if derived >= p_events_max then return; end if;
    if c.kind = 'entity.created' then
      if c.facts ->> 'kind' = 'account' then
        insert into event_account (account_id, ancestors)
        select c.entity_id, p.ancestors || c.entity_id from event_account p where p.account_id = (c.facts ->> 'parent')::bigint;
        insert into event_standing (account_id, denied, intercepted, closed)
        select c.entity_id, p.denied, p.intercepted, p.closed
        from event_standing p where p.account_id = (c.facts ->> 'parent')::bigint;
        insert into event (revision, at, type, account_id, denied, intercepted, closed, cause, node_id, actor, actor_account_id)
        select c.revision, c.at, 'account.created', a.account_id, a.denied, a.intercepted, a.closed, c.kind, c.entity_id, c.actor,
          coalesce((c.origin ->> 'as')::bigint, (c.origin ->> 'account')::bigint, 0)
        from event_standing a where a.account_id = c.entity_id;
        derived := derived + 1;
      end if;
    elsif c.kind = 'entity.moved' then
      select p.ancestors into chain from event_account p where p.account_id = (c.facts ->> 'to')::bigint;
      update event_account a set ancestors = chain || a.ancestors[array_position(a.ancestors, c.entity_id):]
      where a.ancestors @> array[c.entity_id];
      if found then derived := derived + derive_event(array[c.entity_id], c.revision, null, null); end if;
    elsif c.kind = 'entity.closed' then
      update event_account a set is_closed = true where a.account_id = c.entity_id and not a.is_closed;
      if found then derived := derived + derive_event(array[c.entity_id], c.revision, null, null); end if;
    elsif c.kind in ('hold.placed', 'hold.activated') then
      if c.kind = 'hold.activated' or (c.facts ->> 'inForce')::boolean then
        insert into event_hold (hold, account_id, profile)
        select (c.facts ->> 'hold')::uuid, a.account_id, c.facts ->> 'profile' from event_account a where a.account_id = c.entity_id
        on conflict do nothing;
        if found then
          perform sum_event_holds(array[c.entity_id]);
          derived := derived + derive_event(array[c.entity_id], c.revision, (c.facts ->> 'hold')::uuid, c.facts ->> 'profile');
        end if;
      end if;
    elsif c.kind in ('hold.lifted', 'hold.expired') then
      delete from event_hold h where h.hold = (c.facts ->> 'hold')::uuid;
      if found then
        perform sum_event_holds(array[c.entity_id]);
        derived := derived + derive_event(array[c.entity_id], c.revision, (c.facts ->> 'hold')::uuid, c.facts ->> 'profile');
      end if;
    elsif c.kind = 'profile.changed' then
      denied_now := (p_masks -> c.revision::text ->> 0)::integer;
      intercepted_now := (p_masks -> c.revision::text ->> 1)::integer;
      insert into event_profile as p (name, denied, intercepted) values (c.facts ->> 'name', denied_now, intercepted_now)
      on conflict (name) do update set denied = excluded.denied, intercepted = excluded.intercepted
        where (p.denied, p.intercepted) is distinct from (excluded.denied, excluded.intercepted);
      if found then
        select array_agg(distinct h.account_id) into nodes from event_hold h where h.profile = c.facts ->> 'name';
        if nodes is not null then
          perform sum_event_holds(nodes);
          derived := derived + derive_event(nodes, c.revision, null, c.facts ->> 'name');
        end if;
      end if;
    else
      delete from event_profile p where p.name = c.facts ->> 'name';
    end if;
    reached := c.revision;
  end loop;
  reached := p_through;
end $$;

-- Fills the shadows with what is now. Its caller has one snapshot for it and for the head of the log.
create function fill_event_shadows() returns void
language sql set search_path from current as $$
  delete from event_account;
  delete from event_standing;
  delete from event_hold;
  delete from event_profile;
  insert into event_profile (name, denied, intercepted) select name, denied, intercepted from profile;
  insert into event_hold (hold, account_id, profile)
    select h.uuid, h.entity_id, h.profile from hold h join entity e on e.id = h.entity_id
    where e.kind = 'account' and h.activated_at is not null and h.ended_at is null;
  insert into event_account (account_id, ancestors, own_denied, own_intercepted, is_closed)
    select e.id, e.ancestors, coalesce(m.denied, 0), coalesce(m.intercepted, 0), e.closed_at is not null
    from entity e left join (
      select h.account_id, bit_or(p.denied) as denied, bit_or(p.intercepted) as intercepted
      from event_hold h join event_profile p on p.name = h.profile group by h.account_id
    ) m on m.account_id = e.id
    where e.kind = 'account';
  with held as (select * from event_account where own_denied | own_intercepted <> 0 or is_closed),
    reached as (
      select a.account_id, bit_or(h.own_denied) as denied, bit_or(h.own_intercepted) as intercepted, bool_or(h.is_closed) as closed
      from event_account a cross join unnest(a.ancestors) u (id) join held h on h.account_id = u.id group by a.account_id
    )
    insert into event_standing (account_id, denied, intercepted, closed)
    select a.account_id, case when r.closed then 8191 else coalesce(r.denied, 0) end,
      case when r.closed then 0 else coalesce(r.intercepted & ~r.denied, 0) end, coalesce(r.closed, false)
    from event_account a left join reached r on r.account_id = a.account_id;
$$;

create table webhook (
  system_id bigint not null,
  event_id bigint not null,
  paced_until timestamptz,
  constraint webhook_pkey primary key (system_id),
  constraint webhook_system_fkey foreign key (system_id) references system (id) on delete cascade
);
comment on table webhook is
  'How far the events were turned into deliveries for each system of the kind webhook. Written by the deliveries.';
comment on column webhook.paced_until is 'Up to when the rate that the system allows is used up.';

create table delivery (
  id bigint generated always as identity,
  uuid uuid not null default gen_random_uuid(),
  system_id bigint not null,
  event_id bigint,
  reason text not null,
  created_at timestamptz not null default now(),
  outcome text not null default 'pending',
  attempts integer not null default 0,
  due_at timestamptz default now(),
  lease_token uuid,
  leased_until timestamptz,
  settled_at timestamptz,
  constraint delivery_pkey primary key (id),
  constraint delivery_uuid_key unique (uuid),
  constraint delivery_system_fkey foreign key (system_id) references system (id) on delete cascade,
  constraint delivery_event_fkey foreign key (event_id) references event (id) on delete cascade,
  constraint delivery_reason_check check (reason in ('event', 'replay', 'test') and (reason = 'test') = (event_id is null)),
  constraint delivery_outcome_check check (outcome in ('pending', 'delivered', 'failed', 'skipped')),
  constraint delivery_settled_check check ((outcome = 'pending') = (due_at is not null) and (due_at is null) = (settled_at is not null)),
  constraint delivery_lease_check check ((lease_token is null) = (leased_until is null))
) with (fillfactor = 80);
comment on table delivery is
  'One event on its way to one webhook. Written by the deliveries, and by the operations replay and test; removed after ABEYANCE_KEEP_DELIVERIES_DAYS.';
comment on column delivery.event_id is 'Null for a test.';
comment on column delivery.due_at is 'When it is sent next; null: it is settled.';
create index delivery_due_idx on delivery (system_id, due_at, id) where due_at is not null;
create index delivery_lease_idx on delivery (system_id) where lease_token is not null;
create index delivery_system_idx on delivery (system_id, id);
create index delivery_event_idx on delivery (event_id);
create index delivery_settled_idx on delivery (settled_at) where settled_at is not null;

create table delivery_attempt (
  delivery_id bigint not null,
  attempt integer not null,
  at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  response_code integer,
  response_text text,
  problem text,
  constraint delivery_attempt_pkey primary key (delivery_id, attempt),
  constraint delivery_attempt_delivery_fkey foreign key (delivery_id) references delivery (id) on delete cascade
);
comment on table delivery_attempt is 'Each time that a delivery was sent, and what came back. Written by the deliveries.';
comment on column delivery_attempt.ended_at is 'Null while it is sent, and for ever when the process ended meanwhile.';
comment on column delivery_attempt.response_text is 'The beginning of what the receiver answered.';
