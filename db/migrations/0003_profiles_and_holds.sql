-- Profiles say what a hold takes away; holds are the reasons why an entity does not operate.

create table profile (
  name text not null,
  version integer not null default 1,
  builtin boolean not null default false,
  description text not null default '',
  severity integer not null,
  denied integer not null,
  intercepted integer not null default 0,
  sip_code integer not null default 403,
  http_code integer not null default 403,
  refusal_text text not null,
  announcement text,
  sessions text not null default 'finish',
  systems jsonb not null default '{}',
  legal_override jsonb,
  updated_at timestamptz not null default now(),
  constraint profile_pkey primary key (name),
  constraint profile_sessions_check check (sessions in ('finish', 'end')),
  constraint profile_emergency_check check ((denied | intercepted) & 8 = 0 or legal_override is not null)
);
comment on table profile is
  'The current version of each suspension profile. Written by the profile operations; masks have one bit for each action.';

create table profile_version (
  name text not null,
  version integer not null,
  body jsonb not null,
  changed_by text not null,
  changed_at timestamptz not null default now(),
  constraint profile_version_pkey primary key (name, version)
);
comment on table profile_version is 'Every version that a profile ever had. Written by the profile operations; append only.';

create table hold (
  id bigint generated always as identity,
  uuid uuid not null default gen_random_uuid(),
  entity_id bigint not null,
  profile text not null,
  authority text not null,
  authority_rank integer not null,
  source text not null,
  external_ref text,
  note text,
  placed_by text not null,
  placed_at timestamptz not null default now(),
  starts_at timestamptz not null default now(),
  ends_at timestamptz,
  activated_at timestamptz,
  ended_at timestamptz,
  end_cause text,
  ended_by text,
  review_at timestamptz,
  constraint hold_pkey primary key (id),
  constraint hold_uuid_key unique (uuid),
  constraint hold_entity_fkey foreign key (entity_id) references entity (id),
  constraint hold_profile_fkey foreign key (profile) references profile (name),
  constraint hold_period_check check (ends_at > starts_at),
  constraint hold_end_check check ((ended_at is null) = (end_cause is null)),
  constraint hold_end_cause_check check (end_cause in ('lifted', 'expired', 'closed'))
);
comment on table hold is
  'One reason why an entity does not operate. Written by place-hold, lift-hold and the scheduler. In force: activated_at is not null and ended_at is null.';

create unique index hold_same_idx on hold (entity_id, profile, source, external_ref) nulls not distinct
  where ended_at is null;
create index hold_in_force_idx on hold (entity_id) where activated_at is not null and ended_at is null;
create index hold_entity_idx on hold (entity_id, id);
create index hold_profile_idx on hold (profile) where ended_at is null;
create index hold_start_due_idx on hold (starts_at) where activated_at is null and ended_at is null;
create index hold_end_due_idx on hold (ends_at) where ended_at is null and ends_at is not null;
