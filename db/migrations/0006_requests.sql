-- What a caller may come back to: plans, the answers of idempotent requests, the progress of bulk work.

create table plan (
  token uuid not null default gen_random_uuid(),
  entity_id bigint not null,
  intent jsonb not null,
  effect jsonb not null,
  revision bigint not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  applied_at timestamptz,
  constraint plan_pkey primary key (token),
  constraint plan_entity_fkey foreign key (entity_id) references entity (id)
);
comment on table plan is 'Plans that may still be applied. Written by plan and apply; expired ones are swept.';
create index plan_expires_idx on plan (expires_at);

create table idempotency (
  actor text not null,
  key text not null,
  route text not null,
  digest bytea not null,
  answer jsonb,
  created_at timestamptz not null default now(),
  constraint idempotency_pkey primary key (actor, key)
);
comment on table idempotency is 'Answers of writes by idempotency key, kept for 24 hours; no secret is inside. Written with the change itself.';
create index idempotency_created_idx on idempotency (created_at);

create table bulk_outcome (
  actor text not null,
  key text not null,
  position integer not null,
  outcomes jsonb not null,
  constraint bulk_outcome_pkey primary key (actor, key, position),
  constraint bulk_outcome_idempotency_fkey foreign key (actor, key) references idempotency (actor, key) on delete cascade
);
comment on table bulk_outcome is 'The outcomes of the items of a bulk request, one row for each transaction, written by it; swept with the key. position is that of the first item.';

create table installation (
  singleton boolean not null default true,
  id uuid not null default gen_random_uuid(),
  admin_token_digest bytea,
  created_at timestamptz not null default now(),
  constraint installation_pkey primary key (singleton),
  constraint installation_singleton_check check (singleton)
);
comment on table installation is 'One row: who this installation is. Written at the first start.';
insert into installation default values;
