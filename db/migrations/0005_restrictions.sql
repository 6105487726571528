-- What reaches an entity, as SQL sees it: the same law as core/restrictions.ts and the decision engine.

-- The bits of (denied, intercepted) follow the order of ACTIONS in core/action.ts; bit 3 is call.emergency.
-- An unknown entity is denied everything. Two steps on purpose: a single join flips to a bad plan when many holds
-- appear before the statistics follow.
create function restrictions(p_entity bigint, out denied integer, out intercepted integer, out closed boolean,
  out owner_closed boolean, out governing_hold bigint)
language plpgsql stable parallel safe security definer set search_path from current as $$
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
    select h.id, p.denied, p.intercepted
    from hold h join profile p on p.name = h.profile
    where h.entity_id = any (path) and h.activated_at is not null and h.ended_at is null
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
-- elsewhere lies beneath it too.
create function count_beneath(p_entity bigint, p_limit integer) returns integer
language plpgsql stable set search_path from current as $$
declare
  frontier bigint[] := array[p_entity];
  seen bigint[] := array[p_entity];
  found_count integer := 1;
begin
  loop
    exit when found_count >= p_limit or frontier is null or cardinality(frontier) = 0;
    select array_agg(s.id) into frontier from (
      select e.id from entity e where e.parent_id = any (frontier)
      union
      select e.id from entity e where e.owner_id = any (frontier)
      limit p_limit
    ) s where s.id <> all (seen);
    seen := seen || frontier;
    found_count := found_count + coalesce(cardinality(frontier), 0);
  end loop;
  return least(found_count, p_limit);
end $$;

-- Everything that reaches an entity: itself, its containers, their accounts up to the platform, and its owner's accounts.
create function path_of(p_entity bigint) returns bigint[]
language plpgsql stable parallel safe set search_path from current as $$
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
language plpgsql stable parallel safe set search_path from current as $$
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

-- The nearest reseller above an account, itself included; null directly beneath the platform.
create function reseller_of(p_account bigint) returns bigint
language sql stable parallel safe set search_path from current as $$
  select a.entity_id
  from entity e, unnest(e.ancestors) with ordinality u (id, depth) join account a on a.entity_id = u.id
  where e.id = p_account and a.reseller
  order by u.depth desc limit 1
$$;

-- Since when an entity is closed, by itself or by whatever contains it; null while it is open.
create function closed_since(p_entity bigint) returns timestamptz
language plpgsql stable parallel safe set search_path from current as $$
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
