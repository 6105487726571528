-- Systems that must be told, and their targets: what each thing in each system should be and what was confirmed last.
--
-- A generation is the revision of the change that reached a target last. There is no queue: whoever claims a target works out
-- what is desired at that moment, so that whatever was superseded before it was delivered is never told.

create table system (
  id bigint generated always as identity,
  uuid uuid not null default gen_random_uuid(),
  name text not null,
  kind text not null,
  account_id bigint not null default 0,
  settings jsonb not null default '{}',
  secrets_sealed bytea,
  concurrency integer not null,
  rate double precision,
  timeout_ms integer not null,
  flight_max_ms integer not null,
  retry_min_ms integer not null,
  retry_max_ms integer not null,
  breaker_failures integer not null,
  breaker_open_ms integer not null,
  drift text not null default 'off',
  drift_every_ms bigint not null,
  drift_after bigint,
  drift_due_at timestamptz,
  paused_at timestamptz,
  paused_by text,
  pause_note text,
  failures integer not null default 0,
  open_until timestamptz,
  last_problem text,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint system_pkey primary key (id),
  constraint system_uuid_key unique (uuid),
  constraint system_name_key unique (name),
  constraint system_account_fkey foreign key (account_id) references entity (id),
  constraint system_kind_check check (kind in ('aps', 'broadworks', 'kamailio', 'powerdns', 'dovecot', 'number_provider', 'webhook')),
  constraint system_drift_check check (drift in ('off', 'report', 'repair')),
  constraint system_limits_check check (concurrency between 1 and 1000 and rate > 0 and timeout_ms > 0 and flight_max_ms >= timeout_ms
    and retry_min_ms > 0 and retry_max_ms >= retry_min_ms and breaker_failures > 0 and breaker_open_ms > 0)
);
comment on table system is
  'Downstream platforms that must be told. Written by the operations on systems; failures, open_until, last_problem and drift_… by the reconciler.';
comment on column system.name is 'What foreign resources name in their field system, and numbers in provider.';
comment on column system.account_id is 'The account whose things it is told of, with all beneath; another than the platform for webhooks alone.';
comment on column system.secrets_sealed is 'Sealed: what it demands of us, as JSON.';
comment on column system.rate is 'The most requests a second; null: no limit.';
comment on column system.flight_max_ms is 'The longest time after which a request that we gave up may still take effect there.';
comment on column system.drift_after is 'How far the running sweep for drift has come, by entity; null between two sweeps.';
comment on column system.paused_at is 'Since when nothing is sent, for maintenance. What is due stays due.';
comment on column system.open_until is 'The circuit is open until then: the system failed too often in a row.';

create table target (
  system_id bigint not null,
  entity_id bigint not null,
  account_id bigint not null,
  owner_id bigint,
  reference jsonb not null default '{}',
  is_node boolean not null default false,
  is_bound_by_hand boolean not null default false,
  generation_first bigint not null default 0,
  generation_desired bigint not null,
  generation_applied bigint not null default 0,
  applied jsonb,
  kept jsonb,
  task jsonb,
  is_unproven boolean not null default false,
  is_drifted boolean not null default false,
  attempts integer not null default 0,
  due_at timestamptz,
  lease_token uuid,
  leased_until timestamptz,
  unsure_until timestamptz,
  needs_person boolean not null default false,
  problem_code text,
  problem_detail text,
  problem_since timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by text,
  note text,
  told_at timestamptz,
  confirmed_at timestamptz,
  observed jsonb,
  observed_at timestamptz,
  created_at timestamptz not null default now(),
  constraint target_pkey primary key (system_id, entity_id),
  constraint target_system_fkey foreign key (system_id) references system (id) on delete cascade,
  constraint target_entity_fkey foreign key (entity_id) references entity (id),
  constraint target_lease_check check ((lease_token is null) = (leased_until is null))
) with (fillfactor = 80);
comment on table target is
  'One entity in one system: what was asked of it and what was confirmed. Written by the reconciler, and by the operations bind, unbind, retry and acknowledge.';
comment on column target.account_id is 'The account that contains the entity, or the entity itself: by it the target is found from an account above.';
comment on column target.owner_id is 'The account that owns the entity, where it is another.';
comment on column target.reference is 'How the system names it.';
comment on column target.is_node is 'A held node that is told as a whole, such as the calls beneath it that are to end.';
comment on column target.generation_first is 'The revision that made it a target: what came before does not reach it.';
comment on column target.generation_desired is 'The revision of the change that reached it last.';
comment on column target.generation_applied is 'The generation that the system confirmed last; never goes back.';
comment on column target.applied is 'The state that was confirmed last; null: never told, or not known.';
comment on column target.kept is 'What was configured there before the first hold, to be put back.';
comment on column target.task is 'What runs at the far side: told again by polling.';
comment on column target.is_unproven is 'A request may have acted without a reply: the next one may meet its own work.';
comment on column target.is_drifted is 'Somebody changed it behind our back: it is told again though nothing new is desired.';
comment on column target.due_at is 'When it is told next; null: nothing is to be done.';
comment on column target.unsure_until is 'A request of a former holder of the lease may still arrive until then: nothing counts as confirmed before.';
comment on column target.needs_person is 'Trying again by itself does not help, or only seldom.';
create index target_due_idx on target (system_id, due_at) where due_at is not null;
create index target_account_idx on target (account_id, entity_id);
create index target_owner_idx on target (owner_id, entity_id) where owner_id is not null;
create index target_entity_idx on target (entity_id);
create index target_unsettled_idx on target (generation_desired, system_id) where generation_applied < generation_desired;
create index target_problem_idx on target (system_id, entity_id) where problem_code is not null;

-- How it stands with a target, in one word.
create function target_outcome(p_target target) returns text
language sql immutable parallel safe
return case
  when p_target.generation_applied >= p_target.generation_desired then case when p_target.is_drifted then 'drifted' else 'confirmed' end
  when p_target.acknowledged_at is not null then 'acknowledged'
  when p_target.needs_person then 'failed'
  when p_target.task is not null then 'waiting'
  when p_target.attempts > 0 then 'retrying'
  else 'pending'
end;

create table sweep_cursor (
  singleton boolean not null default true,
  epoch uuid,
  revision bigint not null default 0,
  constraint sweep_cursor_pkey primary key (singleton),
  constraint sweep_cursor_singleton_check check (singleton)
);
comment on table sweep_cursor is
  'One row: how far the log of changes was read for targets, and in which epoch. Written by the reconciler; whoever locks it reads on.';
insert into sweep_cursor default values;

create table sweep (
  revision bigint not null,
  at timestamptz not null,
  cause text not null,
  nodes bigint[] not null,
  only_system_id bigint,
  is_large boolean not null default false,
  step integer not null default 0,
  account_after bigint,
  entity_after bigint,
  expanded_at timestamptz,
  constraint sweep_pkey primary key (revision),
  constraint sweep_system_fkey foreign key (only_system_id) references system (id) on delete cascade
);
comment on table sweep is
  'A change that reaches targets: each target beneath its nodes gets the revision as its generation, in batches. Written by the reconciler.';
comment on column sweep.nodes is 'Where it begins: the node of the change, or all that a changed profile holds.';
comment on column sweep.is_large is 'It reaches too much for one transaction, and is done page by page.';
comment on column sweep.step is 'Of a large one: by which path it is looking for targets now.';
comment on column sweep.account_after is 'How far it has come in this step.';
create index sweep_open_idx on sweep (is_large, revision) where expanded_at is null;

create table sweep_count (
  revision bigint not null,
  system_id bigint not null,
  targets bigint not null default 0,
  passed_confirmed bigint not null default 0,
  passed_open bigint not null default 0,
  constraint sweep_count_pkey primary key (revision, system_id),
  constraint sweep_count_sweep_fkey foreign key (revision) references sweep (revision) on delete cascade,
  constraint sweep_count_system_fkey foreign key (system_id) references system (id) on delete cascade
);
comment on table sweep_count is
  'How many targets of each system a sweep reached, and how many of them a later one took over, with the former state confirmed or still open. Written by the reconciler.';

create table system_slot (
  system_id bigint not null,
  slot integer not null,
  worker uuid,
  leased_until timestamptz,
  constraint system_slot_pkey primary key (system_id, slot),
  constraint system_slot_system_fkey foreign key (system_id) references system (id) on delete cascade
);
comment on table system_slot is
  'The requests that may run at once in a system, shared out among the worker processes. Written by the reconciler.';

create table worker (
  id uuid not null,
  name text not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  constraint worker_pkey primary key (id)
);
comment on table worker is 'The worker processes that are alive. Written by each of them, and swept by the others.';

-- What a target is computed from: the masks as restrictions() has them, and the profiles in force on its lines, the one that
-- words the refusal first.
create function target_facts(p_entity bigint, out denied integer, out intercepted integer, out closed boolean,
  out owner_closed boolean, out closed_since timestamptz, out profiles text[])
language plpgsql stable parallel safe set search_path from current set enable_seqscan = off as $$
begin
  select r.denied, r.intercepted, r.closed, r.owner_closed into denied, intercepted, closed, owner_closed from restrictions(p_entity) r;
  if closed then closed_since := closed_since(p_entity); end if;
  profiles := '{}';
  if denied | intercepted = 0 then return; end if;
  select coalesce(array_agg(o.name order by o.place), '{}') into profiles from (
    select p.name, min(h.place) as place
    from (
      select h.profile, row_number() over (order by p.severity desc, h.authority_rank desc, h.placed_at, h.id) as place
      from hold h join profile p on p.name = h.profile
      where h.entity_id = any (path_of(p_entity)) and h.activated_at is not null and h.ended_at is null
    ) h join profile p on p.name = h.profile
    group by p.name
  ) o;
end $$;
