-- PowerDNS: forward zones and ENUM ranges as gpgsql reads them, with serials that only grow.

-- The last change that reaches the zones beneath a node, or a zone itself. A serial is the greatest of the marks on a
-- zone's path, so that whatever happens far above raises the serials of all zones beneath by one row.
create table dns_mark (
  entity_id bigint not null,
  revision bigint not null default 0,
  owner_revision bigint not null default 0,
  changed_at timestamptz not null,
  serial_offset bigint not null default 0,
  reseller_changed boolean not null default false,
  constraint dns_mark_pkey primary key (entity_id),
  constraint dns_mark_entity_fkey foreign key (entity_id) references entity (id)
) with (fillfactor = 50);
comment on table dns_mark is 'The last change that reaches the DNS zones at and beneath an entity. Written by commit_changes alone.';
comment on column dns_mark.revision is 'The last change here that any zone at or beneath the entity may show.';
comment on column dns_mark.owner_revision is 'The last change to an owner beneath; counts for zones that contain records of other owners.';
comment on column dns_mark.serial_offset is 'Of a zone whose name was another''s before: what lifts its serials above the former ones.';
comment on column dns_mark.reseller_changed is 'Whether it ever became, or ceased to be, a reseller: its records may then have owners in other trees.';

-- Writes the marks of the changes of one commit. The caller holds the counter, so that marks grow in the order of commits.
create function mark_dns(p_first bigint, p_at timestamptz, p_changes jsonb) returns void
language plpgsql set search_path from current set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  dns constant integer := 256;
  item jsonb;
  what text;
  facts jsonb;
  entity_kind text;
  is_marked boolean := false;
  is_taken_over boolean := false;
begin
  -- Every commit comes by here, and most have nothing to mark.
  for item in select i.value from jsonb_array_elements(p_changes) i loop
    what := item ->> 'kind';
    facts := item -> 'facts';
    if what = 'profile.changed' then
      is_marked := true;
    elsif what = 'entity.created' then
      continue when facts ->> 'kind' not in ('dns_zone', 'dns_record', 'enum_range', 'enum_number');
      is_marked := true;
      is_taken_over := is_taken_over or facts ->> 'kind' = 'dns_zone' and jsonb_array_length(item -> 'touched') > 1;
    elsif not is_marked and (starts_with(what, 'hold.') or what in ('entity.updated', 'entity.moved', 'entity.transferred', 'entity.closed')) then
      continue when starts_with(what, 'hold.') and not exists (
        select from profile p where p.name = facts ->> 'profile' and (p.denied | p.intercepted) & dns <> 0);
      select e.kind into entity_kind from entity e where e.id = (item ->> 'entity')::bigint;
      is_marked := entity_kind in ('dns_zone', 'dns_record', 'enum_range', 'enum_number')
        or entity_kind = 'account' and (what <> 'entity.updated' or facts -> 'set' ? 'reseller');
    end if;
  end loop;
  if not is_marked then return; end if;
  with item as materialized (
    select p_first + i.ordinality - 1 as revision, i.value ->> 'kind' as kind, (i.value ->> 'entity')::bigint as id,
      i.value -> 'facts' as facts
    from jsonb_array_elements(p_changes) with ordinality i
    where i.value ->> 'kind' in ('entity.updated', 'entity.moved', 'entity.transferred', 'entity.closed')
      or i.value ->> 'kind' = 'entity.created' and i.value -> 'facts' ->> 'kind' in ('dns_zone', 'dns_record', 'enum_range', 'enum_number')
      or i.value ->> 'kind' in ('hold.placed', 'hold.activated', 'hold.lifted', 'hold.expired') and exists (
        select from profile p where p.name = i.value -> 'facts' ->> 'profile' and (p.denied | p.intercepted) & dns <> 0)
      or i.value ->> 'kind' = 'profile.changed' and (
        i.value -> 'facts' -> 'before' is null
        or jsonb_build_array(i.value -> 'facts' -> 'denied' ? 'dns', i.value -> 'facts' -> 'intercepted' ? 'dns',
            i.value -> 'facts' -> 'severity', i.value -> 'facts' -> 'systems' -> 'powerdns')
          <> jsonb_build_array(i.value -> 'facts' -> 'before' -> 'denied' ? 'dns', i.value -> 'facts' -> 'before' -> 'intercepted' ? 'dns',
            i.value -> 'facts' -> 'before' -> 'severity', i.value -> 'facts' -> 'before' -> 'systems' -> 'powerdns'))
  ), what as materialized (
    select i.*, e.kind as entity_kind, e.parent_id, e.ancestors,
      e.kind = 'account' and i.kind = 'entity.updated' and i.facts -> 'set' ? 'reseller' as is_flip
    from item i join entity e on e.id = coalesce(i.id, 0)
  ), mark (entity_id, revision, owner_revision, is_flip) as (
    select w.id, w.revision, 0, false from what w where w.entity_kind in ('dns_zone', 'enum_range')
    union all
    select w.parent_id, w.revision, 0, false from what w where w.entity_kind in ('dns_record', 'enum_number')
    union all
    select (w.facts ->> 'from')::bigint, w.revision, 0, false from what w
      where w.entity_kind in ('dns_record', 'enum_number') and w.kind = 'entity.moved'
    union all
    select w.id, w.revision, 0, w.is_flip from what w
      where w.entity_kind = 'account' and w.id is not null and (w.kind <> 'entity.updated' or w.is_flip)
    union all
    -- A record and its owner are of one reseller, and so beneath one topmost account, unless they are of none.
    select case when a.reseller and not coalesce(m.reseller_changed, false) and not w.is_flip then a.entity_id else 0 end,
      0, w.revision, false
    from what w left join account a on a.entity_id = w.ancestors[2] left join dns_mark m on m.entity_id = a.entity_id
    where w.entity_kind = 'account' and w.id is not null and (w.kind <> 'entity.updated' or w.is_flip)
    union all
    select 0, w.revision, w.revision, false from what w where w.id is null
  )
  insert into dns_mark as d (entity_id, revision, owner_revision, changed_at, reseller_changed)
  select m.entity_id, max(m.revision), max(m.owner_revision), p_at, bool_or(m.is_flip)
  from mark m group by m.entity_id order by m.entity_id
  on conflict (entity_id) do update set revision = greatest(d.revision, excluded.revision),
    owner_revision = greatest(d.owner_revision, excluded.owner_revision), changed_at = excluded.changed_at,
    reseller_changed = d.reseller_changed or excluded.reseller_changed;
  if not is_taken_over then return; end if;
  -- A zone that takes over a name goes on from the serials of the former one.
  update dns_mark d set serial_offset = (f.serial + coalesce(fm.serial_offset, 0) - z.serial) % 4294967296
  from jsonb_array_elements(p_changes) i
    join dns_zone z on z.entity_id = (i.value ->> 'entity')::bigint
    join dns_zone f on f.entity_id = (i.value -> 'touched' ->> 1)::bigint
    left join dns_mark fm on fm.entity_id = f.entity_id
  where i.value ->> 'kind' = 'entity.created' and i.value -> 'facts' ->> 'kind' = 'dns_zone'
    and jsonb_array_length(i.value -> 'touched') > 1 and d.entity_id = z.entity_id
    and (f.serial + coalesce(fm.serial_offset, 0) - z.serial) between 1 and 2147483647;
end $$;

-- As before, and marks what the changes mean to name servers.
create or replace function commit_changes(p_author jsonb, p_changes jsonb,
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
  perform mark_dns(counter.revision + 1, commit_changes.at, p_changes);
  update change_counter set revision = n, hash = link, last_at = commit_changes.at;
  perform pg_notify('abeyance_change', n::text);
end $$;

-- The name in the DNS of what an identifier names: a zone, an ENUM range or an ENUM number.
create function enforce.powerdns_name(p_scheme text, p_value text) returns text
language sql immutable parallel safe
return case when p_scheme = 'dns' then p_value
  else regexp_replace(reverse(split_part(p_value, '.', 1)), '(.)', '\1.', 'g') || substr(p_value, strpos(p_value, '.') + 1) end;
comment on function enforce.powerdns_name is 'The DNS name of an identifier of the schemes dns, enum-range and enum, lower case without trailing dot.';

create index identifier_dns_name_idx on identifier (enforce.powerdns_name(scheme, value)) where scheme in ('dns', 'enum-range', 'enum');
create index identifier_dns_parking_idx on identifier (('*.' || enforce.powerdns_name(scheme, value))) where scheme in ('dns', 'enum-range');
create index dns_record_name_idx on dns_record (name);
create index dns_zone_secondaries_idx on dns_zone (entity_id) where secondaries <> '{}';
create index entity_owned_idx on entity (parent_id) where owner_id is not null;

-- An address of a list that people wrote, or null; the port is left out.
create function enforce.powerdns_address(p_text text) returns inet
language plpgsql immutable parallel safe as $$
begin
  if p_text !~ '^(\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?|[0-9A-Fa-f:.]+)$' then return null; end if;
  return host(regexp_replace(regexp_replace(p_text, '^\[(.*)\](:[0-9]+)?$', '\1'), '^([0-9.]+):[0-9]+$', '\1')::inet)::inet;
exception
  when invalid_text_representation then return null;
end $$;
comment on function enforce.powerdns_address is 'The IP address of a text such as 192.0.2.53, 192.0.2.53:5300, 2001:db8::53 or [2001:db8::53]:5300; null for anything else.';

-- Text as a quoted string of a zone file: quote and backslash escaped, what is not printable ASCII as \DDD, octet by octet.
create function enforce.powerdns_quote(p_text text) returns text
language plpgsql immutable parallel safe as $$
declare
  plain constant text := replace(replace(p_text, '\', '\\'), '"', '\"');
  octets bytea;
  escaped text := '';
begin
  if plain ~ '^[ -~]*$' then return '"' || plain || '"'; end if;
  octets := convert_to(plain, 'UTF8');
  for i in 0 .. length(octets) - 1 loop
    escaped := escaped || case when get_byte(octets, i) between 32 and 126 then chr(get_byte(octets, i))
      else '\' || lpad(get_byte(octets, i)::text, 3, '0') end;
  end loop;
  return '"' || escaped || '"';
end $$;
comment on function enforce.powerdns_quote is 'A character-string in presentation form (RFC 1035 section 5.1).';

create function enforce.powerdns_naptr(p_mapping jsonb) returns text
language plpgsql immutable parallel safe as $$
begin
  return concat_ws(' ', p_mapping ->> 'order', p_mapping ->> 'preference', enforce.powerdns_quote(p_mapping ->> 'flags'),
    enforce.powerdns_quote(p_mapping ->> 'service'), enforce.powerdns_quote(p_mapping ->> 'regexp'),
    coalesce(nullif(p_mapping ->> 'replacement', ''), '.'));
end $$;
comment on function enforce.powerdns_naptr is 'A mapping of an ENUM number as the content of a NAPTR record (RFC 3403 section 4.1).';

-- What a zone answers now, and the settings of the profile that says so. Of several holds the most restrictive answer counts:
-- refused, nxdomain, parked, in this order.
create function enforce.powerdns_answer(p_zone bigint, out answer text, out settings jsonb, out line bigint[])
language plpgsql stable parallel safe security definer set search_path from current set enable_seqscan = off as $$
declare
  dns constant integer := 256;
  reached record;
begin
  answer := 'served';
  select r.denied, r.intercepted, r.closed, r.line into reached from restrictions(p_zone) r;
  line := reached.line;
  if (reached.denied | reached.intercepted) & dns = 0 then return; end if;
  answer := 'refused';
  if reached.closed then return; end if;
  with reaching as materialized (
    select h.id, h.profile, h.authority_rank, h.placed_at from hold h
    where h.entity_id = any (p_zone || line) and h.activated_at is not null and h.ended_at is null
  ), wanted as (
    select h.id, h.authority_rank, h.placed_at, p.severity, coalesce(p.systems -> 'powerdns', '{}') as settings,
      case when p.denied & dns = 0 then 'parked' else coalesce(p.systems -> 'powerdns' ->> 'answer', 'refused') end as answer
    from reaching h join profile p on p.name = h.profile
    where (p.denied & dns <> 0 or reached.denied & dns = 0 and p.intercepted & dns <> 0)
  )
  select w.answer, w.settings into answer, settings from wanted w
  order by case w.answer when 'parked' then 2 when 'nxdomain' then 1 else 0 end, w.severity desc, w.authority_rank desc, w.placed_at, w.id
  limit 1;
  if answer not in ('nxdomain', 'parked') then answer := 'refused'; end if;
  -- A parked zone without an address to answer says nothing rather than something wrong.
  if answer = 'parked' and not exists (
    select from jsonb_array_elements_text(case jsonb_typeof(settings -> 'addresses') when 'array' then settings -> 'addresses' else '[]' end) a
    where enforce.powerdns_address(a) is not null
  ) then answer := 'refused'; end if;
end $$;
comment on function enforce.powerdns_answer is 'What a zone or ENUM range answers now: served, refused, nxdomain or parked, with the settings systems.powerdns of the profile that says so, and the accounts on its line.';

-- Serials are 1 to 4294967295: crossing the end adds one more, which serial number arithmetic (RFC 1982) takes as growth.
create function enforce.powerdns_raised(p_stored bigint, p_by bigint) returns bigint
language sql immutable parallel safe
return (p_stored + p_by - 1 + 4294967295) % 4294967295 + 1;
comment on function enforce.powerdns_raised is 'A serial raised by a number of changes.';

-- The serial of a zone: what is stored, raised by the revision of the last change that reaches the zone. See docs/decisions/0011.
create function enforce.powerdns_serial(p_zone bigint, p_stored bigint, p_line bigint[] default null, out serial bigint, out changed_at timestamptz)
language plpgsql stable parallel safe security definer set search_path from current set enable_seqscan = off as $$
declare
  path constant bigint[] := case when p_line is null then path_of(p_zone) else p_zone || p_line end;
  reached record;
begin
  select max(m.revision) as own, max(m.owner_revision) as owners, max(m.changed_at) as changed_at,
    max(case when m.entity_id = p_zone then m.serial_offset end) as lifted
  into reached from dns_mark m where m.entity_id = any (path);
  if reached.owners > reached.own and exists (select from entity e where e.parent_id = p_zone and e.owner_id is not null) then
    reached.own := reached.owners;
  end if;
  changed_at := reached.changed_at;
  serial := enforce.powerdns_raised(p_stored, coalesce(reached.lifted, 0) + coalesce(reached.own, 0));
end $$;
comment on function enforce.powerdns_serial is 'The SOA serial of a zone or ENUM range whose stored serial is given, with the accounts on its line where they are known, and when something that reaches it changed last.';

create function enforce.powerdns_soa(p_zone text, p_nameservers text[], p_email text, p_serial bigint, p_refresh integer, p_retry integer,
  p_expire integer, p_minimum integer) returns text
language sql stable parallel safe
return concat_ws(' ', coalesce(p_nameservers[1], p_zone),
  case when p_email ~ '^[a-z0-9._+-]+@' then replace(split_part(p_email, '@', 1), '.', '\.') || '.' || split_part(p_email, '@', 2)
    else 'hostmaster.' || p_zone end,
  p_serial, p_refresh, p_retry, p_expire, p_minimum);
comment on function enforce.powerdns_soa is 'The content of an SOA record.';

-- What a zone has at its apex by itself: SOA, NS, and while it is parked the addresses, there and for all names beneath.
create function enforce.powerdns_apex(p_zone bigint, out wildcard boolean, out type text, out content text, out ttl integer)
returns setof record
language plpgsql stable parallel safe rows 4 security definer set search_path from current set enable_seqscan = off as $$
declare
  -- While a zone is held, what is answered is kept for a minute at the most.
  held_ttl constant integer := 60;
  state record;
  z record;
  parking_ttl integer;
begin
  select a.answer, a.settings, a.line into state from enforce.powerdns_answer(p_zone) a;
  if state.answer = 'refused' then return; end if;
  select d.name, d.email, d.ttl, d.refresh, d.retry, d.expire, d.minimum, d.serial, d.nameservers into z from dns_zone d where d.entity_id = p_zone;
  if not found then
    select enforce.powerdns_name('enum-range', r.prefix || '.' || r.tld) as name, null::text as email, r.ttl, 14400 as refresh, 7200 as retry,
      604800 as expire, 60 as minimum, 1::bigint as serial, r.nameservers into z from enum_range r where r.entity_id = p_zone;
    if not found then return; end if;
  end if;
  if state.answer <> 'served' then
    z.ttl := least(z.ttl, held_ttl);
    z.minimum := least(z.minimum, held_ttl);
  end if;
  wildcard := false;
  ttl := z.ttl;
  type := 'SOA';
  content := enforce.powerdns_soa(z.name, z.nameservers, z.email,
    (select s.serial from enforce.powerdns_serial(p_zone, z.serial, state.line) s), z.refresh, z.retry, z.expire, z.minimum);
  return next;
  type := 'NS';
  foreach content in array z.nameservers loop return next; end loop;
  if state.answer <> 'parked' then return; end if;
  parking_ttl := case when state.settings ->> 'ttl' ~ '^[0-9]{1,6}$' then (state.settings ->> 'ttl')::integer else held_ttl end;
  ttl := parking_ttl;
  foreach wildcard in array array[false, true] loop
    for content in
      select host(enforce.powerdns_address(a)) from jsonb_array_elements_text(state.settings -> 'addresses') a
      where enforce.powerdns_address(a) is not null
    loop
      type := case when strpos(content, ':') > 0 then 'AAAA' else 'A' end;
      return next;
    end loop;
  end loop;
end $$;
comment on function enforce.powerdns_apex is 'The records that a zone or ENUM range has by itself now: SOA, NS, and parking addresses (wildcard: for all names beneath). None while it is refused.';

-- Whether a record or an ENUM number is served now: nothing on its line, or its owner''s, denies or intercepts dns.
create function enforce.powerdns_shown(p_entity bigint) returns boolean
language plpgsql stable parallel safe cost 1000 security definer set search_path from current as $$
begin
  return (select (r.denied | r.intercepted) & 256 = 0 from restrictions(p_entity) r);
end $$;
comment on function enforce.powerdns_shown is 'Whether a DNS record or an ENUM number is served now.';

-- The same for what lies in a zone that is served: most records have no owner and no hold of their own.
create function enforce.powerdns_passes(p_entity bigint, p_owner bigint, p_closed timestamptz) returns boolean
language plpgsql stable parallel safe cost 1000 security definer set search_path from current as $$
begin
  if p_closed is not null then return false; end if;
  if p_owner is null and not exists (
    select from hold h where h.entity_id = p_entity and h.activated_at is not null and h.ended_at is null) then return true; end if;
  return enforce.powerdns_shown(p_entity);
end $$;
comment on function enforce.powerdns_passes is 'Whether a DNS record or an ENUM number of a zone that is served is served too, given its owner and when it was closed.';

-- Everything at one name of one zone or range, whatever reaches it: a few index probes in a fixed order, whatever the planner
-- thinks of its statistics. A zone under no hold of its own is judged once for all its records.
create function enforce.powerdns_judged(p_name text, p_zone bigint, p_type text default null)
returns table (domain_id bigint, name text, type text, content text, ttl integer, prio integer, disabled integer, auth integer)
language plpgsql stable parallel safe rows 4 security definer set search_path from current set enable_seqscan = off as $$
#variable_conflict use_column
declare
  z record;
  r record;
  e record;
  apex text;
  is_range boolean := false;
  is_served boolean;
begin
  select d.name, d.ttl, d.nameservers into z from dns_zone d where d.entity_id = p_zone;
  apex := z.name;
  if apex is null then
    select enforce.powerdns_name('enum-range', g.prefix || '.' || g.tld) as name, g.ttl, g.nameservers into z
    from enum_range g where g.entity_id = p_zone;
    apex := z.name;
    if apex is null then return; end if;
    is_range := true;
  end if;
  domain_id := p_zone;
  name := p_name;
  prio := 0;
  disabled := 0;
  auth := 1;
  if p_name = apex or p_name = '*.' || apex then
    for type, content, ttl in select a.type, a.content, a.ttl from enforce.powerdns_apex(p_zone) a where a.wildcard = (p_name <> apex) loop
      if p_type is null or type = p_type then return next; end if;
    end loop;
    if p_type = 'SOA' then return; end if;
  end if;
  select (h.denied | h.intercepted) & 256 = 0 into is_served from restrictions(p_zone) h;
  if not is_served then return; end if;
  if is_range then
    for r in
      select i.entity_id, n.mappings from identifier i join enum_number n on n.entity_id = i.entity_id
      where i.scheme = 'enum' and enforce.powerdns_name(i.scheme, i.value) = p_name
    loop
      select t.parent_id, t.owner_id, t.closed_at into e from entity t where t.id = r.entity_id;
      continue when e.parent_id <> p_zone or not enforce.powerdns_passes(r.entity_id, e.owner_id, e.closed_at);
      type := 'NAPTR';
      for content, ttl in
        select enforce.powerdns_naptr(m), coalesce((m ->> 'ttl')::integer, z.ttl) from jsonb_array_elements(r.mappings) m
      loop
        if p_type is null or p_type = 'NAPTR' then return next; end if;
      end loop;
    end loop;
    return;
  end if;
  for r in select d.entity_id, d.type, d.value, d.ttl, d.priority from dns_record d where d.name = p_name and d.type not in ('MBOXFW', 'URL') loop
    continue when p_type is not null and r.type <> p_type or r.type = 'NS' and p_name = apex and r.value = any (z.nameservers);
    select t.parent_id, t.owner_id, t.closed_at into e from entity t where t.id = r.entity_id;
    continue when e.parent_id <> p_zone or not enforce.powerdns_passes(r.entity_id, e.owner_id, e.closed_at);
    type := r.type;
    content := r.value;
    ttl := coalesce(r.ttl, z.ttl);
    prio := coalesce(r.priority, 0);
    return next;
  end loop;
end $$;
comment on function enforce.powerdns_judged is 'The same as powerdns_at, for any zone or ENUM range in any standing.';

-- The same, which is what questions are made of. Nothing is closed or held on the line of most zones, which one statement
-- tells; their records need no more than to be looked at one by one.
create function enforce.powerdns_at(p_name text, p_zone bigint, p_type text default null)
returns table (domain_id bigint, name text, type text, content text, ttl integer, prio integer, disabled integer, auth integer)
language plpgsql stable parallel safe rows 4 security definer set search_path from current set enable_seqscan = off as $$
#variable_conflict use_column
declare
  zone_ttl integer;
  servers text[];
  soa text;
  is_free boolean;
begin
  if p_type <> 'SOA' then
    -- PowerDNS asks on its way to each name whether it is delegated, and nearly none is.
    perform from dns_zone d
    where d.entity_id = p_zone and d.name <> p_name and not starts_with(p_name, '*')
      and not exists (select from dns_record r where r.name = p_name and r.type = p_type);
    if found then return; end if;
  end if;
  select d.ttl, d.nameservers,
    not exists (select from hold h
      where h.entity_id = any (d.entity_id || a.ancestors) and h.activated_at is not null and h.ended_at is null)
    and not exists (select from entity e where e.id = any (d.entity_id || a.ancestors) and e.closed_at is not null),
    case when d.name = p_name then (
      select enforce.powerdns_soa(d.name, d.nameservers, d.email,
        enforce.powerdns_raised(d.serial, coalesce(max(case when m.entity_id = d.entity_id then m.serial_offset end), 0) + coalesce(
          case when max(m.owner_revision) > max(m.revision)
              and exists (select from entity e where e.parent_id = p_zone and e.owner_id is not null)
            then max(m.owner_revision) else max(m.revision) end, 0)),
        d.refresh, d.retry, d.expire, d.minimum)
      from dns_mark m where m.entity_id = any (d.entity_id || a.ancestors)) end
  into zone_ttl, servers, is_free, soa
  from dns_zone d join entity t on t.id = d.entity_id join entity a on a.id = t.parent_id
  where d.entity_id = p_zone and t.owner_id is null;
  if is_free is not true then
    return query select * from enforce.powerdns_judged(p_name, p_zone, p_type);
    return;
  end if;
  if soa is not null then
    domain_id := p_zone;
    name := p_name;
    ttl := zone_ttl;
    prio := 0;
    disabled := 0;
    auth := 1;
    type := 'SOA';
    content := soa;
    if p_type is null or p_type = 'SOA' then return next; end if;
    if p_type = 'SOA' then return; end if;
    type := 'NS';
    if p_type is null or p_type = 'NS' then
      foreach content in array servers loop return next; end loop;
    end if;
  end if;
  return query
    select p_zone, p_name, r.type, r.value, coalesce(r.ttl, zone_ttl), coalesce(r.priority, 0), 0, 1
    from dns_record r join entity e on e.id = r.entity_id
    where r.name = p_name and e.parent_id = p_zone and (p_type is null or r.type = p_type) and r.type not in ('MBOXFW', 'URL')
      and (r.type <> 'NS' or soa is null or r.value <> all (servers))
      and case when e.owner_id is null and not exists (
          select from hold h where h.entity_id = e.id and h.activated_at is not null and h.ended_at is null)
        then e.closed_at is null else enforce.powerdns_shown(e.id) end;
end $$;
comment on function enforce.powerdns_at is 'The records at one name of one zone or ENUM range (its number), of one type or of all, with the columns of powerdns_records.';

create view enforce.powerdns_domains as
select i.entity_id as id, enforce.powerdns_name(i.scheme, i.value) as name, case when z.secondaries <> '{}' then 'MASTER' else 'NATIVE' end as type,
  null::text as master, null::integer as last_check, 0 as notified_serial, null::text as options, null::text as catalog, ''::text as account
from identifier i left join dns_zone z on z.entity_id = i.entity_id
where i.scheme in ('dns', 'enum-range');
comment on view enforce.powerdns_domains is 'Every zone and ENUM range, held ones too: what a held one answers is decided by its records.';

-- A function, so that no planner looks through a range for a number that it knows by name.
create function enforce.powerdns_number(p_number bigint, out domain_id bigint, out content text, out ttl integer)
returns setof record
language plpgsql stable parallel safe rows 1 security definer set search_path from current set enable_seqscan = off as $$
#variable_conflict use_column
begin
  if not enforce.powerdns_shown(p_number) then return; end if;
  return query
    select e.parent_id, enforce.powerdns_naptr(m.value), coalesce((m.value ->> 'ttl')::integer, g.ttl)
    from enum_number n join entity e on e.id = n.entity_id join enum_range g on g.entity_id = e.parent_id
      cross join lateral jsonb_array_elements(n.mappings) m
    where n.entity_id = p_number;
end $$;
comment on function enforce.powerdns_number is 'The NAPTR records of an ENUM number that is served now, with the number of its range.';

create view enforce.powerdns_records as
select i.entity_id as domain_id, enforce.powerdns_name(i.scheme, i.value) as name, a.type, a.content, a.ttl, 0 as prio, 0 as disabled, 1 as auth
from identifier i cross join lateral enforce.powerdns_apex(i.entity_id) a
where i.scheme in ('dns', 'enum-range') and not a.wildcard
union all
select i.entity_id, '*.' || enforce.powerdns_name(i.scheme, i.value), a.type, a.content, a.ttl, 0, 0, 1
from identifier i cross join lateral enforce.powerdns_apex(i.entity_id) a
where i.scheme in ('dns', 'enum-range') and a.wildcard
union all
select e.parent_id, r.name, r.type, r.value, coalesce(r.ttl, z.ttl), coalesce(r.priority, 0), 0, 1
from dns_record r join entity e on e.id = r.entity_id join dns_zone z on z.entity_id = e.parent_id
where r.type not in ('MBOXFW', 'URL') and not (r.type = 'NS' and r.name = z.name and r.value = any (z.nameservers))
  and enforce.powerdns_shown(r.entity_id)
union all
select n.domain_id, enforce.powerdns_name(i.scheme, i.value), 'NAPTR', n.content, n.ttl, 0, 0, 1
from identifier i cross join lateral enforce.powerdns_number(i.entity_id) n
where i.scheme = 'enum';
comment on view enforce.powerdns_records is 'Every record that is served now, found by its name.';

-- All records of one zone at once, for transfers: what lies under no hold of its own is served as the zone is.
create function enforce.powerdns_list(p_zone bigint)
returns table (domain_id bigint, name text, type text, content text, ttl integer, prio integer, disabled integer, auth integer)
language plpgsql stable security definer set search_path from current set enable_seqscan = off as $$
#variable_conflict use_column
begin
  return query
    select i.entity_id, case when a.wildcard then '*.' else '' end || enforce.powerdns_name(i.scheme, i.value), a.type, a.content, a.ttl, 0, 0, 1
    from identifier i cross join lateral enforce.powerdns_apex(i.entity_id) a
    where i.entity_id = p_zone and i.scheme in ('dns', 'enum-range');
  if (select a.answer from enforce.powerdns_answer(p_zone) a) <> 'served' then return; end if;
  return query
    select e.parent_id, r.name, r.type, r.value, coalesce(r.ttl, z.ttl), coalesce(r.priority, 0), 0, 1
    from entity e join dns_record r on r.entity_id = e.id join dns_zone z on z.entity_id = e.parent_id
    where e.parent_id = p_zone and e.closed_at is null and r.type not in ('MBOXFW', 'URL')
      and not (r.type = 'NS' and r.name = z.name and r.value = any (z.nameservers))
      and case when e.owner_id is null and not exists (
          select from hold h where h.entity_id = e.id and h.activated_at is not null and h.ended_at is null)
        then true else enforce.powerdns_shown(e.id) end
    order by r.name, r.type;
  return query
    select e.parent_id, enforce.powerdns_name('enum', n.digits || '.' || g.tld), 'NAPTR', enforce.powerdns_naptr(m.value),
      coalesce((m.value ->> 'ttl')::integer, g.ttl), 0, 0, 1
    from entity e join enum_number n on n.entity_id = e.id join enum_range g on g.entity_id = e.parent_id
      cross join lateral jsonb_array_elements(n.mappings) m
    where e.parent_id = p_zone and e.closed_at is null
      and case when e.owner_id is null and not exists (
          select from hold h where h.entity_id = e.id and h.activated_at is not null and h.ended_at is null)
        then true else enforce.powerdns_shown(e.id) end
    order by n.digits;
end $$;
comment on function enforce.powerdns_list is 'Every record of one zone or ENUM range that is served now, with the columns of powerdns_records.';

create view enforce.powerdns_domainmetadata as
select z.entity_id as domain_id, z.name, k.kind,
  case k.kind when 'ALSO-NOTIFY' then s else host(enforce.powerdns_address(s)) end as content
from dns_zone z cross join lateral unnest(z.secondaries) s cross join (values ('ALLOW-AXFR-FROM'), ('ALSO-NOTIFY')) k (kind)
where enforce.powerdns_address(s) is not null
  and exists (select from identifier i where i.scheme = 'dns' and i.value = z.name and i.entity_id = z.entity_id);
comment on view enforce.powerdns_domainmetadata is 'Who may transfer a zone and is notified: those of its secondaries that are IP addresses.';

create view enforce.powerdns_primaries as
select d.id, d.name, d.type, (n.serial + 4294967293) % 4294967295 + 1 as notified_serial, d.options, d.catalog, a.content
from enforce.powerdns_domains d join dns_zone z on z.entity_id = d.id
  cross join lateral enforce.powerdns_serial(z.entity_id, z.serial) n cross join lateral enforce.powerdns_apex(d.id) a
where z.secondaries <> '{}' and n.changed_at > now() - interval '150 seconds' and a.type = 'SOA';
comment on view enforce.powerdns_primaries is 'Zones with secondaries that something changed in the last 150 seconds: their secondaries are notified with each cycle of 60 seconds.';

do $$
declare
  c record;
begin
  for c in
    select x.* from (values
      ('powerdns_domains', 'id', 'Number of the zone or the ENUM range.'),
      ('powerdns_domains', 'name', 'Name of the zone, lower case, without trailing dot.'),
      ('powerdns_domains', 'type', 'MASTER for a zone with secondaries, NATIVE otherwise.'),
      ('powerdns_domains', 'master', 'Null: no zone is transferred from elsewhere.'),
      ('powerdns_domains', 'last_check', 'Null.'),
      ('powerdns_domains', 'notified_serial', '0: what was notified is not kept.'),
      ('powerdns_domains', 'options', 'Null.'),
      ('powerdns_domains', 'catalog', 'Null.'),
      ('powerdns_domains', 'account', 'Empty.'),
      ('powerdns_records', 'domain_id', 'Number of the zone or the ENUM range.'),
      ('powerdns_records', 'name', 'Owner name, lower case, without trailing dot.'),
      ('powerdns_records', 'type', 'Record type.'),
      ('powerdns_records', 'content', 'Data in presentation form, without the priority of MX and SRV.'),
      ('powerdns_records', 'ttl', 'Time to live in seconds.'),
      ('powerdns_records', 'prio', 'Priority of MX and SRV; 0 for all others.'),
      ('powerdns_records', 'disabled', '0: what is not served is not here.'),
      ('powerdns_records', 'auth', '1: DNSSEC is left out.'),
      ('powerdns_domainmetadata', 'domain_id', 'Number of the zone.'),
      ('powerdns_domainmetadata', 'name', 'Name of the zone.'),
      ('powerdns_domainmetadata', 'kind', 'ALLOW-AXFR-FROM or ALSO-NOTIFY.'),
      ('powerdns_domainmetadata', 'content', 'An address of a secondary; for ALSO-NOTIFY with its port, where it has one.'),
      ('powerdns_primaries', 'id', 'Number of the zone.'),
      ('powerdns_primaries', 'name', 'Name of the zone.'),
      ('powerdns_primaries', 'type', 'MASTER.'),
      ('powerdns_primaries', 'notified_serial', 'One less than the serial, so that a notification is due.'),
      ('powerdns_primaries', 'options', 'Null.'),
      ('powerdns_primaries', 'catalog', 'Null.'),
      ('powerdns_primaries', 'content', 'The SOA record.')
    ) x (view, col, said)
  loop
    execute format('comment on column enforce.%I.%I is %L', c.view, c.col, c.said);
  end loop;
end $$;

select enforce.admit('powerdns');
