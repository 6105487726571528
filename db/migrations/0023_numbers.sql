-- Numbers at their providers: what is being bought, and what rests until its release is confirmed.

alter table phone_number add column purchase_pending_since text;
create index phone_number_port_out_idx on phone_number (entity_id) where port_out_pending_since is not null;

create table number_purchase (
  entity_id bigint not null,
  requested_at timestamptz not null default now(),
  due_at timestamptz not null,
  attempts integer not null default 0,
  problem text,
  constraint number_purchase_pkey primary key (entity_id),
  constraint number_purchase_entity_fkey foreign key (entity_id) references entity (id)
);
comment on table number_purchase is
  'Numbers that are being bought: the entity is there, the provider has not confirmed. Written by the operations buy and settle, and gone when it is settled.';
comment on column number_purchase.due_at is 'Until then somebody is at it; whoever comes later takes it over.';
create index number_purchase_due_idx on number_purchase (due_at);

-- Whether a provider may still have a number for us, or is just being asked for it. Of use for what is closed alone.
create function release_pending(p_entity bigint) returns boolean
language plpgsql stable parallel safe set search_path from current set enable_seqscan = off as $$
declare
  n phone_number;
begin
  select * into n from phone_number p where p.entity_id = p_entity;
  if not found then return false; end if;
  if n.purchase_pending_since is not null then return true; end if;
  return exists (
    select from system s left join target t on t.system_id = s.id and t.entity_id = p_entity
    where s.kind = 'number_provider' and (s.name = n.provider or t.entity_id is not null)
      and not coalesce(t.acknowledged_at is not null or t.applied ->> 'held' = 'false', false)
  );
end $$;
comment on function release_pending(bigint) is
  'A closed number is free when its providers have confirmed that they took it back, or a person has acknowledged that they will not.';
