-- What Kamailio reads: the subscribers it authenticates, who calls, and where a call or message leads to.

-- What an action of a set of nodes comes to, worded as the decision engine words it: a closed subject first, then the hold
-- that outranks the others, then a closed owner, then a closed target, then the client's own switch. To be called only
-- where something touches the action.
create function enforce.kamailio_verdict(p_nodes bigint[], p_action integer, p_denied integer, p_intercepted integer, p_closed boolean,
  p_owner_closed boolean, p_target_closed boolean, p_disabled boolean,
  out effect text, out code integer, out reason text, out profile text, out announcement text, out redirect text)
language plpgsql stable parallel safe security definer set search_path from current set enable_seqscan = off as $$
begin
  effect := case when p_denied & p_action <> 0 then 'deny' when p_disabled then 'deny' when p_intercepted & p_action <> 0 then 'intercept' else 'allow' end;
  if effect = 'allow' then return; end if;
  if not p_closed then
    for code, reason, profile, announcement, redirect in
      with reaching as materialized (
        select h.id, h.profile, h.authority_rank, h.placed_at from hold h
        where h.entity_id = any (p_nodes) and h.activated_at is not null and h.ended_at is null
      )
      select p.sip_code, p.refusal_text, p.name, p.announcement, p.systems #>> '{kamailio,redirect}'
      from reaching h join profile p on p.name = h.profile
      where (p.denied | p.intercepted) & p_action <> 0
      order by p.severity desc, h.authority_rank desc, h.placed_at, h.id limit 1
    loop
      -- What becomes part of a URI is taken only where it can be nothing else.
      if announcement !~ '^[A-Za-z0-9_.+-]{1,64}$' then announcement := null; end if;
      if redirect !~* '^sips?:[a-z0-9_.!~*()&=+$,;?/%:@[\]-]{1,255}$' then redirect := null; end if;
      reason := regexp_replace(reason, '[[:cntrl:]]', ' ', 'g');
      return;
    end loop;
  end if;
  code := 403;
  reason := case
    when p_closed then 'Account closed'
    when p_owner_closed then 'Owner closed'
    when p_target_closed then 'Target closed'
    when p_disabled then 'Disabled by its user'
    else 'Suspended'
  end;
end $$;
comment on function enforce.kamailio_verdict is
  'What an action (its bit) comes to where something touches it: deny or intercept, with the code, words, profile, announcement and redirection of the hold that words it.';

-- One entity and one action, and what Kamailio keeps of it: whether its emergency calls are closed, and its path as text.
create function enforce.kamailio_standing(p_entity bigint, p_parent bigint, p_action integer, p_disabled boolean, out emergency text,
  out path text, out effect text, out code integer, out reason text, out profile text, out announcement text, out redirect text)
language plpgsql stable parallel safe security definer set search_path from current set enable_seqscan = off as $$
declare
  reached record;
  nodes bigint[];
begin
  select r.* into reached from restrictions(p_entity) r;
  nodes := reached.line || p_entity || coalesce(reached.owner_line, array[]::bigint[]);
  if p_parent <> all (nodes) then nodes := nodes || p_parent; end if;
  path := '/' || array_to_string(nodes, '/') || '/';
  emergency := case when reached.closed then 'closed' when (reached.denied | reached.intercepted) & 8 <> 0 then 'deny' else 'allow' end;
  effect := 'allow';
  if p_disabled or (reached.denied | reached.intercepted) & p_action <> 0 then
    select v.effect, v.code, v.reason, v.profile, v.announcement, v.redirect into effect, code, reason, profile, announcement, redirect
    from enforce.kamailio_verdict(nodes, p_action, reached.denied, reached.intercepted, reached.closed, reached.owner_closed, false, p_disabled) v;
  end if;
end $$;
comment on function enforce.kamailio_standing is 'What an action of one entity comes to, whether emergency calls from it are closed, and the nodes that reach it.';

-- What a SIP account is to a registrar; no row for what is no SIP account.
create function enforce.kamailio_line(p_entity bigint, p_action integer, out username text, out domain text, out realm text, out ha1 text,
  out ha1b text, out emergency text, out path text, out effect text, out code integer, out reason text, out profile text,
  out announcement text, out redirect text)
returns setof record
language plpgsql stable parallel safe rows 1 security definer set search_path from current set enable_seqscan = off as $$
declare
  container bigint;
  is_enabled boolean;
begin
  select a.username, a.realm, a.ha1, a.ha1b, a.enabled into username, realm, ha1, ha1b, is_enabled from sip_account a where a.entity_id = p_entity;
  if not found then return; end if;
  select e.parent_id into container from entity e where e.id = p_entity;
  select d.domain into domain from sip_domain d where d.entity_id = container;
  realm := coalesce(realm, domain);
  select s.emergency, s.path, s.effect, s.code, s.reason, s.profile, s.announcement, s.redirect
  into emergency, path, effect, code, reason, profile, announcement, redirect
  from enforce.kamailio_standing(p_entity, container, p_action, not is_enabled) s;
  return next;
end $$;
comment on function enforce.kamailio_line is 'A SIP account with its digests, and what an action (its bit) of it comes to.';

create view enforce.kamailio_subscriber as
select i.value as aor, l.username, l.domain, l.realm, l.ha1, l.ha1b, i.entity_id as entity, l.effect, l.code, l.reason, l.profile,
  l.emergency, l.path
from identifier i cross join lateral enforce.kamailio_line(i.entity_id, 1) l
where i.scheme = 'sip';
comment on view enforce.kamailio_subscriber is 'SIP accounts as the registrar needs them, held ones too. To be asked for one aor.';
comment on column enforce.kamailio_subscriber.aor is 'Address of record, user@domain in lower case: the key of each look-up.';
comment on column enforce.kamailio_subscriber.username is 'User part of the address of record.';
comment on column enforce.kamailio_subscriber.domain is 'Domain of the address of record.';
comment on column enforce.kamailio_subscriber.realm is 'Realm of the digests: the account''s own, else the domain.';
comment on column enforce.kamailio_subscriber.ha1 is 'MD5(username:realm:password); null: nobody can register.';
comment on column enforce.kamailio_subscriber.ha1b is 'MD5(username@domain:realm:password), for clients that give the whole address as user name.';
comment on column enforce.kamailio_subscriber.entity is 'Number of the SIP account.';
comment on column enforce.kamailio_subscriber.effect is 'What its registration comes to: allow, deny or intercept. Say nothing of it before the digest is right.';
comment on column enforce.kamailio_subscriber.code is 'SIP code of the refusal; null with allow.';
comment on column enforce.kamailio_subscriber.reason is 'Reason phrase of the refusal; null with allow.';
comment on column enforce.kamailio_subscriber.profile is 'Profile of the hold that words the refusal; null with allow, for what is closed, and for the client''s own switch.';
comment on column enforce.kamailio_subscriber.emergency is 'allow; deny where a legal override closes its emergency calls; closed where the account is closed.';
comment on column enforce.kamailio_subscriber.path is 'Numbers of all nodes that reach it, such as /0/5/7/12/15/.';

-- The same for one address of record. Kamailio sends plain text, and planning the view would cost more than the look-up;
-- whoever is not held, which is nearly everybody, is let in after one probe of the holds.
create function enforce.kamailio_registration(p_aor text, out realm text, out ha1 text, out ha1b text, out path text, out effect text,
  out code integer, out reason text, out profile text)
returns setof record
language plpgsql stable parallel safe rows 1 security definer set search_path from current as $$
declare
  line bigint;
  container bigint;
  above bigint;
  owner bigint;
  is_enabled boolean;
  nodes bigint[];
  chain bigint[];
begin
  select i.entity_id into line from identifier i where i.scheme = 'sip' and i.value = p_aor;
  if not found then return; end if;
  select a.realm, a.ha1, a.ha1b, a.enabled into realm, ha1, ha1b, is_enabled from sip_account a where a.entity_id = line;
  if not found then return; end if;
  realm := coalesce(realm, split_part(p_aor, '@', 2));
  nodes := array[line];
  select e.parent_id, e.owner_id into container, owner from entity e where e.id = line;
  loop
    select e.parent_id, e.ancestors into above, chain from entity e where e.id = container;
    exit when chain is not null;
    nodes := nodes || container;
    container := above;
  end loop;
  nodes := chain || nodes;
  if owner is not null then
    select nodes || e.ancestors into nodes from entity e where e.id = owner;
  end if;
  path := '/' || array_to_string(nodes, '/') || '/';
  effect := 'allow';
  if not is_enabled
    or exists (select from hold h where h.entity_id = any (nodes) and h.activated_at is not null and h.ended_at is null)
    or exists (select from entity e where e.id = any (nodes) and e.closed_at is not null)
  then
    select l.effect, l.code, l.reason, l.profile into effect, code, reason, profile from enforce.kamailio_line(line, 1) l;
  end if;
  return next;
end $$;
comment on function enforce.kamailio_registration is 'The row of kamailio_subscriber for one address of record (realm, digests, path, and what registering comes to), by plans that are kept.';

create function enforce.kamailio_realm(p_aor text) returns text
language plpgsql stable parallel safe security definer set search_path from current set enable_seqscan = off as $$
declare
  found_entity bigint;
  own text;
begin
  select i.entity_id into found_entity from identifier i where i.scheme = 'sip' and i.value = p_aor;
  select a.realm into own from sip_account a where a.entity_id = found_entity;
  return own;
end $$;
comment on function enforce.kamailio_realm is 'The realm of an account that has another than its domain; null for all others, unknown ones too.';

create view enforce.kamailio_peer as
select i.value as address, i.entity_id as entity
from identifier i
where i.scheme = 'ip';
comment on view enforce.kamailio_peer is 'Addresses of all peers, so that their emergency calls need no look-up.';
comment on column enforce.kamailio_peer.address is 'IP address in its canonical spelling.';
comment on column enforce.kamailio_peer.entity is 'Number of the peer.';

create index profile_override_idx on profile (name) where (denied | intercepted) & 8 <> 0;
create view enforce.kamailio_override as
select p.name as profile
from profile p
where (p.denied | p.intercepted) & 8 <> 0;
comment on view enforce.kamailio_override is 'Profiles that close emergency calls by a legal override. While there is none, an emergency call needs no look-up.';
comment on column enforce.kamailio_override.profile is 'Name of the profile.';

-- Who calls: a peer by its address, else the SIP account that the request says it is from. One row always.
create function enforce.kamailio_caller(p_address text, p_username text, p_domain text, p_action integer, out source text, out name text,
  out local integer, out transit integer, out realm text, out ha1 text, out ha1b text, out emergency text, out path text,
  out effect text, out code integer, out reason text, out profile text, out announcement text, out redirect text)
returns setof record
language plpgsql stable parallel safe rows 1 security definer set search_path from current set enable_seqscan = off as $$
declare
  address constant text := host(p_address::inet);
  found_entity bigint;
  container bigint;
begin
  select i.entity_id into found_entity from identifier i where i.scheme = 'ip' and i.value = address;
  if found then
    source := 'peer';
    name := 'ip:' || address;
    local := 1;
    select e.parent_id into container from entity e where e.id = found_entity;
    select t.transit::integer into transit from trusted_peer t where t.entity_id = found_entity;
    select s.emergency, s.path, s.effect, s.code, s.reason, s.profile, s.announcement, s.redirect
    into emergency, path, effect, code, reason, profile, announcement, redirect
    from enforce.kamailio_standing(found_entity, container, p_action, false) s;
    return next;
    return;
  end if;
  transit := 0;
  select i.entity_id into found_entity from identifier i where i.scheme = 'sip' and i.value = p_username || '@' || p_domain;
  if found then
    select l.realm, l.ha1, l.ha1b, l.emergency, l.path, l.effect, l.code, l.reason, l.profile, l.announcement, l.redirect
    into realm, ha1, ha1b, emergency, path, effect, code, reason, profile, announcement, redirect
    from enforce.kamailio_line(found_entity, p_action) l;
    if found then
      source := 'subscriber';
      name := 'sip:' || p_username || '@' || p_domain;
      local := 1;
      return next;
      return;
    end if;
  end if;
  source := 'nobody';
  local := exists (select from identifier i where i.scheme = 'sip' and i.value = p_domain)::integer;
  effect := 'allow';
  return next;
end $$;
comment on function enforce.kamailio_caller is
  'Who sends a request: the peer at an address, else the SIP account username@domain, else nobody; with its digests and what an action (its bit) of it comes to.';

-- Where a request leads to: over numbers and aliases to an address of record, a peer, an application or an outside URI. The
-- verdict is the most restrictive of all that was passed. One row always.
create function enforce.kamailio_destination(p_username text, p_host text, p_here integer, p_action integer, p_path text, out outcome text,
  out name text, out target text, out number text, out path text, out effect text, out code integer, out reason text,
  out profile text, out announcement text, out redirect text)
returns setof record
language plpgsql stable parallel safe rows 1 security definer set search_path from current set enable_seqscan = off as $$
declare
  hops_max constant integer := 16; -- As the decision engine: more is a loop that no call would survive.
  next_node bigint;
  passed bigint[] := array[]::bigint[];
  nodes bigint[] := array[]::bigint[];
  kind text;
  parent bigint;
  uri text;
  application bigint;
  is_enabled boolean := true;
  denied integer := 0;
  intercepted integer := 0;
  closed boolean := false;
  owner_closed boolean := false;
  target_closed boolean := false;
  reached record;
begin
  effect := 'allow';
  path := p_path;
  next_node := enforce.kamailio_entity(p_username, p_host, p_here);
  if next_node is null then
    outcome := case
      when p_here = 1 or exists (select from identifier i where i.scheme = 'sip' and i.value = p_host) then 'unknown'
      else 'foreign'
    end;
    return next;
    return;
  end if;
  while outcome is null loop
    if next_node = any (passed) or cardinality(passed) > hops_max then
      outcome := 'loop';
      exit;
    end if;
    passed := passed || next_node;
    select r.* into reached from restrictions(next_node) r;
    denied := denied | reached.denied;
    intercepted := intercepted | reached.intercepted;
    if reached.closed then
      if cardinality(passed) = 1 then closed := true; else target_closed := true; end if;
    end if;
    owner_closed := owner_closed or reached.owner_closed;
    select e.kind, e.parent_id into kind, parent from entity e where e.id = next_node;
    nodes := nodes || next_node || parent || reached.line || coalesce(reached.owner_line, array[]::bigint[]);
    uri := null;
    case kind
      when 'sip_account' then
        outcome := 'aor';
        select a.enabled, a.username || '@' || d.domain into is_enabled, target
        from sip_account a cross join sip_domain d where a.entity_id = next_node and d.entity_id = parent;
        name := coalesce(name, 'sip:' || target);
      when 'sip_alias' then
        select 'sip:' || a.username || '@' || d.domain, a.target_id, a.target_uri into reason, next_node, uri
        from sip_alias a cross join sip_domain d where a.entity_id = next_node and d.entity_id = parent;
        name := coalesce(name, reason);
      when 'phone_number' then
        select p.e164, p.sip_number, p.target_id, p.target_uri, p.voice_application_id into number, reason, next_node, uri, application
        from phone_number p where p.entity_id = next_node;
        name := coalesce(name, 'tel:' || number, 'sip:' || reason || '@' || p_host);
        if next_node is null and uri is null then next_node := application; end if;
      when 'application' then
        outcome := 'application';
      when 'trusted_peer' then
        outcome := 'peer';
        select coalesce(t.address, t.host) into target from trusted_peer t where t.entity_id = next_node;
      else
        outcome := 'none';
    end case;
    if outcome is null and next_node is null then
      if uri is null then
        outcome := 'none';
      else
        -- An outside URI that is one of our own names is no way around what holds it.
        next_node := enforce.kamailio_entity(
          lower(substring(uri from '^(?:sips?:|tel:)([^@;?]+)')), lower(coalesce(substring(uri from '^sips?:[^@]+@([^;?:]+)'), '')), (uri ~ '^tel:')::integer);
        if next_node is null then
          outcome := 'uri';
          target := uri;
        end if;
      end if;
    end if;
  end loop;
  reason := null;
  nodes := array(select distinct n from unnest(nodes || string_to_array(trim(p_path, '/'), '/')::bigint[]) n where n is not null order by n);
  path := '/' || array_to_string(nodes, '/') || '/';
  if not is_enabled or (denied | intercepted) & p_action <> 0 then
    nodes := array(select n from unnest(passed) p cross join lateral unnest(path_of(p)) n);
    select v.effect, v.code, v.reason, v.profile, v.announcement, v.redirect into effect, code, reason, profile, announcement, redirect
    from enforce.kamailio_verdict(nodes, p_action, denied, intercepted & ~denied, closed, owner_closed, target_closed, not is_enabled) v;
  end if;
  return next;
end $$;
comment on function enforce.kamailio_destination is
  'Where a call or message to username@host leads to over numbers and aliases, the nodes that reach what it passes together with those of p_path, and what an action (its bit) comes to.';

-- The entity that a user part and a host name: an address of record, an alias, a number of a domain, or an E.164 number that
-- is called at this server or at a domain of ours.
create function enforce.kamailio_entity(p_username text, p_host text, p_here integer) returns bigint
language plpgsql stable parallel safe security definer set search_path from current set enable_seqscan = off as $$
declare
  found_entity bigint;
begin
  if p_host <> '' then
    select i.entity_id into found_entity from identifier i where i.scheme = 'sip' and i.value = p_username || '@' || p_host;
    if found then return found_entity; end if;
  end if;
  if p_username ~ '^\+[1-9][0-9]{6,14}$'
    and (p_here = 1 or exists (select from identifier i where i.scheme = 'sip' and i.value = p_host)) then
    select i.entity_id into found_entity from identifier i where i.scheme = 'tel' and i.value = p_username;
  end if;
  return found_entity;
end $$;
comment on function enforce.kamailio_entity is 'The entity that username@host names, or an E.164 number at this server (p_here = 1) or at a domain of ours.';

select enforce.admit('kamailio');
