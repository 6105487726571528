-- Whose a hold is: the account that placed it, and what it is about.

alter table hold add column subject text not null default 'general';
alter table hold add column placed_for bigint;
alter table hold add constraint hold_subject_check
  check (subject in ('wish', 'technical', 'billing', 'general', 'fraud', 'legal'));
alter table hold add constraint hold_placed_for_fkey foreign key (placed_for) references entity (id);
comment on column hold.subject is 'What the hold is about; with the level in authority it says who may lift it.';
comment on column hold.placed_for is
  'The account with whose authority it was placed; null: whichever account of that level is nearest on the line.';

-- The same source of another authority has a hold of its own.
drop index hold_same_idx;
create unique index hold_same_idx on hold (entity_id, profile, source, external_ref, placed_for) nulls not distinct
  where ended_at is null;

-- What reaches an entity, as before, and on which lines of accounts it lies: that of its container, and that of its owner.
drop function restrictions(bigint);
create function restrictions(p_entity bigint, out denied integer, out intercepted integer, out closed boolean,
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

-- The level of an account: the platform has no parent, a reseller groups customers, everything else is a customer.
create function level_of(p_account bigint) returns text
language sql stable parallel safe set search_path from current set enable_seqscan = off as $$
  select case when p_account = 0 then 'platform' when a.reseller then 'reseller' else 'customer' end
  from account a where a.entity_id = p_account
$$;
