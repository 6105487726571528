-- What reaches an entity, as SQL sees it: the same law as core/restrictions.ts and the decision engine.

-- The bits of (denied, intercepted) follow the order of ACTIONS in core/action.ts; bit 3 is call.emergency.
-- An unknown entity is denied everything. Every table is read by key and apart from the others, whatever the statistics
-- said when a session made its plan: a plan made for a few holds must not scan the fifty thousand of a dunning run, nor
-- a plan made for an empty tree a million entities.
create function restrictions(p_entity bigint, out denied integer, out intercepted integer, out closed boolean,
  out owner_closed boolean, out governing_hold bigint)
language plpgsql stable parallel safe security definer set search_path from current set enable_seqscan = off as $$
declare
  everything constant integer := 8191;
  all_but_emergency constant integer := 8191 - 8;
  parent bigint;
  owner bigint;
  chain bigint[];
  path bigint[] := array[p_entity];
  owner_path bigint[];
  held record;
begin
  denied := 0;
  intercepted := 0;
  owner_closed := false;
  select e.parent_id, e.owner_id, e.ancestors into parent, owner, chain from entity e where e.id = p_entity;
  if not found then
    denied := everything;
    closed := true;
    return;
  end if;
  while chain is null loop
    path := path || parent;
    select e.parent_id, e.ancestors into parent, chain from entity e where e.id = parent;
  end loop;
  path := path || chain;
  closed := exists (select from entity e where e.id = any (path) and e.closed_at is not null);
  if owner is not null then
    select e.ancestors into owner_path from entity e where e.id = owner;
    owner_closed := exists (select from entity e where e.id = any (owner_path) and e.closed_at is not null);
    path := path || owner_path;
  end if;
  for held in
    with reaching as materialized (
      select h.id, h.profile, h.authority_rank, h.placed_at from hold h
      where h.entity_id = any (path) and h.activated_at is not null and h.ended_at is null
    )
    select h.id, p.denied, p.intercepted
    from reaching h join profile p on p.name = h.profile
    order by p.severity, h.authority_rank, h.placed_at desc, h.id desc
  loop
    denied := denied | held.denied;
    intercepted := intercepted | held.intercepted;
    if held.denied | held.intercepted <> 0 then governing_hold := held.id; end if;
  end loop;
  if owner_closed then denied := denied | all_but_emergency; end if;
  if closed then denied := everything; end if;
  intercepted := intercepted & ~denied;
end $$;

-- The word for a set of restrictions.
create function standing_word(p_denied integer, p_intercepted integer, p_closed boolean) returns text
language sql immutable parallel safe
return case
  when p_closed then 'closed'
  when p_denied | p_intercepted = 0 then 'active'
  when p_denied & (8191 - 8) = 8191 - 8 then 'suspended'
  else 'limited'
end;

-- How many entities lie beneath the node, itself included, counted no further than the limit. What its accounts own
-- elsewhere lies beneath it too. The recursion ends as soon as nobody asks for more, and each step looks children up by
-- index: the limits inside see to it that neither the planner nor a node with many children makes it read more.
create function count_beneath(p_entity bigint, p_limit integer) returns integer
language sql stable set search_path from current set enable_seqscan = off as $$
  select count(*)::integer from (
    with recursive beneath (id) as (
      select p_entity
      union
      select c.id from beneath b cross join lateral (
        (select e.id from entity e where e.parent_id = b.id limit p_limit)
        union all
        (select e.id from entity e where e.owner_id = b.id limit p_limit)
      ) c
    )
    select from beneath limit p_limit
  ) counted
$$;

-- Everything that reaches an entity: itself, its containers, their accounts up to the platform, and its owner's accounts.
create function path_of(p_entity bigint) returns bigint[]
language plpgsql stable parallel safe set search_path from current set enable_seqscan = off as $$
declare
  parent bigint;
  owner bigint;
  chain bigint[];
  path bigint[] := array[p_entity];
begin
  select e.parent_id, e.owner_id, e.ancestors into parent, owner, chain from entity e where e.id = p_entity;
  if not found then return path; end if;
  while chain is null loop
    path := path || parent;
    select e.parent_id, e.ancestors into parent, chain from entity e where e.id = parent;
  end loop;
  path := path || chain;
  if owner is not null then
    path := path || (select e.ancestors from entity e where e.id = owner);
  end if;
  return path;
end $$;

-- The account that contains an entity; an account contains itself.
create function account_of(p_entity bigint) returns bigint
language plpgsql stable parallel safe set search_path from current set enable_seqscan = off as $$
declare
  here bigint := p_entity;
  parent bigint;
  chain bigint[];
begin
  loop
    select e.parent_id, e.ancestors into parent, chain from entity e where e.id = here;
    if not found then return null; end if;
    if chain is not null then return here; end if;
    here := parent;
  end loop;
end $$;

-- Since when an entity is closed, by itself or by whatever contains it; null while it is open.
create function closed_since(p_entity bigint) returns timestamptz
language plpgsql stable parallel safe set search_path from current set enable_seqscan = off as $$
declare
  here bigint := p_entity;
  parent bigint;
  closed timestamptz;
  since timestamptz;
begin
  while here is not null loop
    select e.parent_id, e.closed_at into parent, closed from entity e where e.id = here;
    since := least(since, closed);
    here := parent;
  end loop;
  return since;
end $$;
