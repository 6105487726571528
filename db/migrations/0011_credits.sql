-- Credits: how many things of a kind an account may have beneath it, and how many it has.

create table credit (
  account_id bigint not null,
  credit text not null,
  granted integer,
  used integer not null default 0,
  constraint credit_pkey primary key (account_id, credit),
  constraint credit_account_fkey foreign key (account_id) references entity (id),
  constraint credit_credit_check check (credit in (
    'sip_credit', 'sip_alias_credit', 'enum_range_credit', 'enum_number_credit', 'dns_zone_credit', 'email_credit',
    'account_credit', 'number_credit', 'application_credit'
  )),
  constraint credit_granted_check check (granted >= 0)
) with (fillfactor = 50); -- Every creation writes its line of rows again: the next version finds room on the same page.
comment on table credit is
  'What each account may have beneath it, and has. granted is written by put-credits, used by charge alone.';
comment on column credit.granted is 'Null: no limit of its own.';
comment on column credit.used is
  'Everything open beneath the account; what is closed together with the account, or above it, still counts here.';

-- The credit that a thing of the kind uses up; the same table as in core/credit.ts.
create function credit_of(p_kind text) returns text
language sql immutable parallel safe
return case p_kind
  when 'sip_account' then 'sip_credit'
  when 'sip_alias' then 'sip_alias_credit'
  when 'enum_range' then 'enum_range_credit'
  when 'enum_number' then 'enum_number_credit'
  when 'dns_zone' then 'dns_zone_credit'
  when 'mailbox' then 'email_credit'
  when 'account' then 'account_credit'
  when 'phone_number' then 'number_credit'
  when 'application' then 'application_credit'
end;

-- The right to write credits in the trees of the accounts until the transaction ends; the account right beneath the platform
-- stands for all beneath it. Alone for a transaction that charges item by item, since it takes rows in no order: it may come
-- to a second tree, and so waits for others of its like first. Shared for all who write once, with their rows in order.
create function lock_credits(p_accounts bigint[], p_alone boolean) returns void
language plpgsql set search_path from current set enable_seqscan = off as $$
declare
  top integer;
begin
  if p_alone then perform pg_advisory_xact_lock(4266604); end if;
  for top in
    select distinct (e.ancestors[2] % 2147483647)::integer from unnest(p_accounts) a (id)
      join entity e on e.id = account_of(a.id) where cardinality(e.ancestors) > 1 order by 1
  loop
    if p_alone then perform pg_advisory_xact_lock(4266603, top);
    else perform pg_advisory_xact_lock_shared(4266603, top);
    end if;
  end loop;
end $$;

-- Charges what a transaction created, moved or closed to the accounts above it. p_items: [{account, credit, delta}], where
-- account may also be a resource in it. The platform is not charged: its row would be every writer's queue. What is given
-- back stops at the nearest closed account, which gave back the rest when it was closed.
-- All writers take the rows in one order, so that they wait for each other and never in a circle; the rows that many want
-- are those of shallow accounts, and come last. Refuses the whole with AB001, whose detail names the nearest account that
-- would exceed its limit. An absent grant is no limit, or zero for accounts that are no resellers.
create function charge(p_items jsonb, p_customer_default_zero boolean) returns void
language plpgsql set search_path from current set enable_seqscan = off as $$
declare
  refused record;
begin
  perform lock_credits(array(select (i ->> 'account')::bigint from jsonb_array_elements(p_items) i), false);
  with item as materialized (
    select coalesce(e.ancestors, (select a.ancestors from entity a where a.id = account_of(e.id))) as chain, i.credit, i.delta
    from jsonb_to_recordset(p_items) i (account bigint, credit text, delta integer) join entity e on e.id = i.account
  ), line as materialized (
    select a.id, a.depth, i.credit, sum(i.delta)::integer as delta
    from item i cross join lateral unnest(i.chain) with ordinality a (id, depth)
    where a.id <> 0 and (i.delta > 0 or not exists (
      select from unnest(i.chain[a.depth + 1:]) below (id) join entity c on c.id = below.id where c.closed_at is not null
    ))
    group by a.id, a.depth, i.credit
    having sum(i.delta) <> 0
  ), charged as (
    insert into credit (account_id, credit, used)
    select l.id, l.credit, l.delta from line l order by l.depth desc, l.id, l.credit
    on conflict (account_id, credit) do update set used = credit.used + excluded.used
    returning account_id, credit, granted, used
  )
  select c.account_id, c.credit, c.used, l.delta, coalesce(c.granted, 0) as allowed into refused
  from charged c join line l on l.id = c.account_id and l.credit = c.credit
  where l.delta > 0 and c.used > coalesce(c.granted, case
    when p_customer_default_zero and not (select a.reseller from account a where a.entity_id = c.account_id) then 0
  end)
  order by l.depth desc, l.id, l.credit limit 1;
  if not found then return; end if;
  raise exception using errcode = 'AB001', message = 'over credit', detail = (
    select jsonb_build_object('credit', refused.credit, 'ancestor', e.uuid, 'ancestorLabel', e.label,
      'limit', refused.allowed, 'used', refused.used - refused.delta, 'wanted', refused.delta)
    from entity e where e.id = refused.account_id
  );
end $$;

-- How many open things of each kind a resource is with everything in it; nothing when it is in something closed, whose
-- closing gave it back.
create function credit_weight(p_resource bigint) returns table (credit text, used integer)
language sql stable set search_path from current set enable_seqscan = off as $$
  with recursive above (id, parent_id, closed_at) as (
    select c.id, c.parent_id, c.closed_at from entity e join entity c on c.id = e.parent_id
      where e.id = p_resource and c.kind <> 'account'
    union all
    select c.id, c.parent_id, c.closed_at from above a join entity c on c.id = a.parent_id where c.kind <> 'account'
  ), inside (id, kind) as (
    select e.id, e.kind from entity e where e.id = p_resource and e.closed_at is null
      and not exists (select from above a where a.closed_at is not null)
    union all
    select e.id, e.kind from inside i join entity e on e.parent_id = i.id where e.closed_at is null
  )
  select credit_of(i.kind), count(*)::integer from inside i where credit_of(i.kind) is not null group by 1
$$;

-- What every account has beneath it, counted from scratch: everything open up to the nearest closed account, included.
create function recount_credits() returns table (account_id bigint, credit text, used integer)
language sql stable set search_path from current as $$
  with recursive line (id, charged) as (
    select e.id, '{}'::bigint[] from entity e where e.id = 0
    union all
    select e.id, case when e.closed_at is null then l.charged else '{}' end || e.id
    from line l join entity e on e.parent_id = l.id and e.kind = 'account'
  ), inside (account, id, kind) as (
    select p.id, e.id, e.kind from entity p join entity e on e.parent_id = p.id
      where p.kind = 'account' and e.kind <> 'account' and e.closed_at is null
    union all
    select i.account, e.id, e.kind from inside i join entity e on e.parent_id = i.id where e.closed_at is null
  ), direct (account, credit, used) as (
    select i.account, credit_of(i.kind), count(*) from inside i where credit_of(i.kind) is not null group by 1, 2
    union all
    select e.parent_id, 'account_credit', count(*) from entity e
      where e.kind = 'account' and e.parent_id is not null and e.closed_at is null group by 1
  )
  select a.id, d.credit, sum(d.used)::integer
  from direct d join line l on l.id = d.account cross join lateral unnest(l.charged) a (id)
  group by 1, 2
$$;

insert into credit (account_id, credit, used) select r.account_id, r.credit, r.used from recount_credits() r;
