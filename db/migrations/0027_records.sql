-- What connected systems did for accounts: calls, messages, recordings, transcriptions, conferences. Abeyance carries none of
-- them; it keeps what it is told, and what its own account APIs asked of a platform. No part of the log of changes.

create table call_record (
  id bigint generated always as identity,
  uuid uuid not null default gen_random_uuid(),
  account_id bigint not null,
  source text not null,
  external_ref text,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  system_id bigint,
  parent uuid,
  conference uuid,
  phone_number uuid,
  from_text text,
  to_text text,
  status text not null,
  direction text not null,
  started_at timestamptz(3),
  ended_at timestamptz(3),
  duration integer,
  ring_duration integer,
  price numeric,
  price_unit text,
  answered_by text,
  forwarded_from text,
  caller_name text,
  muted boolean not null,
  on_hold boolean not null,
  starts_conference boolean not null,
  ends_conference boolean not null,
  constraint call_record_pkey primary key (id),
  constraint call_record_uuid_key unique (uuid),
  constraint call_record_external_key unique (account_id, source, external_ref),
  constraint call_record_account_fkey foreign key (account_id) references entity (id),
  constraint call_record_system_fkey foreign key (system_id) references system (id) on delete set null
);
comment on table call_record is
  'Calls, as connected systems tell by POST /v1/records, and as the account APIs began them. Swept by the housekeeping.';
comment on column call_record.system_id is 'The call platform that was asked for it; null for what was told alone.';
comment on column call_record.conference is 'The conference that it is part of; its last four columns are about that.';
create index call_record_account_idx on call_record (account_id, created_at, id);
create index call_record_created_idx on call_record (created_at, id);
create index call_record_system_idx on call_record (system_id);
create index call_record_conference_idx on call_record (conference) where conference is not null;
create index call_record_parent_idx on call_record (parent) where parent is not null;

create table message_record (
  id bigint generated always as identity,
  uuid uuid not null default gen_random_uuid(),
  account_id bigint not null,
  source text not null,
  external_ref text,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  system_id bigint,
  from_text text,
  to_text text,
  body text,
  status text not null,
  direction text not null,
  sent_at timestamptz(3),
  error_code integer,
  error_message text,
  price numeric,
  price_unit text,
  constraint message_record_pkey primary key (id),
  constraint message_record_uuid_key unique (uuid),
  constraint message_record_external_key unique (account_id, source, external_ref),
  constraint message_record_account_fkey foreign key (account_id) references entity (id),
  constraint message_record_system_fkey foreign key (system_id) references system (id) on delete set null
);
comment on table message_record is
  'Messages, as connected systems tell by POST /v1/records, and as the account APIs sent them. Swept by the housekeeping.';
comment on column message_record.system_id is 'The call platform that was asked for it; null for what was told alone.';
create index message_record_account_idx on message_record (account_id, created_at, id);
create index message_record_created_idx on message_record (created_at, id);
create index message_record_system_idx on message_record (system_id);

create table recording (
  id bigint generated always as identity,
  uuid uuid not null default gen_random_uuid(),
  account_id bigint not null,
  source text not null,
  external_ref text,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  call uuid,
  duration integer,
  file_uri text,
  s3_uri text,
  constraint recording_pkey primary key (id),
  constraint recording_uuid_key unique (uuid),
  constraint recording_external_key unique (account_id, source, external_ref),
  constraint recording_account_fkey foreign key (account_id) references entity (id)
);
comment on table recording is
  'Where recordings of calls lie, as connected systems tell by POST /v1/records. Removed by the account APIs, swept by the housekeeping.';
create index recording_account_idx on recording (account_id, created_at, id);
create index recording_created_idx on recording (created_at, id);
create index recording_call_idx on recording (call) where call is not null;

create table transcription (
  id bigint generated always as identity,
  uuid uuid not null default gen_random_uuid(),
  account_id bigint not null,
  source text not null,
  external_ref text,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  recording uuid,
  status text not null,
  duration integer,
  body text,
  price numeric,
  price_unit text,
  constraint transcription_pkey primary key (id),
  constraint transcription_uuid_key unique (uuid),
  constraint transcription_external_key unique (account_id, source, external_ref),
  constraint transcription_account_fkey foreign key (account_id) references entity (id)
);
comment on table transcription is
  'What was said in recordings, as connected systems tell by POST /v1/records. Removed by the account APIs, swept by the housekeeping.';
create index transcription_account_idx on transcription (account_id, created_at, id);
create index transcription_created_idx on transcription (created_at, id);

create table conference (
  id bigint generated always as identity,
  uuid uuid not null default gen_random_uuid(),
  account_id bigint not null,
  source text not null,
  external_ref text,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  name text,
  status text not null,
  constraint conference_pkey primary key (id),
  constraint conference_uuid_key unique (uuid),
  constraint conference_external_key unique (account_id, source, external_ref),
  constraint conference_account_fkey foreign key (account_id) references entity (id)
);
comment on table conference is
  'Conferences, as connected systems tell by POST /v1/records; their participants are calls. Swept by the housekeeping.';
create index conference_account_idx on conference (account_id, created_at, id);
create index conference_created_idx on conference (created_at, id);

-- An observation is what the account APIs show as a notification: it needs a name, and its account at hand.
alter table observation add column uuid uuid not null default gen_random_uuid();
alter table observation add column account_id bigint;
comment on table observation is
  'What servers of the network refused, counted by subject and minute. Written by POST /v1/observations and by the account APIs, and swept by the housekeeping; no part of the log of changes.';
comment on column observation.uuid is 'By which the account APIs name it as a notification.';
comment on column observation.account_id is
  'The account whose subject it was then: its owner, else the account that contains it. Null where the name was nobody''s.';

-- The account that something is used by: its owner where it has one, else the account that contains it, or is it.
create function using_account(p_entity bigint) returns bigint language sql stable parallel safe as $$
  select case when e.kind = 'account' then e.id else coalesce(e.owner_id, account_of(e.id)) end from entity e where e.id = p_entity
$$;
comment on function using_account(bigint) is 'The account that uses an entity: its owner, else the account that contains it; an account itself.';

update observation set account_id = using_account(entity_id) where entity_id is not null;
alter table observation add constraint observation_account_fkey foreign key (account_id) references entity (id);
create unique index observation_uuid_key on observation (uuid);
create index observation_account_idx on observation (account_id, minute, id);
alter table system drop constraint system_kind_check;
alter table system add constraint system_kind_check check (kind in ('aps', 'broadworks', 'kamailio', 'powerdns', 'dovecot',
  'number_provider', 'webhook', 'call_platform'));
