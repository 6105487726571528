-- What servers on the network read: a schema of its own, one role for each kind of server, and nothing else for any of them.

create schema enforce;
comment on schema enforce is
  'Read by the servers that enforce: views named after the server, which its role abeyance_<server> may read. Columns are only ever added, at the end.';

-- Functions are for everybody unless that is taken away; what a server may call is granted to its role alone.
alter default privileges revoke execute on functions from public;
do $$
begin
  execute format('revoke execute on all functions in schema %I from public', current_schema());
  execute format('revoke create on schema %I from public', current_schema());
  execute format('revoke temporary on database %I from public', current_database());
end $$;

-- As before, with a shorter way for what is not held.
create or replace function restrictions(p_entity bigint, out denied integer, out intercepted integer, out closed boolean,
  out owner_closed boolean, out governing_hold bigint, out line bigint[], out owner_line bigint[])
language plpgsql stable parallel safe security definer set search_path from current set enable_seqscan = off as $$
declare
  everything constant integer := 8191;
  all_but_emergency constant integer := 8191 - 8;
  parent bigint;
  owner bigint;
  path bigint[] := array[p_entity];
  held record;
begin
  denied := 0;
  intercepted := 0;
  owner_closed := false;
  select e.parent_id, e.owner_id, e.ancestors into parent, owner, line from entity e where e.id = p_entity;
  if not found then
    denied := everything;
    closed := true;
    return;
  end if;
  while line is null loop
    path := path || parent;
    select e.parent_id, e.ancestors into parent, line from entity e where e.id = parent;
  end loop;
  path := path || line;
  closed := exists (select from entity e where e.id = any (path) and e.closed_at is not null);
  if owner is not null then
    select e.ancestors into owner_line from entity e where e.id = owner;
    owner_closed := exists (select from entity e where e.id = any (owner_line) and e.closed_at is not null);
    path := path || owner_line;
  end if;
  -- Most of what is asked about is not held at all, and a probe that finds nothing costs a third of the query.
  if exists (select from hold h where h.entity_id = any (path) and h.activated_at is not null and h.ended_at is null) then
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
  end if;
  if owner_closed then denied := denied | all_but_emergency; end if;
  if closed then denied := everything; end if;
  intercepted := intercepted & ~denied;
end $$;

-- How an action is refused, as the decision engine words it: a closed subject first, then the hold that outranks the
-- others, then a closed owner. No row where nothing touches the action.
create function enforce.refusal(p_entity bigint, p_action integer, out sip_code integer, out http_code integer,
  out refusal_text text, out profile text, out announcement text, out sessions text, out systems jsonb, out hold uuid)
returns setof record
language plpgsql stable parallel safe rows 1 security definer set search_path from current set enable_seqscan = off as $$
declare
  path constant bigint[] := path_of(p_entity);
  reached record;
begin
  select r.denied, r.intercepted, r.closed, r.owner_closed into reached from restrictions(p_entity) r;
  if (reached.denied | reached.intercepted) & p_action = 0 then return; end if;
  if not reached.closed then
    for sip_code, http_code, refusal_text, profile, announcement, sessions, systems, hold in
      with reaching as materialized (
        select h.id, h.uuid, h.profile, h.authority_rank, h.placed_at from hold h
        where h.entity_id = any (path) and h.activated_at is not null and h.ended_at is null
      )
      select p.sip_code, p.http_code, p.refusal_text, p.name, p.announcement, p.sessions, p.systems, h.uuid
      from reaching h join profile p on p.name = h.profile
      where (p.denied | p.intercepted) & p_action <> 0
      order by p.severity desc, h.authority_rank desc, h.placed_at, h.id limit 1
    loop
      return next;
      return;
    end loop;
  end if;
  sip_code := 403;
  http_code := 403;
  refusal_text := case when reached.closed then 'Account closed' else 'Owner closed' end;
  sessions := 'end';
  systems := '{}';
  return next;
end $$;
comment on function enforce.refusal is
  'How an action (its bit) of an entity is refused now: codes and text of the hold that words it, its profile with its settings for systems, and the hold. No row where the action is not touched.';

-- Lets a kind of server in: makes its role where it is missing, and grants it the views and functions that begin with its
-- name, restrictions and refusal. The role is for one cluster, the grants are for one database. Answers whether the role is there.
create function enforce.admit(p_server text) returns boolean
language plpgsql set search_path from current as $$
declare
  reader constant text := 'abeyance_' || p_server;
  wanted constant text[] := array['search_path=enforce', 'default_transaction_read_only=on', 'statement_timeout=5s',
    'enable_seqscan=off', 'jit=off'];
  setting text;
  thing record;
begin
  if not exists (select from pg_roles r where r.rolname = reader) then
    begin
      execute format('create role %I login', reader);
    exception
      when insufficient_privilege then
        raise warning 'the role % is missing and may not be made by %; a superuser can: create role % login', reader, current_user, reader;
        return false;
      when duplicate_object or unique_violation then null; -- Made for another database of this server in this moment.
    end;
  end if;
  foreach setting in array wanted loop
    continue when exists (select from pg_roles r where r.rolname = reader and setting = any (r.rolconfig));
    begin
      execute format('alter role %I set %I to %s', reader, split_part(setting, '=', 1), quote_literal(split_part(setting, '=', 2)));
    exception
      when insufficient_privilege then raise warning 'the role % lacks the setting %', reader, setting;
      when internal_error then null; -- Set for another database of this server in this moment.
    end;
  end loop;
  execute format('grant usage on schema enforce to %I', reader);
  for thing in
    select format('grant select on enforce.%I to %I', c.relname, reader) as text
    from pg_class c where c.relnamespace = 'enforce'::regnamespace and starts_with(c.relname, p_server || '_')
    union all
    select format('grant execute on function %s to %I', f.oid::regprocedure, reader)
    from pg_proc f where f.pronamespace = 'enforce'::regnamespace
      and (starts_with(f.proname, p_server || '_') or f.proname = 'refusal')
    union all
    select format('grant execute on function restrictions(bigint) to %I', reader)
  loop
    execute thing.text;
  end loop;
  return true;
end $$;
comment on function enforce.admit is 'Makes the role of a kind of server where it is missing, and grants it what is its. For owners of the database only.';
