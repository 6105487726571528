-- What the migrations make of an empty database. Written by UPDATE_GOLDEN=1 npm run golden; never run.

create table account (
  entity_id bigint not null,
  name text not null,
  reference text,
  reseller boolean not null,
  reseller_active boolean not null,
  impersonate_id bigint,
  account_type text not null,
  role text,
  initialized boolean not null,
  organization_id bigint,
  username text,
  email text,
  first_name text,
  last_name text,
  company text,
  company_code text,
  tel text,
  mobile text,
  fax text,
  sip text,
  enum text,
  web text,
  address text,
  postcode text,
  city text,
  state text,
  country text,
  timezone text,
  language text,
  vat_number text,
  bank_account text,
  billing_email text,
  billing_address text,
  tech_contact_name text,
  tech_contact_email text,
  tech_contact_phone text,
  balance text,
  credit_limit text,
  properties jsonb not null,
  tenant_id text,
  tenant_type text,
  group_id text,
  default_domain text,
  support_email text,
  use_custom_routing_profile boolean not null,
  use_tenant_language boolean not null,
  user_limit integer,
  cli_name text,
  cli_phone_number text,
  location_dialing_code text,
  external_id1 text,
  external_id2 text,
  external_id3 text,
  external_id4 text,
  backend_name text,
  reseller_id text,
  constraint account_pkey PRIMARY KEY (entity_id),
  constraint account_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id),
  constraint account_impersonate_fkey FOREIGN KEY (impersonate_id) REFERENCES entity(id),
  constraint account_organization_fkey FOREIGN KEY (organization_id) REFERENCES entity(id)
);
comment on table account is 'Accounts: resellers, customers and whatever they group. Written by create and update.';
CREATE INDEX account_organization_idx ON public.account USING btree (organization_id) WHERE (organization_id IS NOT NULL);

create table api_key (
  id uuid not null default gen_random_uuid(),
  login_id uuid not null,
  name text not null,
  digest bytea not null,
  scopes text[],
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  token_sealed bytea,
  constraint api_key_pkey PRIMARY KEY (id),
  constraint api_key_digest_key UNIQUE (digest),
  constraint api_key_login_fkey FOREIGN KEY (login_id) REFERENCES login(id) ON DELETE CASCADE
);
comment on table api_key is 'Keys with which programs act for a login, by the SHA-256 of the key, which is shown once. Written by the key operations; last_used_at now and then.';
comment on column api_key.token_sealed is 'Sealed: the auth token of an account''s own login, which is shown again; null for every other key.';
CREATE INDEX api_key_login_idx ON public.api_key USING btree (login_id);
CREATE UNIQUE INDEX api_key_token_key ON public.api_key USING btree (login_id) WHERE (token_sealed IS NOT NULL);

create table application (
  entity_id bigint not null,
  name text not null,
  medium text,
  url text,
  voice_caller_id_lookup boolean not null,
  constraint application_pkey PRIMARY KEY (entity_id),
  constraint application_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table application is 'Applications that answer calls and messages. Written by create and update.';

create table bulk_outcome (
  actor text not null,
  key text not null,
  "position" integer not null,
  outcomes jsonb not null,
  constraint bulk_outcome_pkey PRIMARY KEY (actor, key, "position"),
  constraint bulk_outcome_idempotency_fkey FOREIGN KEY (actor, key) REFERENCES idempotency(actor, key) ON DELETE CASCADE
);
comment on table bulk_outcome is 'The outcomes of the items of a bulk request, one row for each transaction, written by it; swept with the key. position is that of the first item.';

create table call_record (
  id bigint not null generated always as identity (minvalue 1 start 1),
  uuid uuid not null default gen_random_uuid(),
  account_id bigint not null,
  source text not null,
  external_ref text,
  created_at timestamp(3) with time zone not null default now(),
  updated_at timestamp(3) with time zone not null default now(),
  system_id bigint,
  parent uuid,
  conference uuid,
  phone_number uuid,
  from_text text,
  to_text text,
  status text not null,
  direction text not null,
  started_at timestamp(3) with time zone,
  ended_at timestamp(3) with time zone,
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
  constraint call_record_pkey PRIMARY KEY (id),
  constraint call_record_external_key UNIQUE (account_id, source, external_ref),
  constraint call_record_uuid_key UNIQUE (uuid),
  constraint call_record_account_fkey FOREIGN KEY (account_id) REFERENCES entity(id),
  constraint call_record_system_fkey FOREIGN KEY (system_id) REFERENCES system(id) ON DELETE SET NULL
);
comment on table call_record is 'Calls, as connected systems tell by POST /v1/records, and as the account APIs began them. Swept by the housekeeping.';
comment on column call_record.system_id is 'The call platform that was asked for it; null for what was told alone.';
comment on column call_record.conference is 'The conference that it is part of; its last four columns are about that.';
CREATE INDEX call_record_account_idx ON public.call_record USING btree (account_id, created_at, id);
CREATE INDEX call_record_conference_idx ON public.call_record USING btree (conference) WHERE (conference IS NOT NULL);
CREATE INDEX call_record_created_idx ON public.call_record USING btree (created_at, id);
CREATE INDEX call_record_parent_idx ON public.call_record USING btree (parent) WHERE (parent IS NOT NULL);
CREATE INDEX call_record_system_idx ON public.call_record USING btree (system_id);

create table change (
  revision bigint not null,
  at timestamp with time zone not null,
  actor text not null,
  kind text not null,
  entity_id bigint,
  facts jsonb not null,
  touched bigint[] not null,
  digest bytea not null,
  hash bytea not null,
  origin jsonb,
  constraint change_pkey PRIMARY KEY (revision)
) partition by RANGE (revision);
comment on table change is 'What was committed. Written by commit_changes alone; append only; partitioned by revision.';
comment on column change.touched is 'The entities whose place, lifecycle, names or holds may have changed: what followers read again.';
comment on column change.digest is 'SHA-256 of the canonical JSON (RFC 8785) of actor, entity, facts, kind and touched.';
comment on column change.hash is 'HMAC-SHA256 with the key of the installation over the former hash, revision, time in milliseconds, and digest.';
comment on column change.origin is 'Account of the actor, account it acted as, face, request, and the commitments of address and reason; null in logs older than this column. Part of the digest.';
CREATE INDEX change_account_idx ON ONLY public.change USING btree ((((origin ->> 'account'::text))::bigint), revision) WHERE ((origin ->> 'account'::text) <> '0'::text);
CREATE INDEX change_actor_idx ON ONLY public.change USING btree (actor, revision);
CREATE INDEX change_entity_idx ON ONLY public.change USING btree (entity_id, revision);
CREATE INDEX change_kind_idx ON ONLY public.change USING btree (kind, revision);

create table change_archive (
  first bigint not null,
  last bigint not null,
  former_hash bytea not null,
  last_hash bytea not null,
  epoch uuid not null,
  count bigint not null,
  signature text not null,
  file text not null,
  archived_at timestamp with time zone not null default now(),
  constraint change_archive_pkey PRIMARY KEY (first)
);
comment on table change_archive is 'Spans of the change log that were written to a file and dropped, signed with the key of the chain. Written by the housekeeping; append only.';

create table change_counter (
  singleton boolean not null default true,
  revision bigint not null default 0,
  hash bytea not null default decode(repeat('00'::text, 32), 'hex'::text),
  last_at timestamp with time zone not null default '-infinity'::timestamp with time zone,
  epoch uuid not null default gen_random_uuid(),
  constraint change_counter_pkey PRIMARY KEY (singleton),
  constraint change_counter_singleton_check CHECK (singleton)
);
comment on table change_counter is 'One row: the last revision, its hash and time, and the epoch, which is new after each restore. Written by commit_changes and restore.';

create table change_default partition of change default;
comment on table change_default is 'Takes what no other partition takes, so that a late maintenance never stops a write.';

create table change_personal (
  revision bigint not null,
  field text not null,
  salt bytea not null,
  value text not null,
  constraint change_personal_pkey PRIMARY KEY (revision, field)
);
comment on table change_personal is 'Personal values of changes, apart from the chain, which holds only their salted commitments. Written by commit_changes; erasable.';

create table conference (
  id bigint not null generated always as identity (minvalue 1 start 1),
  uuid uuid not null default gen_random_uuid(),
  account_id bigint not null,
  source text not null,
  external_ref text,
  created_at timestamp(3) with time zone not null default now(),
  updated_at timestamp(3) with time zone not null default now(),
  name text,
  status text not null,
  constraint conference_pkey PRIMARY KEY (id),
  constraint conference_external_key UNIQUE (account_id, source, external_ref),
  constraint conference_uuid_key UNIQUE (uuid),
  constraint conference_account_fkey FOREIGN KEY (account_id) REFERENCES entity(id)
);
comment on table conference is 'Conferences, as connected systems tell by POST /v1/records; their participants are calls. Swept by the housekeeping.';
CREATE INDEX conference_account_idx ON public.conference USING btree (account_id, created_at, id);
CREATE INDEX conference_created_idx ON public.conference USING btree (created_at, id);

create table credit (
  account_id bigint not null,
  credit text not null,
  granted integer,
  used integer not null default 0,
  constraint credit_pkey PRIMARY KEY (account_id, credit),
  constraint credit_account_fkey FOREIGN KEY (account_id) REFERENCES entity(id),
  constraint credit_credit_check CHECK ((credit = ANY (ARRAY['sip_credit'::text, 'sip_alias_credit'::text, 'enum_range_credit'::text, 'enum_number_credit'::text, 'dns_zone_credit'::text, 'email_credit'::text, 'account_credit'::text, 'number_credit'::text, 'application_credit'::text]))),
  constraint credit_granted_check CHECK ((granted >= 0))
);
comment on table credit is 'What each account may have beneath it, and has. granted is written by put-credits, used by charge alone.';
comment on column credit.granted is 'Null: no limit of its own.';
comment on column credit.used is 'Everything open beneath the account; what is closed together with the account, or above it, still counts here.';

create table delivery (
  id bigint not null generated always as identity (minvalue 1 start 1),
  uuid uuid not null default gen_random_uuid(),
  system_id bigint not null,
  event_id bigint,
  reason text not null,
  created_at timestamp with time zone not null default now(),
  outcome text not null default 'pending'::text,
  attempts integer not null default 0,
  due_at timestamp with time zone default now(),
  lease_token uuid,
  leased_until timestamp with time zone,
  settled_at timestamp with time zone,
  constraint delivery_pkey PRIMARY KEY (id),
  constraint delivery_uuid_key UNIQUE (uuid),
  constraint delivery_event_fkey FOREIGN KEY (event_id) REFERENCES event(id) ON DELETE CASCADE,
  constraint delivery_system_fkey FOREIGN KEY (system_id) REFERENCES system(id) ON DELETE CASCADE,
  constraint delivery_lease_check CHECK (((lease_token IS NULL) = (leased_until IS NULL))),
  constraint delivery_outcome_check CHECK ((outcome = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text, 'skipped'::text]))),
  constraint delivery_reason_check CHECK (((reason = ANY (ARRAY['event'::text, 'replay'::text, 'test'::text])) AND ((reason = 'test'::text) = (event_id IS NULL)))),
  constraint delivery_settled_check CHECK ((((outcome = 'pending'::text) = (due_at IS NOT NULL)) AND ((due_at IS NULL) = (settled_at IS NOT NULL))))
);
comment on table delivery is 'One event on its way to one webhook. Written by the deliveries, and by the operations replay and test; removed after ABEYANCE_KEEP_DELIVERIES_DAYS.';
comment on column delivery.event_id is 'Null for a test.';
comment on column delivery.due_at is 'When it is sent next; null: it is settled.';
CREATE INDEX delivery_due_idx ON public.delivery USING btree (system_id, due_at, id) WHERE (due_at IS NOT NULL);
CREATE INDEX delivery_event_idx ON public.delivery USING btree (event_id);
CREATE INDEX delivery_lease_idx ON public.delivery USING btree (system_id) WHERE (lease_token IS NOT NULL);
CREATE INDEX delivery_settled_idx ON public.delivery USING btree (settled_at) WHERE (settled_at IS NOT NULL);
CREATE INDEX delivery_system_idx ON public.delivery USING btree (system_id, id);

create table delivery_attempt (
  delivery_id bigint not null,
  attempt integer not null,
  at timestamp with time zone not null default clock_timestamp(),
  ended_at timestamp with time zone,
  response_code integer,
  response_text text,
  problem text,
  constraint delivery_attempt_pkey PRIMARY KEY (delivery_id, attempt),
  constraint delivery_attempt_delivery_fkey FOREIGN KEY (delivery_id) REFERENCES delivery(id) ON DELETE CASCADE
);
comment on table delivery_attempt is 'Each time that a delivery was sent, and what came back. Written by the deliveries.';
comment on column delivery_attempt.ended_at is 'Null while it is sent, and for ever when the process ended meanwhile.';
comment on column delivery_attempt.response_text is 'The beginning of what the receiver answered.';

create table dns_mark (
  entity_id bigint not null,
  revision bigint not null default 0,
  owner_revision bigint not null default 0,
  changed_at timestamp with time zone not null,
  serial_offset bigint not null default 0,
  reseller_changed boolean not null default false,
  constraint dns_mark_pkey PRIMARY KEY (entity_id),
  constraint dns_mark_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table dns_mark is 'The last change that reaches the DNS zones at and beneath an entity. Written by commit_changes alone.';
comment on column dns_mark.revision is 'The last change here that any zone at or beneath the entity may show.';
comment on column dns_mark.owner_revision is 'The last change to an owner beneath; counts for zones that contain records of other owners.';
comment on column dns_mark.serial_offset is 'Of a zone whose name was another''s before: what lifts its serials above the former ones.';
comment on column dns_mark.reseller_changed is 'Whether it ever became, or ceased to be, a reseller: its records may then have owners in other trees.';

create table dns_record (
  entity_id bigint not null,
  name text not null,
  type text not null,
  value text not null,
  priority integer,
  ttl integer,
  constraint dns_record_pkey PRIMARY KEY (entity_id),
  constraint dns_record_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table dns_record is 'Records of DNS zones. Written by create and update.';
CREATE INDEX dns_record_name_idx ON public.dns_record USING btree (name);

create table dns_zone (
  entity_id bigint not null,
  name text not null,
  email text,
  ttl integer not null,
  refresh integer not null,
  retry integer not null,
  expire integer not null,
  minimum integer not null,
  serial bigint not null,
  nameservers text[] not null,
  secondaries text[] not null,
  info text,
  constraint dns_zone_pkey PRIMARY KEY (entity_id),
  constraint dns_zone_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table dns_zone is 'DNS zones. Written by create and update.';
CREATE INDEX dns_zone_secondaries_idx ON public.dns_zone USING btree (entity_id) WHERE (secondaries <> '{}'::text[]);

create table entity (
  id bigint not null generated by default as identity (minvalue 0 start 1),
  uuid uuid not null default gen_random_uuid(),
  kind text not null,
  parent_id bigint,
  owner_id bigint,
  ancestors bigint[],
  label text not null,
  closed_at timestamp with time zone,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  erased_at timestamp with time zone,
  constraint entity_pkey PRIMARY KEY (id),
  constraint entity_uuid_key UNIQUE (uuid),
  constraint entity_owner_fkey FOREIGN KEY (owner_id) REFERENCES entity(id),
  constraint entity_parent_fkey FOREIGN KEY (parent_id) REFERENCES entity(id),
  constraint entity_ancestors_check CHECK (((kind = 'account'::text) = (ancestors IS NOT NULL))),
  constraint entity_kind_check CHECK ((kind = ANY (ARRAY['account'::text, 'sip_domain'::text, 'sip_account'::text, 'sip_alias'::text, 'trusted_peer'::text, 'phone_number'::text, 'application'::text, 'enum_range'::text, 'enum_number'::text, 'dns_zone'::text, 'dns_record'::text, 'mailbox'::text, 'foreign'::text]))),
  constraint entity_root_check CHECK (((id = 0) = (parent_id IS NULL)))
);
comment on table entity is 'Everything in the tree. Written by the operations create, update, move, transfer and close; rows are never deleted.';
comment on column entity.owner_id is 'The account a leaf is assigned to, where it is another than its container''s account.';
comment on column entity.ancestors is 'Accounts only: the chain from the platform to the account itself. Rewritten by move alone.';
comment on column entity.erased_at is 'When the personal data of the entity was erased; from then on nothing personal of it is shown, whatever is still stored.';
CREATE INDEX entity_ancestors_idx ON public.entity USING gin (ancestors) WHERE (ancestors IS NOT NULL);
CREATE INDEX entity_closed_idx ON public.entity USING btree (id) WHERE (closed_at IS NOT NULL);
CREATE INDEX entity_erased_idx ON public.entity USING btree (id) WHERE (erased_at IS NOT NULL);
CREATE INDEX entity_owned_idx ON public.entity USING btree (parent_id) WHERE (owner_id IS NOT NULL);
CREATE INDEX entity_owner_idx ON public.entity USING btree (owner_id, id) WHERE (owner_id IS NOT NULL);
CREATE INDEX entity_parent_idx ON public.entity USING btree (parent_id, id);

create table enum_number (
  entity_id bigint not null,
  digits text not null,
  info text,
  mappings jsonb not null,
  constraint enum_number_pkey PRIMARY KEY (entity_id),
  constraint enum_number_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table enum_number is 'ENUM numbers with their NAPTR records. Written by create and update.';

create table enum_range (
  entity_id bigint not null,
  prefix text not null,
  tld text not null,
  ttl integer not null,
  min_digits integer,
  max_digits integer,
  size integer,
  nameservers text[] not null,
  info text,
  constraint enum_range_pkey PRIMARY KEY (entity_id),
  constraint enum_range_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table enum_range is 'ENUM ranges: number blocks served in DNS. Written by create and update.';

create table erasure (
  account_id bigint not null,
  begun_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  constraint erasure_pkey PRIMARY KEY (account_id),
  constraint erasure_account_fkey FOREIGN KEY (account_id) REFERENCES entity(id)
);
comment on table erasure is 'Erasures of accounts, and whether all is done. Written by erase-entity and the housekeeping.';

create table erasure_entity (
  account_id bigint not null,
  entity_id bigint not null,
  constraint erasure_entity_pkey PRIMARY KEY (account_id, entity_id),
  constraint erasure_entity_erasure_fkey FOREIGN KEY (account_id) REFERENCES erasure(account_id)
);
comment on table erasure_entity is 'Entities whose stored personal data is yet to be overwritten. Written by erase-entity; rows go as the work is done.';

create table event (
  id bigint not null generated always as identity (minvalue 1 start 1),
  uuid uuid not null default gen_random_uuid(),
  revision bigint not null,
  at timestamp with time zone not null,
  type text not null,
  account_id bigint not null,
  denied_before integer,
  intercepted_before integer,
  closed_before boolean,
  denied integer not null,
  intercepted integer not null,
  closed boolean not null,
  cause text not null,
  node_id bigint,
  hold uuid,
  profile text,
  actor text not null,
  actor_account_id bigint not null,
  constraint event_pkey PRIMARY KEY (id),
  constraint event_account_revision_key UNIQUE (account_id, revision),
  constraint event_uuid_key UNIQUE (uuid)
);
comment on table event is 'What happened to the standing of accounts, in the order of the log. Written by the event pipeline; removed after ABEYANCE_KEEP_EVENTS_DAYS.';
comment on column event.at is 'When the change was committed.';
comment on column event.denied_before is 'Null for an account that was created.';
comment on column event.cause is 'The kind of the change.';
comment on column event.node_id is 'The entity of the change; null for a profile.';
comment on column event.actor_account_id is 'The account with whose right the change was made.';

create table event_account (
  account_id bigint not null,
  ancestors bigint[] not null,
  own_denied integer not null default 0,
  own_intercepted integer not null default 0,
  is_closed boolean not null default false,
  constraint event_account_pkey PRIMARY KEY (account_id)
);
comment on table event_account is 'Where each account was at the event cursor, and what its own holds did. Written by the event pipeline alone.';
comment on column event_account.own_denied is 'What the holds on this account itself deny.';
comment on column event_account.is_closed is 'Closed by itself.';
CREATE INDEX event_account_ancestors_idx ON public.event_account USING gin (ancestors) WITH (fastupdate=off);

create table event_cursor (
  singleton boolean not null default true,
  epoch uuid,
  revision bigint not null default 0,
  constraint event_cursor_pkey PRIMARY KEY (singleton),
  constraint event_cursor_singleton_check CHECK (singleton)
);
comment on table event_cursor is 'One row: how far the log was read for events, and in which epoch. Written by the event pipeline; whoever locks it reads on.';
comment on column event_cursor.epoch is 'Null: the shadows were never filled.';

create table event_hold (
  hold uuid not null,
  account_id bigint not null,
  profile text not null,
  constraint event_hold_pkey PRIMARY KEY (hold)
);
comment on table event_hold is 'The holds on accounts that were in force at the event cursor. Written by the event pipeline alone.';
CREATE INDEX event_hold_account_idx ON public.event_hold USING btree (account_id);
CREATE INDEX event_hold_profile_idx ON public.event_hold USING btree (profile);

create table event_profile (
  name text not null,
  denied integer not null,
  intercepted integer not null,
  constraint event_profile_pkey PRIMARY KEY (name)
);
comment on table event_profile is 'What profiles did at the event cursor. Written by the event pipeline alone.';

create table event_standing (
  account_id bigint not null,
  denied integer not null default 0,
  intercepted integer not null default 0,
  closed boolean not null default false,
  constraint event_standing_pkey PRIMARY KEY (account_id)
);
comment on table event_standing is 'What each account could do at the event cursor, by itself and all above. Written by the event pipeline alone.';

create table "foreign" (
  entity_id bigint not null,
  name text,
  system text not null,
  external_reference text,
  aps_type text,
  aps_service text,
  aps_status text not null,
  resume_status text,
  aps_revision integer not null,
  aps_modified text,
  subscription text,
  aps_package text,
  unverified boolean not null,
  properties jsonb not null,
  constraint foreign_pkey PRIMARY KEY (entity_id),
  constraint foreign_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table "foreign" is 'Resources of foreign platforms. Written by create and update.';
CREATE INDEX foreign_system_idx ON public."foreign" USING btree (system, entity_id);

create table hold (
  id bigint not null generated always as identity (minvalue 1 start 1),
  uuid uuid not null default gen_random_uuid(),
  entity_id bigint not null,
  profile text not null,
  authority text not null,
  authority_rank integer not null,
  source text not null,
  external_ref text,
  note text,
  placed_by text not null,
  placed_at timestamp with time zone not null default now(),
  starts_at timestamp with time zone not null default now(),
  ends_at timestamp with time zone,
  activated_at timestamp with time zone,
  ended_at timestamp with time zone,
  end_cause text,
  ended_by text,
  review_at timestamp with time zone,
  subject text not null default 'general'::text,
  placed_for bigint,
  constraint hold_pkey PRIMARY KEY (id),
  constraint hold_uuid_key UNIQUE (uuid),
  constraint hold_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id),
  constraint hold_placed_for_fkey FOREIGN KEY (placed_for) REFERENCES entity(id),
  constraint hold_profile_fkey FOREIGN KEY (profile) REFERENCES profile(name),
  constraint hold_end_cause_check CHECK ((end_cause = ANY (ARRAY['lifted'::text, 'expired'::text, 'closed'::text]))),
  constraint hold_end_check CHECK (((ended_at IS NULL) = (end_cause IS NULL))),
  constraint hold_period_check CHECK ((ends_at > starts_at)),
  constraint hold_subject_check CHECK ((subject = ANY (ARRAY['wish'::text, 'technical'::text, 'billing'::text, 'general'::text, 'fraud'::text, 'legal'::text])))
);
comment on table hold is 'One reason why an entity does not operate. Written by place-hold, lift-hold and the scheduler. In force: activated_at is not null and ended_at is null.';
comment on column hold.subject is 'What the hold is about; with the level in authority it says who may lift it.';
comment on column hold.placed_for is 'The account with whose authority it was placed; null: whichever account of that level is nearest on the line.';
CREATE INDEX hold_end_due_idx ON public.hold USING btree (ends_at) WHERE ((ended_at IS NULL) AND (ends_at IS NOT NULL));
CREATE INDEX hold_ended_idx ON public.hold USING btree (ended_at) WHERE (ended_at IS NOT NULL);
CREATE INDEX hold_entity_idx ON public.hold USING btree (entity_id, id);
CREATE INDEX hold_in_force_idx ON public.hold USING btree (entity_id) WHERE ((activated_at IS NOT NULL) AND (ended_at IS NULL));
CREATE INDEX hold_profile_idx ON public.hold USING btree (profile) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX hold_same_idx ON public.hold USING btree (entity_id, profile, source, external_ref, placed_for) NULLS NOT DISTINCT WHERE (ended_at IS NULL);
CREATE INDEX hold_start_due_idx ON public.hold USING btree (starts_at) WHERE ((activated_at IS NULL) AND (ended_at IS NULL));

create table idempotency (
  actor text not null,
  key text not null,
  route text not null,
  digest bytea not null,
  answer jsonb,
  created_at timestamp with time zone not null default now(),
  constraint idempotency_pkey PRIMARY KEY (actor, key)
);
comment on table idempotency is 'Answers of writes by idempotency key, kept for 24 hours; no secret is inside. Written with the change itself.';
CREATE INDEX idempotency_created_idx ON public.idempotency USING btree (created_at);

create table identifier (
  scheme text not null,
  value text not null,
  entity_id bigint not null,
  constraint identifier_pkey PRIMARY KEY (scheme, value),
  constraint identifier_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table identifier is 'How the outside world names a thing: sip, tel, dns, mail, ip … Written by create, update and move.';
CREATE INDEX identifier_dns_name_idx ON public.identifier USING btree (enforce.powerdns_name(scheme, value)) WHERE (scheme = ANY (ARRAY['dns'::text, 'enum-range'::text, 'enum'::text]));
CREATE INDEX identifier_dns_parking_idx ON public.identifier USING btree ((('*.'::text || enforce.powerdns_name(scheme, value)))) WHERE (scheme = ANY (ARRAY['dns'::text, 'enum-range'::text]));
CREATE INDEX identifier_entity_idx ON public.identifier USING btree (entity_id);
CREATE INDEX identifier_mail_domain_idx ON public.identifier USING btree (split_part(value, '@'::text, 2), entity_id) WHERE (scheme = 'mail'::text);

create table identifier_history (
  scheme text not null,
  value text not null,
  entity_id bigint not null,
  released_at timestamp with time zone not null default now(),
  constraint identifier_history_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table identifier_history is 'Names that an entity has no more: taken over after it was closed, or changed. Written by create, update and move.';
CREATE INDEX identifier_history_entity_idx ON public.identifier_history USING btree (entity_id);
CREATE INDEX identifier_history_value_idx ON public.identifier_history USING btree (scheme, value);

create table installation (
  singleton boolean not null default true,
  id uuid not null default gen_random_uuid(),
  admin_token_digest bytea,
  created_at timestamp with time zone not null default now(),
  chain_secret_sealed bytea,
  constraint installation_pkey PRIMARY KEY (singleton),
  constraint installation_singleton_check CHECK (singleton)
);
comment on table installation is 'One row: who this installation is. Written at the first start.';
comment on column installation.chain_secret_sealed is 'Sealed: the HMAC key of the change log. Made at the first start, sealed anew by rotate-secret.';

create table login (
  id uuid not null default gen_random_uuid(),
  account_id bigint not null,
  name text not null,
  role text not null,
  password_hash text,
  enabled boolean not null default true,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  password_changed_at timestamp with time zone,
  last_used_at timestamp with time zone,
  is_account boolean not null default false,
  guard_limit integer,
  constraint login_pkey PRIMARY KEY (id),
  constraint login_name_key UNIQUE (name),
  constraint login_account_fkey FOREIGN KEY (account_id) REFERENCES entity(id),
  constraint login_guard_check CHECK (((guard_limit >= 1) AND (guard_limit <= 1000000000)))
);
comment on table login is 'Who signs in for an account. Written by the login operations; last_used_at now and then.';
comment on column login.version is 'Raised by whatever makes what was verified before invalid: password, role, enabled.';
comment on column login.is_account is 'The account''s own: signs in by the account''s SID, or by its name where that is an e-mail. Its password hash is of the MD5 of the password. At most one for each account; never removed.';
comment on column login.guard_limit is 'How many entities one request of this login on an account API may change; null: what ABEYANCE_FACE_GUARD_LIMIT says. Set by an account above.';
CREATE INDEX login_account_idx ON public.login USING btree (account_id, name);
CREATE UNIQUE INDEX login_account_own_key ON public.login USING btree (account_id) WHERE is_account;

create table mailbox (
  entity_id bigint not null,
  address text not null,
  password_hash text,
  quota_megabytes integer,
  display_name text,
  home text,
  constraint mailbox_pkey PRIMARY KEY (entity_id),
  constraint mailbox_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table mailbox is 'Mailboxes. Written by create and update.';

create table message_record (
  id bigint not null generated always as identity (minvalue 1 start 1),
  uuid uuid not null default gen_random_uuid(),
  account_id bigint not null,
  source text not null,
  external_ref text,
  created_at timestamp(3) with time zone not null default now(),
  updated_at timestamp(3) with time zone not null default now(),
  system_id bigint,
  from_text text,
  to_text text,
  body text,
  status text not null,
  direction text not null,
  sent_at timestamp(3) with time zone,
  error_code integer,
  error_message text,
  price numeric,
  price_unit text,
  constraint message_record_pkey PRIMARY KEY (id),
  constraint message_record_external_key UNIQUE (account_id, source, external_ref),
  constraint message_record_uuid_key UNIQUE (uuid),
  constraint message_record_account_fkey FOREIGN KEY (account_id) REFERENCES entity(id),
  constraint message_record_system_fkey FOREIGN KEY (system_id) REFERENCES system(id) ON DELETE SET NULL
);
comment on table message_record is 'Messages, as connected systems tell by POST /v1/records, and as the account APIs sent them. Swept by the housekeeping.';
comment on column message_record.system_id is 'The call platform that was asked for it; null for what was told alone.';
CREATE INDEX message_record_account_idx ON public.message_record USING btree (account_id, created_at, id);
CREATE INDEX message_record_created_idx ON public.message_record USING btree (created_at, id);
CREATE INDEX message_record_system_idx ON public.message_record USING btree (system_id);

create table number_purchase (
  entity_id bigint not null,
  requested_at timestamp with time zone not null default now(),
  due_at timestamp with time zone not null,
  attempts integer not null default 0,
  problem text,
  constraint number_purchase_pkey PRIMARY KEY (entity_id),
  constraint number_purchase_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table number_purchase is 'Numbers that are being bought: the entity is there, the provider has not confirmed. Written by the operations buy and settle, and gone when it is settled.';
comment on column number_purchase.due_at is 'Until then somebody is at it; whoever comes later takes it over.';
CREATE INDEX number_purchase_due_idx ON public.number_purchase USING btree (due_at);

create table observation (
  minute timestamp with time zone not null,
  id bigint not null generated always as identity (minvalue 1 start 1),
  entity_id bigint,
  action text not null,
  source text not null,
  effect text not null,
  profile text,
  code integer,
  count bigint not null,
  uuid uuid not null default gen_random_uuid(),
  account_id bigint,
  constraint observation_pkey PRIMARY KEY (minute, id),
  constraint observation_key UNIQUE NULLS NOT DISTINCT (entity_id, minute, action, source, effect, profile, code),
  constraint observation_account_fkey FOREIGN KEY (account_id) REFERENCES entity(id),
  constraint observation_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id),
  constraint observation_count_check CHECK ((count > 0)),
  constraint observation_effect_check CHECK ((effect = ANY (ARRAY['deny'::text, 'intercept'::text])))
);
comment on table observation is 'What servers of the network refused, counted by subject and minute. Written by POST /v1/observations and by the account APIs, and swept by the housekeeping; no part of the log of changes.';
comment on column observation.minute is 'The minute in which it was refused, by the clock of the server that did.';
comment on column observation.entity_id is 'The subject; null where the name was nobody''s, or of nobody whom the reporter may see. The name itself is not kept.';
comment on column observation.source is 'The server, by the name that it gives itself.';
comment on column observation.code is 'The SIP or HTTP status, or another code of the protocol, that it answered with.';
comment on column observation.uuid is 'By which the account APIs name it as a notification.';
comment on column observation.account_id is 'The account whose subject it was then: its owner, else the account that contains it. Null where the name was nobody''s.';
CREATE INDEX observation_account_idx ON public.observation USING btree (account_id, minute, id);
CREATE UNIQUE INDEX observation_uuid_key ON public.observation USING btree (uuid);

create table outgoing_caller_id (
  id bigint not null generated always as identity (minvalue 1 start 1),
  uuid uuid not null default gen_random_uuid(),
  account_id bigint not null,
  phone_number text not null,
  friendly_name text,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint outgoing_caller_id_pkey PRIMARY KEY (id),
  constraint outgoing_caller_id_uuid_key UNIQUE (uuid),
  constraint outgoing_caller_id_account_fkey FOREIGN KEY (account_id) REFERENCES entity(id)
);
comment on table outgoing_caller_id is 'Numbers that an account may show when it calls. Written by the operations on caller ids; rows of a closed account stay, and go when it is erased.';
comment on column outgoing_caller_id.friendly_name is 'Null: it goes by its number.';
CREATE INDEX outgoing_caller_id_account_idx ON public.outgoing_caller_id USING btree (account_id, id);

create table phone_number (
  entity_id bigint not null,
  e164 text,
  sip_number text,
  domain_id bigint,
  target_id bigint,
  target_uri text,
  friendly_name text,
  country text,
  number_class text,
  provider text,
  provider_reference text,
  port_out_pending_since text,
  voice_url text,
  voice_method text not null,
  voice_fallback_url text,
  voice_fallback_method text not null,
  voice_application_id bigint,
  voice_caller_id_lookup boolean not null,
  status_callback text,
  status_callback_method text not null,
  sms_url text,
  sms_method text not null,
  sms_fallback_url text,
  sms_fallback_method text not null,
  sms_application_id bigint,
  ussd_url text,
  ussd_method text not null,
  ussd_fallback_url text,
  ussd_fallback_method text not null,
  ussd_application_id bigint,
  refer_url text,
  refer_method text not null,
  refer_application_id bigint,
  voice_capable boolean not null,
  sms_capable boolean not null,
  mms_capable boolean not null,
  fax_capable boolean not null,
  purchase_pending_since text,
  constraint phone_number_pkey PRIMARY KEY (entity_id),
  constraint phone_number_domain_fkey FOREIGN KEY (domain_id) REFERENCES entity(id),
  constraint phone_number_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id),
  constraint phone_number_refer_application_fkey FOREIGN KEY (refer_application_id) REFERENCES entity(id),
  constraint phone_number_sms_application_fkey FOREIGN KEY (sms_application_id) REFERENCES entity(id),
  constraint phone_number_target_fkey FOREIGN KEY (target_id) REFERENCES entity(id),
  constraint phone_number_ussd_application_fkey FOREIGN KEY (ussd_application_id) REFERENCES entity(id),
  constraint phone_number_voice_application_fkey FOREIGN KEY (voice_application_id) REFERENCES entity(id)
);
comment on table phone_number is 'Telephone numbers. Written by create and update.';
CREATE INDEX phone_number_port_out_idx ON public.phone_number USING btree (entity_id) WHERE (port_out_pending_since IS NOT NULL);
CREATE INDEX phone_number_provider_idx ON public.phone_number USING btree (provider, entity_id) WHERE (provider IS NOT NULL);
CREATE INDEX phone_number_target_idx ON public.phone_number USING btree (target_id) WHERE (target_id IS NOT NULL);

create table plan (
  token uuid not null default gen_random_uuid(),
  entity_id bigint not null,
  intent jsonb not null,
  effect jsonb not null,
  revision bigint not null,
  created_by text not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  applied_at timestamp with time zone,
  constraint plan_pkey PRIMARY KEY (token),
  constraint plan_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table plan is 'Plans that may still be applied. Written by plan and apply; expired ones are swept.';
CREATE INDEX plan_expires_idx ON public.plan USING btree (expires_at);

create table profile (
  name text not null,
  version integer not null default 1,
  builtin boolean not null default false,
  description text not null default ''::text,
  severity integer not null,
  denied integer not null,
  intercepted integer not null default 0,
  sip_code integer not null default 403,
  http_code integer not null default 403,
  refusal_text text not null,
  announcement text,
  sessions text not null default 'finish'::text,
  systems jsonb not null default '{}'::jsonb,
  legal_override jsonb,
  updated_at timestamp with time zone not null default now(),
  constraint profile_pkey PRIMARY KEY (name),
  constraint profile_emergency_check CHECK (((((denied | intercepted) & 8) = 0) OR (legal_override IS NOT NULL))),
  constraint profile_sessions_check CHECK ((sessions = ANY (ARRAY['finish'::text, 'end'::text])))
);
comment on table profile is 'The current version of each suspension profile. Written by the profile operations; masks have one bit for each action.';
CREATE INDEX profile_override_idx ON public.profile USING btree (name) WHERE (((denied | intercepted) & 8) <> 0);

create table profile_version (
  name text not null,
  version integer not null,
  body jsonb not null,
  changed_by text not null,
  changed_at timestamp with time zone not null default now(),
  constraint profile_version_pkey PRIMARY KEY (name, version)
);
comment on table profile_version is 'Every version that a profile ever had. Written by the profile operations; append only.';

create table recording (
  id bigint not null generated always as identity (minvalue 1 start 1),
  uuid uuid not null default gen_random_uuid(),
  account_id bigint not null,
  source text not null,
  external_ref text,
  created_at timestamp(3) with time zone not null default now(),
  updated_at timestamp(3) with time zone not null default now(),
  call uuid,
  duration integer,
  file_uri text,
  s3_uri text,
  constraint recording_pkey PRIMARY KEY (id),
  constraint recording_external_key UNIQUE (account_id, source, external_ref),
  constraint recording_uuid_key UNIQUE (uuid),
  constraint recording_account_fkey FOREIGN KEY (account_id) REFERENCES entity(id)
);
comment on table recording is 'Where recordings of calls lie, as connected systems tell by POST /v1/records. Removed by the account APIs, swept by the housekeeping.';
CREATE INDEX recording_account_idx ON public.recording USING btree (account_id, created_at, id);
CREATE INDEX recording_call_idx ON public.recording USING btree (call) WHERE (call IS NOT NULL);
CREATE INDEX recording_created_idx ON public.recording USING btree (created_at, id);

create table request_personal (
  commitment text not null,
  field text not null,
  salt bytea not null,
  value text not null,
  constraint request_personal_pkey PRIMARY KEY (commitment)
);
comment on table request_personal is 'Address and reason of requests, found by the commitments in change.origin. Written by commit_changes; erasable.';

create table role (
  account_id bigint not null,
  name text not null,
  description text not null default ''::text,
  permissions text[] not null,
  subject text not null,
  updated_at timestamp with time zone not null default now(),
  constraint role_pkey PRIMARY KEY (account_id, name),
  constraint role_account_fkey FOREIGN KEY (account_id) REFERENCES entity(id),
  constraint role_subject_check CHECK ((subject = ANY (ARRAY['wish'::text, 'technical'::text, 'billing'::text, 'general'::text, 'fraud'::text, 'legal'::text])))
);
comment on table role is 'Roles beside the built-in ones; each counts for the account that made it and all beneath. Written by the role operations.';

create table schema_migration (
  version integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone not null default now(),
  constraint schema_migration_pkey PRIMARY KEY (version)
);

create table session (
  id uuid not null default gen_random_uuid(),
  login_id uuid not null,
  digest bytea not null,
  address text,
  created_at timestamp with time zone not null default now(),
  last_seen_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  constraint session_pkey PRIMARY KEY (id),
  constraint session_digest_key UNIQUE (digest),
  constraint session_login_fkey FOREIGN KEY (login_id) REFERENCES login(id) ON DELETE CASCADE
);
comment on table session is 'Sign-ins of browsers, by the SHA-256 of the cookie. Written at sign-in and sign-out; last_seen_at each minute; swept when over.';
CREATE INDEX session_expires_idx ON public.session USING btree (expires_at);
CREATE INDEX session_login_idx ON public.session USING btree (login_id);

create table sign_in_attempt (
  subject bytea not null,
  failures integer not null,
  last_at timestamp with time zone not null,
  locked_until timestamp with time zone,
  constraint sign_in_attempt_pkey PRIMARY KEY (subject)
);
comment on table sign_in_attempt is 'Failed sign-ins by name and by address, as keyed digests. Written by sign-in; swept after a day.';
CREATE INDEX sign_in_attempt_last_idx ON public.sign_in_attempt USING btree (last_at);

create table sip_account (
  entity_id bigint not null,
  username text not null,
  ha1 text,
  ha1b text,
  realm text,
  enabled boolean not null,
  friendly_name text,
  first_name text,
  last_name text,
  email text,
  timezone text,
  region text,
  caller_id text,
  groups text[] not null,
  prepaid boolean not null,
  quota integer not null,
  call_limit integer,
  answer_timeout_seconds integer not null,
  quickdial_prefix text,
  acl jsonb not null,
  properties jsonb not null,
  voice_url text,
  voice_method text not null,
  voice_fallback_url text,
  voice_fallback_method text not null,
  voice_application_id bigint,
  push_enabled boolean not null,
  push_client_identity text,
  constraint sip_account_pkey PRIMARY KEY (entity_id),
  constraint sip_account_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id),
  constraint sip_account_voice_application_fkey FOREIGN KEY (voice_application_id) REFERENCES entity(id)
);
comment on table sip_account is 'SIP accounts: subscribers of a domain. Written by create and update.';

create table sip_alias (
  entity_id bigint not null,
  username text not null,
  target_id bigint,
  target_uri text,
  constraint sip_alias_pkey PRIMARY KEY (entity_id),
  constraint sip_alias_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id),
  constraint sip_alias_target_fkey FOREIGN KEY (target_id) REFERENCES entity(id)
);
comment on table sip_alias is 'SIP aliases: other names of SIP accounts. Written by create and update.';
CREATE INDEX sip_alias_target_idx ON public.sip_alias USING btree (target_id) WHERE (target_id IS NOT NULL);

create table sip_domain (
  entity_id bigint not null,
  domain text not null,
  certificate text,
  match_ip_address text,
  match_sip_domain text,
  verify_cert boolean not null,
  require_cert boolean not null,
  private_key bytea,
  constraint sip_domain_pkey PRIMARY KEY (entity_id),
  constraint sip_domain_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table sip_domain is 'SIP domains. Written by create and update.';
comment on column sip_domain.private_key is 'Sealed: private key of the certificate, PEM.';

create table sweep (
  revision bigint not null,
  at timestamp with time zone not null,
  cause text not null,
  nodes bigint[] not null,
  only_system_id bigint,
  is_large boolean not null default false,
  step integer not null default 0,
  account_after bigint,
  entity_after bigint,
  expanded_at timestamp with time zone,
  constraint sweep_pkey PRIMARY KEY (revision),
  constraint sweep_system_fkey FOREIGN KEY (only_system_id) REFERENCES system(id) ON DELETE CASCADE
);
comment on table sweep is 'A change that reaches targets: each target beneath its nodes gets the revision as its generation, in batches. Written by the reconciler.';
comment on column sweep.nodes is 'Where it begins: the node of the change, or all that a changed profile holds.';
comment on column sweep.is_large is 'It reaches too much for one transaction, and is done page by page.';
comment on column sweep.step is 'Of a large one: by which path it is looking for targets now.';
comment on column sweep.account_after is 'How far it has come in this step.';
CREATE INDEX sweep_open_idx ON public.sweep USING btree (is_large, revision) WHERE (expanded_at IS NULL);

create table sweep_count (
  revision bigint not null,
  system_id bigint not null,
  targets bigint not null default 0,
  passed_confirmed bigint not null default 0,
  passed_open bigint not null default 0,
  constraint sweep_count_pkey PRIMARY KEY (revision, system_id),
  constraint sweep_count_sweep_fkey FOREIGN KEY (revision) REFERENCES sweep(revision) ON DELETE CASCADE,
  constraint sweep_count_system_fkey FOREIGN KEY (system_id) REFERENCES system(id) ON DELETE CASCADE
);
comment on table sweep_count is 'How many targets of each system a sweep reached, and how many of them a later one took over, with the former state confirmed or still open. Written by the reconciler.';

create table sweep_cursor (
  singleton boolean not null default true,
  epoch uuid,
  revision bigint not null default 0,
  constraint sweep_cursor_pkey PRIMARY KEY (singleton),
  constraint sweep_cursor_singleton_check CHECK (singleton)
);
comment on table sweep_cursor is 'One row: how far the log of changes was read for targets, and in which epoch. Written by the reconciler; whoever locks it reads on.';

create table system (
  id bigint not null generated always as identity (minvalue 1 start 1),
  uuid uuid not null default gen_random_uuid(),
  name text not null,
  kind text not null,
  account_id bigint not null default 0,
  settings jsonb not null default '{}'::jsonb,
  secrets_sealed bytea,
  concurrency integer not null,
  rate double precision,
  timeout_ms integer not null,
  flight_max_ms integer not null,
  retry_min_ms integer not null,
  retry_max_ms integer not null,
  breaker_failures integer not null,
  breaker_open_ms integer not null,
  drift text not null default 'off'::text,
  drift_every_ms bigint not null,
  drift_after bigint,
  drift_due_at timestamp with time zone,
  paused_at timestamp with time zone,
  paused_by text,
  pause_note text,
  failures integer not null default 0,
  open_until timestamp with time zone,
  last_problem text,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  after_revision bigint not null default 0,
  constraint system_pkey PRIMARY KEY (id),
  constraint system_name_key UNIQUE (name),
  constraint system_uuid_key UNIQUE (uuid),
  constraint system_account_fkey FOREIGN KEY (account_id) REFERENCES entity(id),
  constraint system_drift_check CHECK ((drift = ANY (ARRAY['off'::text, 'report'::text, 'repair'::text]))),
  constraint system_kind_check CHECK ((kind = ANY (ARRAY['aps'::text, 'broadworks'::text, 'kamailio'::text, 'powerdns'::text, 'dovecot'::text, 'number_provider'::text, 'webhook'::text, 'call_platform'::text]))),
  constraint system_limits_check CHECK ((((concurrency >= 1) AND (concurrency <= 1000)) AND (rate > (0)::double precision) AND (timeout_ms > 0) AND (flight_max_ms >= timeout_ms) AND (retry_min_ms > 0) AND (retry_max_ms >= retry_min_ms) AND (breaker_failures > 0) AND (breaker_open_ms > 0)))
);
comment on table system is 'Downstream platforms that must be told. Written by the operations on systems; failures, open_until, last_problem and drift_… by the reconciler.';
comment on column system.name is 'What foreign resources name in their field system, and numbers in provider.';
comment on column system.account_id is 'The account whose things it is told of, with all beneath; another than the platform for webhooks alone.';
comment on column system.secrets_sealed is 'Sealed: what it demands of us, as JSON.';
comment on column system.rate is 'The most requests a second; null: no limit.';
comment on column system.flight_max_ms is 'The longest time after which a request that we gave up may still take effect there.';
comment on column system.drift_after is 'How far the running sweep for drift has come, by entity; null between two sweeps.';
comment on column system.paused_at is 'Since when nothing is sent, for maintenance. What is due stays due.';
comment on column system.open_until is 'The circuit is open until then: the system failed too often in a row.';
comment on column system.after_revision is 'The last change before the system was made; a webhook is told of the events of later ones.';

create table system_slot (
  system_id bigint not null,
  slot integer not null,
  worker uuid,
  leased_until timestamp with time zone,
  constraint system_slot_pkey PRIMARY KEY (system_id, slot),
  constraint system_slot_system_fkey FOREIGN KEY (system_id) REFERENCES system(id) ON DELETE CASCADE
);
comment on table system_slot is 'The requests that may run at once in a system, shared out among the worker processes. Written by the reconciler.';

create table target (
  system_id bigint not null,
  entity_id bigint not null,
  account_id bigint not null,
  owner_id bigint,
  reference jsonb not null default '{}'::jsonb,
  is_node boolean not null default false,
  is_bound_by_hand boolean not null default false,
  generation_first bigint not null default 0,
  generation_desired bigint not null,
  generation_applied bigint not null default 0,
  applied jsonb,
  kept jsonb,
  task jsonb,
  is_unproven boolean not null default false,
  is_drifted boolean not null default false,
  attempts integer not null default 0,
  due_at timestamp with time zone,
  lease_token uuid,
  leased_until timestamp with time zone,
  unsure_until timestamp with time zone,
  needs_person boolean not null default false,
  problem_code text,
  problem_detail text,
  problem_since timestamp with time zone,
  acknowledged_at timestamp with time zone,
  acknowledged_by text,
  note text,
  told_at timestamp with time zone,
  confirmed_at timestamp with time zone,
  observed jsonb,
  observed_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  constraint target_pkey PRIMARY KEY (system_id, entity_id),
  constraint target_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id),
  constraint target_system_fkey FOREIGN KEY (system_id) REFERENCES system(id) ON DELETE CASCADE,
  constraint target_lease_check CHECK (((lease_token IS NULL) = (leased_until IS NULL)))
);
comment on table target is 'One entity in one system: what was asked of it and what was confirmed. Written by the reconciler, and by the operations bind, unbind, retry and acknowledge.';
comment on column target.account_id is 'The account that contains the entity, or the entity itself: by it the target is found from an account above.';
comment on column target.owner_id is 'The account that owns the entity, where it is another.';
comment on column target.reference is 'How the system names it.';
comment on column target.is_node is 'A held node that is told as a whole, such as the calls beneath it that are to end.';
comment on column target.generation_first is 'The revision that made it a target: what came before does not reach it.';
comment on column target.generation_desired is 'The revision of the change that reached it last.';
comment on column target.generation_applied is 'The generation that the system confirmed last; never goes back.';
comment on column target.applied is 'The state that was confirmed last; null: never told, or not known.';
comment on column target.kept is 'What was configured there before the first hold, to be put back.';
comment on column target.task is 'What runs at the far side: told again by polling.';
comment on column target.is_unproven is 'A request may have acted without a reply: the next one may meet its own work.';
comment on column target.is_drifted is 'Somebody changed it behind our back: it is told again though nothing new is desired.';
comment on column target.due_at is 'When it is told next; null: nothing is to be done.';
comment on column target.unsure_until is 'A request of a former holder of the lease may still arrive until then: nothing counts as confirmed before.';
comment on column target.needs_person is 'Trying again by itself does not help, or only seldom.';
CREATE INDEX target_account_idx ON public.target USING btree (account_id, entity_id);
CREATE INDEX target_due_idx ON public.target USING btree (system_id, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX target_entity_idx ON public.target USING btree (entity_id);
CREATE INDEX target_owner_idx ON public.target USING btree (owner_id, entity_id) WHERE (owner_id IS NOT NULL);
CREATE INDEX target_problem_idx ON public.target USING btree (system_id, entity_id) WHERE (problem_code IS NOT NULL);
CREATE INDEX target_unsettled_idx ON public.target USING btree (generation_desired, system_id) WHERE (generation_applied < generation_desired);

create table transcription (
  id bigint not null generated always as identity (minvalue 1 start 1),
  uuid uuid not null default gen_random_uuid(),
  account_id bigint not null,
  source text not null,
  external_ref text,
  created_at timestamp(3) with time zone not null default now(),
  updated_at timestamp(3) with time zone not null default now(),
  recording uuid,
  status text not null,
  duration integer,
  body text,
  price numeric,
  price_unit text,
  constraint transcription_pkey PRIMARY KEY (id),
  constraint transcription_external_key UNIQUE (account_id, source, external_ref),
  constraint transcription_uuid_key UNIQUE (uuid),
  constraint transcription_account_fkey FOREIGN KEY (account_id) REFERENCES entity(id)
);
comment on table transcription is 'What was said in recordings, as connected systems tell by POST /v1/records. Removed by the account APIs, swept by the housekeeping.';
CREATE INDEX transcription_account_idx ON public.transcription USING btree (account_id, created_at, id);
CREATE INDEX transcription_created_idx ON public.transcription USING btree (created_at, id);

create table trusted_peer (
  entity_id bigint not null,
  address text,
  host text,
  description text,
  call_limit integer,
  prepaid boolean not null,
  enum_lookup boolean not null,
  transit boolean not null,
  msteams boolean not null,
  tenant text,
  carrier_name text,
  originator text,
  billing_id text,
  tags text,
  strip integer not null,
  prefix text,
  auth_token bytea,
  constraint trusted_peer_pkey PRIMARY KEY (entity_id),
  constraint trusted_peer_entity_fkey FOREIGN KEY (entity_id) REFERENCES entity(id)
);
comment on table trusted_peer is 'Peers known by their address, such as a business PBX. Written by create and update.';
comment on column trusted_peer.auth_token is 'Sealed: token by which the peer proves itself.';

create table unsealed (
  place_table text not null,
  place_column text not null,
  row_id text not null,
  value text not null,
  constraint unsealed_pkey PRIMARY KEY (place_table, place_column, row_id)
);
comment on table unsealed is 'Values that were stored before their column was sealed. Written by migrations; the next start seals and removes them.';

create table webhook (
  system_id bigint not null,
  event_id bigint not null,
  paced_until timestamp with time zone,
  constraint webhook_pkey PRIMARY KEY (system_id),
  constraint webhook_system_fkey FOREIGN KEY (system_id) REFERENCES system(id) ON DELETE CASCADE
);
comment on table webhook is 'How far the events were turned into deliveries for each system of the kind webhook. Written by the deliveries.';
comment on column webhook.paced_until is 'Up to when the rate that the system allows is used up.';

create table worker (
  id uuid not null,
  name text not null,
  started_at timestamp with time zone not null default now(),
  seen_at timestamp with time zone not null default now(),
  constraint worker_pkey PRIMARY KEY (id)
);
comment on table worker is 'The worker processes that are alive. Written by each of them, and swept by the others.';

create view enforce.dovecot_passdb as
SELECT i.value AS "user",
    l.password,
    l.nologin,
    l.reason,
    l.send_nets
   FROM identifier i
     CROSS JOIN LATERAL enforce.dovecot_login(i.entity_id) l(password, nologin, reason, send_nets)
  WHERE i.scheme = 'mail'::text;
comment on table enforce.dovecot_passdb is 'Who may log in: one row for each mailbox, held or not, so that a wrong password looks like any other.';
comment on column enforce.dovecot_passdb."user" is 'The address, in lower case.';
comment on column enforce.dovecot_passdb.password is 'The password hash with its scheme in braces; null: no password is right.';
comment on column enforce.dovecot_passdb.nologin is 'y where mail.read is denied or intercepted: the right password is refused with the reason; else null.';
comment on column enforce.dovecot_passdb.reason is 'How the hold words it, in printable ASCII; null where the login is allowed.';
comment on column enforce.dovecot_passdb.send_nets is 'For submission, as allow_nets: an address that nobody has where mail.send is denied or intercepted; else null. nologin does not do here: Postfix takes it for a success.';

create view enforce.dovecot_postfix_login as
SELECT value AS address,
    value AS login
   FROM identifier i
  WHERE scheme = 'mail'::text;
comment on table enforce.dovecot_postfix_login is 'For smtpd_sender_login_maps: which login may send from an address.';
comment on column enforce.dovecot_postfix_login.address is 'The sender''s address, in lower case.';
comment on column enforce.dovecot_postfix_login.login is 'The login that may use it: the mailbox itself.';

create view enforce.dovecot_postfix_mailbox as
SELECT value AS address,
    'dovecot'::text AS destination
   FROM identifier i
  WHERE scheme = 'mail'::text;
comment on table enforce.dovecot_postfix_mailbox is 'For virtual_mailbox_maps: which addresses there are, held and closed ones too.';
comment on column enforce.dovecot_postfix_mailbox.address is 'The address, in lower case.';
comment on column enforce.dovecot_postfix_mailbox.destination is 'Always dovecot: Postfix wants some value.';

create view enforce.dovecot_postfix_recipient as
SELECT i.value AS address,
    a.action
   FROM identifier i
     CROSS JOIN LATERAL enforce.dovecot_receives(i.entity_id) a(action)
  WHERE i.scheme = 'mail'::text AND a.action IS NOT NULL;
comment on table enforce.dovecot_postfix_recipient is 'For check_recipient_access: mailboxes that receive nothing now. No row: mail is taken.';
comment on column enforce.dovecot_postfix_recipient.address is 'The address, in lower case.';
comment on column enforce.dovecot_postfix_recipient.action is 'Where mail.receive is denied or intercepted: 450 4.2.1 with the text of the hold; 550 5.2.1 where its profile asks to reject, or the mailbox is closed.';

create view enforce.dovecot_postfix_sender as
SELECT i.value AS address,
    a.action
   FROM identifier i
     CROSS JOIN LATERAL enforce.dovecot_sends(i.entity_id) a(action)
  WHERE i.scheme = 'mail'::text AND a.action IS NOT NULL;
comment on table enforce.dovecot_postfix_sender is 'For check_sender_access and check_sasl_access: mailboxes that send nothing now. No row: they may.';
comment on column enforce.dovecot_postfix_sender.address is 'The address, in lower case.';
comment on column enforce.dovecot_postfix_sender.action is 'Where mail.send is denied or intercepted: 550 5.7.1 with the text of the hold.';

create view enforce.dovecot_userdb as
SELECT i.value AS "user",
    p.home,
    p.quota_rule,
    p.delivery
   FROM identifier i
     CROSS JOIN LATERAL enforce.dovecot_place(i.entity_id) p(home, quota_rule, delivery)
  WHERE i.scheme = 'mail'::text;
comment on table enforce.dovecot_userdb is 'Where the mail of a mailbox lies. Rows stay while a mailbox is held: nothing of it is lost.';
comment on column enforce.dovecot_userdb."user" is 'The address, in lower case.';
comment on column enforce.dovecot_userdb.home is 'Its folder, where it is not the default of the configuration; else null.';
comment on column enforce.dovecot_userdb.quota_rule is 'Its size as a quota rule, such as *:storage=100M; null: no limit.';
comment on column enforce.dovecot_userdb.delivery is 'What becomes of mail that arrives: take; where mail.receive is denied or intercepted, defer, or refuse where the profile asks to reject or the mailbox is closed.';

create view enforce.kamailio_override as
SELECT name AS profile
   FROM profile p
  WHERE ((denied | intercepted) & 8) <> 0;
comment on table enforce.kamailio_override is 'Profiles that close emergency calls by a legal override. While there is none, an emergency call needs no look-up.';
comment on column enforce.kamailio_override.profile is 'Name of the profile.';

create view enforce.kamailio_peer as
SELECT value AS address,
    entity_id AS entity
   FROM identifier i
  WHERE scheme = 'ip'::text;
comment on table enforce.kamailio_peer is 'Addresses of all peers, so that their emergency calls need no look-up.';
comment on column enforce.kamailio_peer.address is 'IP address in its canonical spelling.';
comment on column enforce.kamailio_peer.entity is 'Number of the peer.';

create view enforce.kamailio_subscriber as
SELECT i.value AS aor,
    l.username,
    l.domain,
    l.realm,
    l.ha1,
    l.ha1b,
    i.entity_id AS entity,
    l.effect,
    l.code,
    l.reason,
    l.profile,
    l.emergency,
    l.path
   FROM identifier i
     CROSS JOIN LATERAL enforce.kamailio_line(i.entity_id, 1) l(username, domain, realm, ha1, ha1b, emergency, path, effect, code, reason, profile, announcement, redirect)
  WHERE i.scheme = 'sip'::text;
comment on table enforce.kamailio_subscriber is 'SIP accounts as the registrar needs them, held ones too. To be asked for one aor.';
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

create view enforce.powerdns_domainmetadata as
SELECT z.entity_id AS domain_id,
    z.name,
    k.kind,
        CASE k.kind
            WHEN 'ALSO-NOTIFY'::text THEN s.s
            ELSE host(enforce.powerdns_address(s.s))
        END AS content
   FROM dns_zone z
     CROSS JOIN LATERAL unnest(z.secondaries) s(s)
     CROSS JOIN ( VALUES ('ALLOW-AXFR-FROM'::text), ('ALSO-NOTIFY'::text)) k(kind)
  WHERE enforce.powerdns_address(s.s) IS NOT NULL AND (EXISTS ( SELECT
           FROM identifier i
          WHERE i.scheme = 'dns'::text AND i.value = z.name AND i.entity_id = z.entity_id));
comment on table enforce.powerdns_domainmetadata is 'Who may transfer a zone and is notified: those of its secondaries that are IP addresses.';
comment on column enforce.powerdns_domainmetadata.domain_id is 'Number of the zone.';
comment on column enforce.powerdns_domainmetadata.name is 'Name of the zone.';
comment on column enforce.powerdns_domainmetadata.kind is 'ALLOW-AXFR-FROM or ALSO-NOTIFY.';
comment on column enforce.powerdns_domainmetadata.content is 'An address of a secondary; for ALSO-NOTIFY with its port, where it has one.';

create view enforce.powerdns_domains as
SELECT i.entity_id AS id,
    enforce.powerdns_name(i.scheme, i.value) AS name,
        CASE
            WHEN z.secondaries <> '{}'::text[] THEN 'MASTER'::text
            ELSE 'NATIVE'::text
        END AS type,
    NULL::text AS master,
    NULL::integer AS last_check,
    0 AS notified_serial,
    NULL::text AS options,
    NULL::text AS catalog,
    ''::text AS account
   FROM identifier i
     LEFT JOIN dns_zone z ON z.entity_id = i.entity_id
  WHERE i.scheme = ANY (ARRAY['dns'::text, 'enum-range'::text]);
comment on table enforce.powerdns_domains is 'Every zone and ENUM range, held ones too: what a held one answers is decided by its records.';
comment on column enforce.powerdns_domains.id is 'Number of the zone or the ENUM range.';
comment on column enforce.powerdns_domains.name is 'Name of the zone, lower case, without trailing dot.';
comment on column enforce.powerdns_domains.type is 'MASTER for a zone with secondaries, NATIVE otherwise.';
comment on column enforce.powerdns_domains.master is 'Null: no zone is transferred from elsewhere.';
comment on column enforce.powerdns_domains.last_check is 'Null.';
comment on column enforce.powerdns_domains.notified_serial is '0: what was notified is not kept.';
comment on column enforce.powerdns_domains.options is 'Null.';
comment on column enforce.powerdns_domains.catalog is 'Null.';
comment on column enforce.powerdns_domains.account is 'Empty.';

create view enforce.powerdns_primaries as
SELECT d.id,
    d.name,
    d.type,
    (n.serial + '4294967293'::bigint) % '4294967295'::bigint + 1 AS notified_serial,
    d.options,
    d.catalog,
    a.content
   FROM enforce.powerdns_domains d
     JOIN dns_zone z ON z.entity_id = d.id
     CROSS JOIN LATERAL enforce.powerdns_serial(z.entity_id, z.serial) n(serial, changed_at)
     CROSS JOIN LATERAL enforce.powerdns_apex(d.id) a(wildcard, type, content, ttl)
  WHERE z.secondaries <> '{}'::text[] AND n.changed_at > (now() - '00:02:30'::interval) AND a.type = 'SOA'::text;
comment on table enforce.powerdns_primaries is 'Zones with secondaries that something changed in the last 150 seconds: their secondaries are notified with each cycle of 60 seconds.';
comment on column enforce.powerdns_primaries.id is 'Number of the zone.';
comment on column enforce.powerdns_primaries.name is 'Name of the zone.';
comment on column enforce.powerdns_primaries.type is 'MASTER.';
comment on column enforce.powerdns_primaries.notified_serial is 'One less than the serial, so that a notification is due.';
comment on column enforce.powerdns_primaries.options is 'Null.';
comment on column enforce.powerdns_primaries.catalog is 'Null.';
comment on column enforce.powerdns_primaries.content is 'The SOA record.';

create view enforce.powerdns_records as
SELECT i.entity_id AS domain_id,
    enforce.powerdns_name(i.scheme, i.value) AS name,
    a.type,
    a.content,
    a.ttl,
    0 AS prio,
    0 AS disabled,
    1 AS auth
   FROM identifier i
     CROSS JOIN LATERAL enforce.powerdns_apex(i.entity_id) a(wildcard, type, content, ttl)
  WHERE (i.scheme = ANY (ARRAY['dns'::text, 'enum-range'::text])) AND NOT a.wildcard
UNION ALL
 SELECT i.entity_id AS domain_id,
    '*.'::text || enforce.powerdns_name(i.scheme, i.value) AS name,
    a.type,
    a.content,
    a.ttl,
    0 AS prio,
    0 AS disabled,
    1 AS auth
   FROM identifier i
     CROSS JOIN LATERAL enforce.powerdns_apex(i.entity_id) a(wildcard, type, content, ttl)
  WHERE (i.scheme = ANY (ARRAY['dns'::text, 'enum-range'::text])) AND a.wildcard
UNION ALL
 SELECT e.parent_id AS domain_id,
    r.name,
    r.type,
    r.value AS content,
    COALESCE(r.ttl, z.ttl) AS ttl,
    COALESCE(r.priority, 0) AS prio,
    0 AS disabled,
    1 AS auth
   FROM dns_record r
     JOIN entity e ON e.id = r.entity_id
     JOIN dns_zone z ON z.entity_id = e.parent_id
  WHERE (r.type <> ALL (ARRAY['MBOXFW'::text, 'URL'::text])) AND NOT (r.type = 'NS'::text AND r.name = z.name AND (r.value = ANY (z.nameservers))) AND enforce.powerdns_shown(r.entity_id)
UNION ALL
 SELECT n.domain_id,
    enforce.powerdns_name(i.scheme, i.value) AS name,
    'NAPTR'::text AS type,
    n.content,
    n.ttl,
    0 AS prio,
    0 AS disabled,
    1 AS auth
   FROM identifier i
     CROSS JOIN LATERAL enforce.powerdns_number(i.entity_id) n(domain_id, content, ttl)
  WHERE i.scheme = 'enum'::text;
comment on table enforce.powerdns_records is 'Every record that is served now, found by its name.';
comment on column enforce.powerdns_records.domain_id is 'Number of the zone or the ENUM range.';
comment on column enforce.powerdns_records.name is 'Owner name, lower case, without trailing dot.';
comment on column enforce.powerdns_records.type is 'Record type.';
comment on column enforce.powerdns_records.content is 'Data in presentation form, without the priority of MX and SRV.';
comment on column enforce.powerdns_records.ttl is 'Time to live in seconds.';
comment on column enforce.powerdns_records.prio is 'Priority of MX and SRV; 0 for all others.';
comment on column enforce.powerdns_records.disabled is '0: what is not served is not here.';
comment on column enforce.powerdns_records.auth is '1: DNSSEC is left out.';

create view enforce.radius_check as
SELECT i.entity_id AS id,
    i.value AS username,
    c.attribute,
    c.value,
    ':='::text AS op
   FROM identifier i
     CROSS JOIN LATERAL enforce.radius_credential(i.entity_id, i.scheme) c(attribute, value)
  WHERE (i.scheme = ANY (ARRAY['sip'::text, 'mail'::text])) AND c.value IS NOT NULL;
comment on table enforce.radius_check is 'With what a subject proves itself, held or not, so that a wrong password looks like any other: the digest of a SIP account, the password hash of a mailbox.';
comment on column enforce.radius_check.id is 'The number of the entity.';
comment on column enforce.radius_check.username is 'The address of a SIP account or mailbox, in lower case. Both kinds may have the same.';
comment on column enforce.radius_check.attribute is 'Digest-HA1, Crypt-Password, Password-With-Header or Cleartext-Password.';
comment on column enforce.radius_check.value is 'Its value.';
comment on column enforce.radius_check.op is 'Always :=.';

create view enforce.radius_hold as
SELECT i.value AS username,
    i.scheme,
    v.verdict
   FROM identifier i
     CROSS JOIN LATERAL enforce.radius_verdict(i.entity_id, i.scheme) v(verdict)
  WHERE i.scheme = ANY (ARRAY['sip'::text, 'mail'::text]);
comment on table enforce.radius_hold is 'Asked only after the subject proved itself: what it gets.';
comment on column enforce.radius_hold.username is 'The address of a SIP account or mailbox, in lower case.';
comment on column enforce.radius_hold.scheme is 'sip: judged by register; mail: judged by mail.read.';
comment on column enforce.radius_hold.verdict is 'accept; reject and the text of the hold; or pool, the name of an address pool, and the text, where the profile asks for it.';

CREATE OR REPLACE FUNCTION public.account_of(p_entity bigint)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.actor_facts(p_login uuid, p_key uuid, p_session uuid, p_act_as bigint, p_idle interval, OUT name text, OUT version integer, OUT enabled boolean, OUT role text, OUT role_permissions text[], OUT role_subject text, OUT credential_ok boolean, OUT expires_at timestamp with time zone, OUT scopes text[], OUT own_account bigint, OUT own_line bigint[], OUT denied integer, OUT closed boolean, OUT held_by_itself boolean, OUT acts_as bigint, OUT level text, OUT inactive_reseller boolean)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
declare
  l login;
  r record;
  acting_line bigint[];
  impersonated bigint;
begin
  select * into l from login where login.id = p_login;
  if not found then return; end if;
  name := l.name;
  version := l.version;
  enabled := l.enabled;
  role := l.role;
  own_account := l.account_id;
  credential_ok := true;
  if p_key is not null then
    select k.scopes, k.expires_at, k.expires_at is null or k.expires_at > now() into scopes, expires_at, credential_ok
    from api_key k where k.id = p_key and k.login_id = p_login;
    credential_ok := coalesce(credential_ok, false);
  elsif p_session is not null then
    select s.expires_at, s.expires_at > now() and s.last_seen_at > now() - p_idle into expires_at, credential_ok
    from session s where s.id = p_session and s.login_id = p_login;
    credential_ok := coalesce(credential_ok, false);
  end if;
  select * into r from restrictions(own_account);
  own_line := r.line;
  denied := r.denied;
  closed := r.closed;
  held_by_itself := not closed and not exists (
    select from hold h where h.entity_id = any (own_line) and h.activated_at is not null and h.ended_at is null
      and not (h.entity_id = own_account and (h.placed_for is not distinct from own_account or h.placed_for is null and h.authority = 'customer' and h.subject = 'wish')));
  select ro.permissions, ro.subject into role_permissions, role_subject
  from unnest(own_line) with ordinality u (id, depth) join role ro on ro.account_id = u.id and ro.name = l.role
  order by u.depth desc limit 1;
  acts_as := own_account;
  acting_line := own_line;
  select a.impersonate_id into impersonated from account a where a.entity_id = own_account;
  if impersonated is not null and impersonated = (
    select u.id from unnest(own_line[:array_length(own_line, 1) - 1]) with ordinality u (id, depth)
    where (select a.reseller from account a where a.entity_id = u.id) order by u.depth desc limit 1)
  then
    acts_as := impersonated;
    acting_line := (select e.ancestors from entity e where e.id = impersonated);
  end if;
  if p_act_as is not null then
    acting_line := (select e.ancestors from entity e where e.id = p_act_as);
    acts_as := case when acts_as = any (acting_line) then p_act_as end;
  end if;
  level := level_of(acts_as);
  inactive_reseller := exists (select from account a where a.entity_id = any (acting_line) and a.reseller and not a.reseller_active);
end $function$;

CREATE OR REPLACE FUNCTION public.chain_at(p_entity bigint, p_revision bigint)
 RETURNS TABLE(via text, depth integer, entity_id bigint)
 LANGUAGE sql
 STABLE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
  with recursive parent_of as (
    select 'self'::text as via, 0 as depth, p_entity as id
    union all
    select case when p.via = 'owner' then 'owner' else 'parent' end, p.depth + 1, coalesce(
        (select (c.facts ->> 'to')::bigint from change c
          where c.entity_id = p.id and c.kind = 'entity.moved' and c.revision <= p_revision order by c.revision desc limit 1),
        (select (c.facts ->> 'parent')::bigint from change c
          where c.entity_id = p.id and c.kind = 'entity.created' and c.revision <= p_revision order by c.revision limit 1))
    from parent_of p where p.id is not null and p.depth < 100
  ), owner_at as (
    select (c.facts ->> 'owner')::bigint as id from change c
    where c.entity_id = p_entity and c.revision <= p_revision
      and c.kind in ('entity.created', 'entity.moved', 'entity.transferred')
      and (c.kind = 'entity.created' or c.facts ? 'owner')
    order by c.revision desc limit 1
  ), owner_line as (
    select 0 as depth, o.id from owner_at o where o.id is not null
    union all
    select p.depth + 1, coalesce(
        (select (c.facts ->> 'to')::bigint from change c
          where c.entity_id = p.id and c.kind = 'entity.moved' and c.revision <= p_revision order by c.revision desc limit 1),
        (select (c.facts ->> 'parent')::bigint from change c
          where c.entity_id = p.id and c.kind = 'entity.created' and c.revision <= p_revision order by c.revision limit 1))
    from owner_line p where p.id is not null and p.depth < 100
  )
  select p.via, p.depth, p.id from parent_of p where p.id is not null
  union all
  select 'owner', o.depth, o.id from owner_line o where o.id is not null
$function$;

CREATE OR REPLACE FUNCTION public.charge(p_items jsonb, p_customer_default_zero boolean)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.closed_since(p_entity bigint)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.commit_changes(p_author jsonb, p_changes jsonb, OUT first_revision bigint, OUT last_revision bigint, OUT at timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO '$user', 'public'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.count_beneath(p_entity bigint, p_limit integer)
 RETURNS integer
 LANGUAGE sql
 STABLE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
  select count(*)::integer from (
    with recursive beneath (id) as (
      select p_entity
      union
      select c.id from beneath b cross join lateral (
        (select e.id from entity e where e.parent_id = b.id limit p_limit)
        union all
        (select e.id from entity e where e.owner_id = b.id limit p_limit)
      ) c
    )
    select from beneath limit p_limit
  ) counted
$function$;

CREATE OR REPLACE FUNCTION public.credit_of(p_kind text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE p_kind WHEN 'sip_account'::text THEN 'sip_credit'::text WHEN 'sip_alias'::text THEN 'sip_alias_credit'::text WHEN 'enum_range'::text THEN 'enum_range_credit'::text WHEN 'enum_number'::text THEN 'enum_number_credit'::text WHEN 'dns_zone'::text THEN 'dns_zone_credit'::text WHEN 'mailbox'::text THEN 'email_credit'::text WHEN 'account'::text THEN 'account_credit'::text WHEN 'phone_number'::text THEN 'number_credit'::text WHEN 'application'::text THEN 'application_credit'::text ELSE NULL::text END;

CREATE OR REPLACE FUNCTION public.credit_weight(p_resource bigint)
 RETURNS TABLE(credit text, used integer)
 LANGUAGE sql
 STABLE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.derive_event(p_nodes bigint[], p_revision bigint, p_hold uuid, p_profile text)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
declare
  derived bigint;
  one record;
begin
  if cardinality(p_nodes) = 1
    and not exists (select from event_account b where b.ancestors @> p_nodes and b.account_id <> p_nodes[1])
  then
    select s.account_id, s.denied as denied_before, s.intercepted as intercepted_before, s.closed as closed_before, m.closed,
      case when m.closed then 8191 else m.denied end as denied,
      case when m.closed then 0 else m.intercepted & ~m.denied end as intercepted into one
    from event_standing s cross join (
      select bit_or(n.own_denied) as denied, bit_or(n.own_intercepted) as intercepted, bool_or(n.is_closed) as closed
      from event_account n
      where n.account_id = any ((select a.ancestors from event_account a where a.account_id = p_nodes[1])::bigint[])
    ) m
    where s.account_id = p_nodes[1];
    if not found or (one.denied, one.intercepted, one.closed)
      is not distinct from (one.denied_before, one.intercepted_before, one.closed_before) then return 0; end if;
    update event_standing s set denied = one.denied, intercepted = one.intercepted, closed = one.closed
    where s.account_id = one.account_id;
    insert into event (revision, at, type, account_id, denied_before, intercepted_before, closed_before, denied, intercepted, closed,
      cause, node_id, hold, profile, actor, actor_account_id)
    select c.revision, c.at,
      event_type(standing_word(one.denied_before, one.intercepted_before, one.closed_before),
        standing_word(one.denied, one.intercepted, one.closed)),
      one.account_id, one.denied_before, one.intercepted_before, one.closed_before, one.denied, one.intercepted, one.closed,
      c.kind, c.entity_id, p_hold, p_profile, c.actor, coalesce((c.origin ->> 'as')::bigint, (c.origin ->> 'account')::bigint, 0)
    from change c where c.revision = p_revision;
    return 1;
  end if;
  with now as (
    select a.account_id, cardinality(a.ancestors) as depth, s.denied as denied_before, s.intercepted as intercepted_before,
      s.closed as closed_before, m.closed, case when m.closed then 8191 else m.denied end as denied,
      case when m.closed then 0 else m.intercepted & ~m.denied end as intercepted
    from event_account a join event_standing s on s.account_id = a.account_id
    cross join lateral (
      select bit_or(n.own_denied) as denied, bit_or(n.own_intercepted) as intercepted, bool_or(n.is_closed) as closed
      from event_account n where n.account_id = any (a.ancestors)
    ) m
    where a.ancestors && p_nodes
  ), diff as materialized (
    select * from now
    where (denied, intercepted, closed) is distinct from (denied_before, intercepted_before, closed_before)
  ), written as (
    update event_standing s set denied = d.denied, intercepted = d.intercepted, closed = d.closed
    from diff d where s.account_id = d.account_id
  ), told as (
    insert into event (revision, at, type, account_id, denied_before, intercepted_before, closed_before, denied, intercepted, closed,
      cause, node_id, hold, profile, actor, actor_account_id)
    select c.revision, c.at,
      event_type(standing_word(d.denied_before, d.intercepted_before, d.closed_before), standing_word(d.denied, d.intercepted, d.closed)),
      d.account_id, d.denied_before, d.intercepted_before, d.closed_before, d.denied, d.intercepted, d.closed,
      c.kind, c.entity_id, p_hold, p_profile, c.actor, coalesce((c.origin ->> 'as')::bigint, (c.origin ->> 'account')::bigint, 0)
    from diff d cross join change c where c.revision = p_revision
    order by d.depth, d.account_id
    returning 1
  )
  select count(*) into derived from told;
  return derived;
end $function$;

CREATE OR REPLACE FUNCTION public.derive_events(p_after bigint, p_through bigint, p_masks jsonb, p_events_max bigint, OUT reached bigint, OUT derived bigint)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  c record;
  chain bigint[];
  nodes bigint[];
  denied_now integer;
  intercepted_now integer;
begin
  derived := 0;
  for c in
    select x.revision, x.at, x.actor, x.origin, x.kind, x.entity_id, x.facts from change x
    where x.revision > p_after and x.revision <= p_through and x.kind in ('entity.created', 'entity.moved', 'entity.closed',
      'hold.placed', 'hold.activated', 'hold.lifted', 'hold.expired', 'profile.changed', 'profile.removed')
    order by x.revision
  loop
    if derived >= p_events_max then return; end if;
    if c.kind = 'entity.created' then
      if c.facts ->> 'kind' = 'account' then
        insert into event_account (account_id, ancestors)
        select c.entity_id, p.ancestors || c.entity_id from event_account p where p.account_id = (c.facts ->> 'parent')::bigint;
        insert into event_standing (account_id, denied, intercepted, closed)
        select c.entity_id, p.denied, p.intercepted, p.closed
        from event_standing p where p.account_id = (c.facts ->> 'parent')::bigint;
        insert into event (revision, at, type, account_id, denied, intercepted, closed, cause, node_id, actor, actor_account_id)
        select c.revision, c.at, 'account.created', a.account_id, a.denied, a.intercepted, a.closed, c.kind, c.entity_id, c.actor,
          coalesce((c.origin ->> 'as')::bigint, (c.origin ->> 'account')::bigint, 0)
        from event_standing a where a.account_id = c.entity_id;
        derived := derived + 1;
      end if;
    elsif c.kind = 'entity.moved' then
      select p.ancestors into chain from event_account p where p.account_id = (c.facts ->> 'to')::bigint;
      update event_account a set ancestors = chain || a.ancestors[array_position(a.ancestors, c.entity_id):]
      where a.ancestors @> array[c.entity_id];
      if found then derived := derived + derive_event(array[c.entity_id], c.revision, null, null); end if;
    elsif c.kind = 'entity.closed' then
      update event_account a set is_closed = true where a.account_id = c.entity_id and not a.is_closed;
      if found then derived := derived + derive_event(array[c.entity_id], c.revision, null, null); end if;
    elsif c.kind in ('hold.placed', 'hold.activated') then
      if c.kind = 'hold.activated' or (c.facts ->> 'inForce')::boolean then
        insert into event_hold (hold, account_id, profile)
        select (c.facts ->> 'hold')::uuid, a.account_id, c.facts ->> 'profile' from event_account a where a.account_id = c.entity_id
        on conflict do nothing;
        if found then
          perform sum_event_holds(array[c.entity_id]);
          derived := derived + derive_event(array[c.entity_id], c.revision, (c.facts ->> 'hold')::uuid, c.facts ->> 'profile');
        end if;
      end if;
    elsif c.kind in ('hold.lifted', 'hold.expired') then
      delete from event_hold h where h.hold = (c.facts ->> 'hold')::uuid;
      if found then
        perform sum_event_holds(array[c.entity_id]);
        derived := derived + derive_event(array[c.entity_id], c.revision, (c.facts ->> 'hold')::uuid, c.facts ->> 'profile');
      end if;
    elsif c.kind = 'profile.changed' then
      denied_now := (p_masks -> c.revision::text ->> 0)::integer;
      intercepted_now := (p_masks -> c.revision::text ->> 1)::integer;
      insert into event_profile as p (name, denied, intercepted) values (c.facts ->> 'name', denied_now, intercepted_now)
      on conflict (name) do update set denied = excluded.denied, intercepted = excluded.intercepted
        where (p.denied, p.intercepted) is distinct from (excluded.denied, excluded.intercepted);
      if found then
        select array_agg(distinct h.account_id) into nodes from event_hold h where h.profile = c.facts ->> 'name';
        if nodes is not null then
          perform sum_event_holds(nodes);
          derived := derived + derive_event(nodes, c.revision, null, c.facts ->> 'name');
        end if;
      end if;
    else
      delete from event_profile p where p.name = c.facts ->> 'name';
    end if;
    reached := c.revision;
  end loop;
  reached := p_through;
end $function$;

CREATE OR REPLACE FUNCTION public.ensure_change_partitions(p_span bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO '$user', 'public'
AS $function$
declare
  here bigint := (select revision from change_counter);
  low bigint;
begin
  perform pg_advisory_xact_lock(4266602);
  foreach low in array array[here / p_span * p_span, (here / p_span + 1) * p_span] loop
    continue when to_regclass('change_from_' || low) is not null;
    -- What the default partition already took stays there.
    continue when exists (select from change_default where revision >= low and revision < low + p_span);
    execute format('create table change_from_%s partition of change for values from (%s) to (%s)', low, low, low + p_span);
    execute format('comment on table change_from_%s is %L', low, 'One span of the change log.');
  end loop;
end $function$;

CREATE OR REPLACE FUNCTION public.event_type(p_before text, p_after text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (p_before IS NULL) THEN 'account.created'::text WHEN (p_before = p_after) THEN 'account.restrictions_changed'::text WHEN (p_after = 'active'::text) THEN 'account.resumed'::text ELSE ('account.'::text || p_after) END;

CREATE OR REPLACE FUNCTION public.fill_event_shadows()
 RETURNS void
 LANGUAGE sql
 SET search_path TO '$user', 'public'
AS $function$
  delete from event_account;
  delete from event_standing;
  delete from event_hold;
  delete from event_profile;
  insert into event_profile (name, denied, intercepted) select name, denied, intercepted from profile;
  insert into event_hold (hold, account_id, profile)
    select h.uuid, h.entity_id, h.profile from hold h join entity e on e.id = h.entity_id
    where e.kind = 'account' and h.activated_at is not null and h.ended_at is null;
  insert into event_account (account_id, ancestors, own_denied, own_intercepted, is_closed)
    select e.id, e.ancestors, coalesce(m.denied, 0), coalesce(m.intercepted, 0), e.closed_at is not null
    from entity e left join (
      select h.account_id, bit_or(p.denied) as denied, bit_or(p.intercepted) as intercepted
      from event_hold h join event_profile p on p.name = h.profile group by h.account_id
    ) m on m.account_id = e.id
    where e.kind = 'account';
  with held as (select * from event_account where own_denied | own_intercepted <> 0 or is_closed),
    reached as (
      select a.account_id, bit_or(h.own_denied) as denied, bit_or(h.own_intercepted) as intercepted, bool_or(h.is_closed) as closed
      from event_account a cross join unnest(a.ancestors) u (id) join held h on h.account_id = u.id group by a.account_id
    )
    insert into event_standing (account_id, denied, intercepted, closed)
    select a.account_id, case when r.closed then 8191 else coalesce(r.denied, 0) end,
      case when r.closed then 0 else coalesce(r.intercepted & ~r.denied, 0) end, coalesce(r.closed, false)
    from event_account a left join reached r on r.account_id = a.account_id;
$function$;

CREATE OR REPLACE FUNCTION public.hmac_sha256(p_message bytea, p_inner_pad bytea, p_outer_pad bytea)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN sha256((p_outer_pad || sha256((p_inner_pad || p_message))));

CREATE OR REPLACE FUNCTION public.level_of(p_account bigint)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
  select case when p_account = 0 then 'platform' when a.reseller then 'reseller' else 'customer' end
  from account a where a.entity_id = p_account
$function$;

CREATE OR REPLACE FUNCTION public.list_beneath(p_entity bigint, p_limit integer)
 RETURNS SETOF bigint
 LANGUAGE sql
 STABLE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
  with recursive beneath (id) as (
    select p_entity
    union
    select c.id from beneath b cross join lateral (
      (select e.id from entity e where e.parent_id = b.id limit p_limit)
      union all
      (select e.id from entity e where e.owner_id = b.id limit p_limit)
    ) c
  )
  select id from beneath limit p_limit
$function$;

CREATE OR REPLACE FUNCTION public.lock_credits(p_accounts bigint[], p_alone boolean)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.mark_dns(p_first bigint, p_at timestamp with time zone, p_changes jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.path_of(p_entity bigint)
 RETURNS bigint[]
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.recount_credits()
 RETURNS TABLE(account_id bigint, credit text, used integer)
 LANGUAGE sql
 STABLE
 SET search_path TO '$user', 'public'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.release_pending(p_entity bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function release_pending(bigint) is 'A closed number is free when its providers have confirmed that they took it back, or a person has acknowledged that they will not.';

CREATE OR REPLACE FUNCTION public.restrictions(p_entity bigint, OUT denied integer, OUT intercepted integer, OUT closed boolean, OUT owner_closed boolean, OUT governing_hold bigint, OUT line bigint[], OUT owner_line bigint[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.revision_at(p_at timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
declare
  high bigint := (select c.revision from change_counter c);
  low bigint := coalesce((select min(c.revision) from change c), high + 1) - 1;
  middle bigint;
begin
  while low < high loop
    middle := (low + high + 1) / 2;
    if (select c.at from change c where c.revision = middle) <= p_at then low := middle; else high := middle - 1; end if;
  end loop;
  return low;
end $function$;

CREATE OR REPLACE FUNCTION public.standing_word(p_denied integer, p_intercepted integer, p_closed boolean)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_closed THEN 'closed'::text WHEN ((p_denied | p_intercepted) = 0) THEN 'active'::text WHEN ((p_denied & (8191 - 8)) = (8191 - 8)) THEN 'suspended'::text ELSE 'limited'::text END;

CREATE OR REPLACE FUNCTION public.sum_event_holds(p_accounts bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  update event_account a set own_denied = m.denied, own_intercepted = m.intercepted
  from (
    select u.id, coalesce(bit_or(p.denied), 0) as denied, coalesce(bit_or(p.intercepted), 0) as intercepted
    from unnest(p_accounts) u (id)
    left join event_hold h on h.account_id = u.id left join event_profile p on p.name = h.profile
    group by u.id
  ) m
  where a.account_id = m.id and (a.own_denied, a.own_intercepted) is distinct from (m.denied, m.intercepted);
end $function$;

CREATE OR REPLACE FUNCTION public.target_facts(p_entity bigint, OUT denied integer, OUT intercepted integer, OUT closed boolean, OUT owner_closed boolean, OUT closed_since timestamp with time zone, OUT profiles text[], OUT profiles_since double precision[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
begin
  select r.denied, r.intercepted, r.closed, r.owner_closed into denied, intercepted, closed, owner_closed from restrictions(p_entity) r;
  if closed then closed_since := closed_since(p_entity); end if;
  profiles := '{}';
  profiles_since := '{}';
  if denied | intercepted = 0 then return; end if;
  select coalesce(array_agg(o.name order by o.place), '{}'), coalesce(array_agg(o.since order by o.place), '{}')
  into profiles, profiles_since from (
    select p.name, min(h.place) as place, extract(epoch from max(h.activated_at)) * 1000 as since
    from (
      select h.profile, h.activated_at, row_number() over (order by p.severity desc, h.authority_rank desc, h.placed_at, h.id) as place
      from hold h join profile p on p.name = h.profile
      where h.entity_id = any (path_of(p_entity)) and h.activated_at is not null and h.ended_at is null
    ) h join profile p on p.name = h.profile
    group by p.name
  ) o;
end $function$;

CREATE OR REPLACE FUNCTION public.target_outcome(p_target target)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((p_target).generation_applied >= (p_target).generation_desired) THEN CASE WHEN (p_target).is_drifted THEN 'drifted'::text ELSE 'confirmed'::text END WHEN ((p_target).acknowledged_at IS NOT NULL) THEN 'acknowledged'::text WHEN (p_target).needs_person THEN 'failed'::text WHEN ((p_target).task IS NOT NULL) THEN 'waiting'::text WHEN ((p_target).attempts > 0) THEN 'retrying'::text ELSE 'pending'::text END;

CREATE OR REPLACE FUNCTION public.using_account(p_entity bigint)
 RETURNS bigint
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  select case when e.kind = 'account' then e.id else coalesce(e.owner_id, account_of(e.id)) end from entity e where e.id = p_entity
$function$;
comment on function using_account(bigint) is 'The account that uses an entity: its owner, else the account that contains it; an account itself.';

CREATE OR REPLACE FUNCTION enforce.admit(p_server text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO '$user', 'public'
AS $function$
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
end $function$;
comment on function enforce.admit(text) is 'Makes the role of a kind of server where it is missing, and grants it what is its. For owners of the database only.';

CREATE OR REPLACE FUNCTION enforce.dovecot_login(p_entity bigint, OUT password text, OUT nologin text, OUT reason text, OUT send_nets text)
 RETURNS record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
declare
  read_bit constant integer := 512;
  send_bit constant integer := 1024;
  touched integer;
begin
  select m.password_hash into password from mailbox m where m.entity_id = p_entity;
  select r.denied | r.intercepted into touched from restrictions(p_entity) r;
  if touched & read_bit <> 0 then
    nologin := 'y';
    select f.refusal_text into reason from enforce.dovecot_refusal(p_entity, read_bit) f;
  end if;
  if touched & send_bit <> 0 then send_nets := '255.255.255.255'; end if;
end $function$;
comment on function enforce.dovecot_login(bigint) is 'A mailbox with its password hash, and why it may not log in for reading or submit, as the columns of dovecot_passdb.';

CREATE OR REPLACE FUNCTION enforce.dovecot_place(p_entity bigint, OUT home text, OUT quota_rule text, OUT delivery text)
 RETURNS record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
declare
  receive_bit constant integer := 2048;
begin
  select m.home, '*:storage=' || m.quota_megabytes || 'M' into home, quota_rule from mailbox m where m.entity_id = p_entity;
  delivery := 'take';
  if (select (r.denied | r.intercepted) & receive_bit from restrictions(p_entity) r) = 0 then return; end if;
  select case when f.is_final then 'refuse' else 'defer' end into delivery from enforce.dovecot_refusal(p_entity, receive_bit) f;
end $function$;
comment on function enforce.dovecot_place(bigint) is 'Where the mail of a mailbox lies, its quota, and whether deliveries are accepted now.';

CREATE OR REPLACE FUNCTION enforce.dovecot_receives(p_entity bigint)
 RETURNS text
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
declare
  receive_bit constant integer := 2048;
  worded record;
begin
  if (select (r.denied | r.intercepted) & receive_bit from restrictions(p_entity) r) = 0 then return null; end if;
  select f.refusal_text, f.is_final into worded from enforce.dovecot_refusal(p_entity, receive_bit) f;
  return case when worded.is_final then '550 5.2.1 ' else '450 4.2.1 ' end || worded.refusal_text;
end $function$;
comment on function enforce.dovecot_receives(bigint) is 'How Postfix answers mail for a mailbox that may not receive; null where it may.';

CREATE OR REPLACE FUNCTION enforce.dovecot_refusal(p_entity bigint, p_action integer, OUT refusal_text text, OUT is_final boolean)
 RETURNS record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
declare
  worded record;
begin
  is_final := false;
  select r.refusal_text, r.hold, r.systems into worded from enforce.refusal(p_entity, p_action) r;
  if not found then return; end if;
  refusal_text := enforce.dovecot_text(worded.refusal_text);
  -- A closed line stays closed: there is nothing to wait for.
  is_final := worded.hold is null or worded.systems -> 'postfix' ->> 'answer' = 'reject';
end $function$;
comment on function enforce.dovecot_refusal(bigint,integer) is 'The words with which an action (its bit) of a mailbox is refused, and whether Postfix is to reject for good; no text where the action is not touched.';

CREATE OR REPLACE FUNCTION enforce.dovecot_sends(p_entity bigint)
 RETURNS text
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
declare
  send_bit constant integer := 1024;
begin
  if (select (r.denied | r.intercepted) & send_bit from restrictions(p_entity) r) = 0 then return null; end if;
  return (select '550 5.7.1 ' || f.refusal_text from enforce.dovecot_refusal(p_entity, send_bit) f);
end $function$;
comment on function enforce.dovecot_sends(bigint) is 'How Postfix answers a submission of a mailbox that may not send; null where it may.';

CREATE OR REPLACE FUNCTION enforce.dovecot_serves(p_domain text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
declare
  most constant integer := 1000;
  seen integer := 0;
  mailbox bigint;
begin
  for mailbox in
    select i.entity_id from identifier i where i.scheme = 'mail' and split_part(i.value, '@', 2) = p_domain
    order by i.entity_id desc limit most
  loop
    if closed_since(mailbox) is null then return true; end if;
    seen := seen + 1;
  end loop;
  return seen = most;
end $function$;
comment on function enforce.dovecot_serves(text) is 'Whether a domain has a mailbox that is not closed. Of more than 1,000 closed ones it says yes without looking further.';

CREATE OR REPLACE FUNCTION enforce.dovecot_text(p_text text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN COALESCE(NULLIF(TRIM(BOTH FROM regexp_replace(p_text, '[^\x20-\x7e]+'::text, '?'::text, 'g'::text)), ''::text), 'Account suspended'::text);
comment on function enforce.dovecot_text(text) is 'A text as protocols of mail can carry it: printable ASCII.';

CREATE OR REPLACE FUNCTION enforce.kamailio_caller(p_address text, p_username text, p_domain text, p_action integer, OUT source text, OUT name text, OUT local integer, OUT transit integer, OUT realm text, OUT ha1 text, OUT ha1b text, OUT emergency text, OUT path text, OUT effect text, OUT code integer, OUT reason text, OUT profile text, OUT announcement text, OUT redirect text)
 RETURNS SETOF record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER ROWS 1
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.kamailio_caller(text,text,text,integer) is 'Who sends a request: the peer at an address, else the SIP account username@domain, else nobody; with its digests and what an action (its bit) of it comes to.';

CREATE OR REPLACE FUNCTION enforce.kamailio_destination(p_username text, p_host text, p_here integer, p_action integer, p_path text, OUT outcome text, OUT name text, OUT target text, OUT number text, OUT path text, OUT effect text, OUT code integer, OUT reason text, OUT profile text, OUT announcement text, OUT redirect text)
 RETURNS SETOF record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER ROWS 1
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.kamailio_destination(text,text,integer,integer,text) is 'Where a call or message to username@host leads to over numbers and aliases, the nodes that reach what it passes together with those of p_path, and what an action (its bit) comes to.';

CREATE OR REPLACE FUNCTION enforce.kamailio_entity(p_username text, p_host text, p_here integer)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.kamailio_entity(text,text,integer) is 'The entity that username@host names, or an E.164 number at this server (p_here = 1) or at a domain of ours.';

CREATE OR REPLACE FUNCTION enforce.kamailio_line(p_entity bigint, p_action integer, OUT username text, OUT domain text, OUT realm text, OUT ha1 text, OUT ha1b text, OUT emergency text, OUT path text, OUT effect text, OUT code integer, OUT reason text, OUT profile text, OUT announcement text, OUT redirect text)
 RETURNS SETOF record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER ROWS 1
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.kamailio_line(bigint,integer) is 'A SIP account with its digests, and what an action (its bit) of it comes to.';

CREATE OR REPLACE FUNCTION enforce.kamailio_realm(p_aor text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
declare
  found_entity bigint;
  own text;
begin
  select i.entity_id into found_entity from identifier i where i.scheme = 'sip' and i.value = p_aor;
  select a.realm into own from sip_account a where a.entity_id = found_entity;
  return own;
end $function$;
comment on function enforce.kamailio_realm(text) is 'The realm of an account that has another than its domain; null for all others, unknown ones too.';

CREATE OR REPLACE FUNCTION enforce.kamailio_registration(p_aor text, OUT realm text, OUT ha1 text, OUT ha1b text, OUT path text, OUT effect text, OUT code integer, OUT reason text, OUT profile text)
 RETURNS SETOF record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER ROWS 1
 SET search_path TO '$user', 'public'
AS $function$
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
end $function$;
comment on function enforce.kamailio_registration(text) is 'The row of kamailio_subscriber for one address of record (realm, digests, path, and what registering comes to), by plans that are kept.';

CREATE OR REPLACE FUNCTION enforce.kamailio_standing(p_entity bigint, p_parent bigint, p_action integer, p_disabled boolean, OUT emergency text, OUT path text, OUT effect text, OUT code integer, OUT reason text, OUT profile text, OUT announcement text, OUT redirect text)
 RETURNS record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.kamailio_standing(bigint,bigint,integer,boolean) is 'What an action of one entity comes to, whether emergency calls from it are closed, and the nodes that reach it.';

CREATE OR REPLACE FUNCTION enforce.kamailio_verdict(p_nodes bigint[], p_action integer, p_denied integer, p_intercepted integer, p_closed boolean, p_owner_closed boolean, p_target_closed boolean, p_disabled boolean, OUT effect text, OUT code integer, OUT reason text, OUT profile text, OUT announcement text, OUT redirect text)
 RETURNS record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.kamailio_verdict(bigint[],integer,integer,integer,boolean,boolean,boolean,boolean) is 'What an action (its bit) comes to where something touches it: deny or intercept, with the code, words, profile, announcement and redirection of the hold that words it.';

CREATE OR REPLACE FUNCTION enforce.powerdns_address(p_text text)
 RETURNS inet
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
begin
  if p_text !~ '^(\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?|[0-9A-Fa-f:.]+)$' then return null; end if;
  return host(regexp_replace(regexp_replace(p_text, '^\[(.*)\](:[0-9]+)?$', '\1'), '^([0-9.]+):[0-9]+$', '\1')::inet)::inet;
exception
  when invalid_text_representation then return null;
end $function$;
comment on function enforce.powerdns_address(text) is 'The IP address of a text such as 192.0.2.53, 192.0.2.53:5300, 2001:db8::53 or [2001:db8::53]:5300; null for anything else.';

CREATE OR REPLACE FUNCTION enforce.powerdns_answer(p_zone bigint, OUT answer text, OUT settings jsonb, OUT line bigint[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.powerdns_answer(bigint) is 'What a zone or ENUM range answers now: served, refused, nxdomain or parked, with the settings systems.powerdns of the profile that says so, and the accounts on its line.';

CREATE OR REPLACE FUNCTION enforce.powerdns_apex(p_zone bigint, OUT wildcard boolean, OUT type text, OUT content text, OUT ttl integer)
 RETURNS SETOF record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER ROWS 4
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.powerdns_apex(bigint) is 'The records that a zone or ENUM range has by itself now: SOA, NS, and parking addresses (wildcard: for all names beneath). None while it is refused.';

CREATE OR REPLACE FUNCTION enforce.powerdns_at(p_name text, p_zone bigint, p_type text DEFAULT NULL::text)
 RETURNS TABLE(domain_id bigint, name text, type text, content text, ttl integer, prio integer, disabled integer, auth integer)
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER ROWS 4
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.powerdns_at(text,bigint,text) is 'The records at one name of one zone or ENUM range (its number), of one type or of all, with the columns of powerdns_records.';

CREATE OR REPLACE FUNCTION enforce.powerdns_judged(p_name text, p_zone bigint, p_type text DEFAULT NULL::text)
 RETURNS TABLE(domain_id bigint, name text, type text, content text, ttl integer, prio integer, disabled integer, auth integer)
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER ROWS 4
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.powerdns_judged(text,bigint,text) is 'The same as powerdns_at, for any zone or ENUM range in any standing.';

CREATE OR REPLACE FUNCTION enforce.powerdns_list(p_zone bigint)
 RETURNS TABLE(domain_id bigint, name text, type text, content text, ttl integer, prio integer, disabled integer, auth integer)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.powerdns_list(bigint) is 'Every record of one zone or ENUM range that is served now, with the columns of powerdns_records.';

CREATE OR REPLACE FUNCTION enforce.powerdns_name(p_scheme text, p_value text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (p_scheme = 'dns'::text) THEN p_value ELSE (regexp_replace(reverse(split_part(p_value, '.'::text, 1)), '(.)'::text, '\1.'::text, 'g'::text) || substr(p_value, (strpos(p_value, '.'::text) + 1))) END;
comment on function enforce.powerdns_name(text,text) is 'The DNS name of an identifier of the schemes dns, enum-range and enum, lower case without trailing dot.';

CREATE OR REPLACE FUNCTION enforce.powerdns_naptr(p_mapping jsonb)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
begin
  return concat_ws(' ', p_mapping ->> 'order', p_mapping ->> 'preference', enforce.powerdns_quote(p_mapping ->> 'flags'),
    enforce.powerdns_quote(p_mapping ->> 'service'), enforce.powerdns_quote(p_mapping ->> 'regexp'),
    coalesce(nullif(p_mapping ->> 'replacement', ''), '.'));
end $function$;
comment on function enforce.powerdns_naptr(jsonb) is 'A mapping of an ENUM number as the content of a NAPTR record (RFC 3403 section 4.1).';

CREATE OR REPLACE FUNCTION enforce.powerdns_number(p_number bigint, OUT domain_id bigint, OUT content text, OUT ttl integer)
 RETURNS SETOF record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER ROWS 1
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
#variable_conflict use_column
begin
  if not enforce.powerdns_shown(p_number) then return; end if;
  return query
    select e.parent_id, enforce.powerdns_naptr(m.value), coalesce((m.value ->> 'ttl')::integer, g.ttl)
    from enum_number n join entity e on e.id = n.entity_id join enum_range g on g.entity_id = e.parent_id
      cross join lateral jsonb_array_elements(n.mappings) m
    where n.entity_id = p_number;
end $function$;
comment on function enforce.powerdns_number(bigint) is 'The NAPTR records of an ENUM number that is served now, with the number of its range.';

CREATE OR REPLACE FUNCTION enforce.powerdns_passes(p_entity bigint, p_owner bigint, p_closed timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER COST 1000
 SET search_path TO '$user', 'public'
AS $function$
begin
  if p_closed is not null then return false; end if;
  if p_owner is null and not exists (
    select from hold h where h.entity_id = p_entity and h.activated_at is not null and h.ended_at is null) then return true; end if;
  return enforce.powerdns_shown(p_entity);
end $function$;
comment on function enforce.powerdns_passes(bigint,bigint,timestamp with time zone) is 'Whether a DNS record or an ENUM number of a zone that is served is served too, given its owner and when it was closed.';

CREATE OR REPLACE FUNCTION enforce.powerdns_quote(p_text text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
end $function$;
comment on function enforce.powerdns_quote(text) is 'A character-string in presentation form (RFC 1035 section 5.1).';

CREATE OR REPLACE FUNCTION enforce.powerdns_raised(p_stored bigint, p_by bigint)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (((((p_stored + p_by) - 1) + '4294967295'::bigint) % '4294967295'::bigint) + 1);
comment on function enforce.powerdns_raised(bigint,bigint) is 'A serial raised by a number of changes.';

CREATE OR REPLACE FUNCTION enforce.powerdns_serial(p_zone bigint, p_stored bigint, p_line bigint[] DEFAULT NULL::bigint[], OUT serial bigint, OUT changed_at timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.powerdns_serial(bigint,bigint,bigint[]) is 'The SOA serial of a zone or ENUM range whose stored serial is given, with the accounts on its line where they are known, and when something that reaches it changed last.';

CREATE OR REPLACE FUNCTION enforce.powerdns_shown(p_entity bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER COST 1000
 SET search_path TO '$user', 'public'
AS $function$
begin
  return (select (r.denied | r.intercepted) & 256 = 0 from restrictions(p_entity) r);
end $function$;
comment on function enforce.powerdns_shown(bigint) is 'Whether a DNS record or an ENUM number is served now.';

CREATE OR REPLACE FUNCTION enforce.powerdns_soa(p_zone text, p_nameservers text[], p_email text, p_serial bigint, p_refresh integer, p_retry integer, p_expire integer, p_minimum integer)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN concat_ws(' '::text, COALESCE((p_nameservers)[1], p_zone), CASE WHEN (p_email ~ '^[a-z0-9._+-]+@'::text) THEN ((replace(split_part(p_email, '@'::text, 1), '.'::text, '\.'::text) || '.'::text) || split_part(p_email, '@'::text, 2)) ELSE ('hostmaster.'::text || p_zone) END, p_serial, p_refresh, p_retry, p_expire, p_minimum);
comment on function enforce.powerdns_soa(text,text[],text,bigint,integer,integer,integer,integer) is 'The content of an SOA record.';

CREATE OR REPLACE FUNCTION enforce.radius_credential(p_entity bigint, p_scheme text, OUT attribute text, OUT value text)
 RETURNS record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
begin
  if p_scheme = 'sip' then
    select 'Digest-HA1', s.ha1 into attribute, value from sip_account s where s.entity_id = p_entity and s.enabled;
  else
    select p.attribute, p.value into attribute, value
    from mailbox m cross join lateral enforce.radius_password(m.password_hash) p where m.entity_id = p_entity;
  end if;
end $function$;
comment on function enforce.radius_credential(bigint,text) is 'With what a SIP account or a mailbox proves itself: attribute and value.';

CREATE OR REPLACE FUNCTION enforce.radius_password(p_hash text, OUT attribute text, OUT value text)
 RETURNS record
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
declare
  scheme constant text := upper(substring(p_hash from '^\{([^}]*)\}'));
  rest constant text := substring(p_hash from '^\{[^}]*\}(.*)$');
begin
  case
    when scheme in ('CRYPT', 'DES-CRYPT', 'MD5-CRYPT', 'SHA256-CRYPT', 'SHA512-CRYPT', 'BLF-CRYPT') then
      attribute := 'Crypt-Password';
      value := rest;
    when scheme in ('SHA', 'SSHA', 'SHA256', 'SSHA256', 'SHA512', 'SSHA512') then
      attribute := 'Password-With-Header';
      value := '{' || lower(scheme) || '}' || rest;
    when scheme in ('PLAIN', 'CLEAR', 'CLEARTEXT') then
      attribute := 'Cleartext-Password';
      value := rest;
    else null; -- Such as ARGON2ID: to FreeRADIUS no password is right.
  end case;
end $function$;
comment on function enforce.radius_password(text) is 'A password hash as an attribute that FreeRADIUS verifies; none where it cannot.';

CREATE OR REPLACE FUNCTION enforce.radius_verdict(p_entity bigint, p_scheme text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
declare
  register_bit constant integer := 1;
  read_bit constant integer := 512;
  action constant integer := case p_scheme when 'sip' then register_bit else read_bit end;
  worded record;
  said text;
  pool text;
begin
  if (select (r.denied | r.intercepted) & action from restrictions(p_entity) r) = 0 then return 'accept'; end if;
  select r.refusal_text, r.systems -> 'radius' as settings into worded from enforce.refusal(p_entity, action) r;
  said := coalesce(nullif(trim(regexp_replace(worded.refusal_text, '[^\x20-\x7e]+', '?', 'g')), ''), 'Account suspended');
  if worded.settings ->> 'answer' = 'pool' then
    pool := worded.settings ->> 'pool';
    -- A name that cannot stand in a reply is not used.
    if pool is null or pool !~ '^[A-Za-z0-9_.-]{1,64}$' then pool := 'walled-garden'; end if;
    return 'pool ' || pool || ' ' || said;
  end if;
  return 'reject ' || said;
end $function$;
comment on function enforce.radius_verdict(bigint,text) is 'What a subject that has proved itself is answered while it is held; null where it is not.';

CREATE OR REPLACE FUNCTION enforce.refusal(p_entity bigint, p_action integer, OUT sip_code integer, OUT http_code integer, OUT refusal_text text, OUT profile text, OUT announcement text, OUT sessions text, OUT systems jsonb, OUT hold uuid)
 RETURNS SETOF record
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE SECURITY DEFINER ROWS 1
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
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
end $function$;
comment on function enforce.refusal(bigint,integer) is 'How an action (its bit) of an entity is refused now: codes and text of the hold that words it, its profile with its settings for systems, and the hold. No row where the action is not touched.';

comment on schema enforce is 'Read by the servers that enforce: views named after the server, which its role abeyance_<server> may read. Columns are only ever added, at the end.';

grant execute on function enforce.dovecot_login(bigint) to abeyance_dovecot;
grant execute on function enforce.dovecot_place(bigint) to abeyance_dovecot;
grant execute on function enforce.dovecot_receives(bigint) to abeyance_dovecot;
grant execute on function enforce.dovecot_refusal(bigint,integer) to abeyance_dovecot;
grant execute on function enforce.dovecot_sends(bigint) to abeyance_dovecot;
grant execute on function enforce.dovecot_serves(text) to abeyance_dovecot;
grant execute on function enforce.dovecot_text(text) to abeyance_dovecot;
grant execute on function enforce.kamailio_caller(text,text,text,integer) to abeyance_kamailio;
grant execute on function enforce.kamailio_destination(text,text,integer,integer,text) to abeyance_kamailio;
grant execute on function enforce.kamailio_entity(text,text,integer) to abeyance_kamailio;
grant execute on function enforce.kamailio_line(bigint,integer) to abeyance_kamailio;
grant execute on function enforce.kamailio_realm(text) to abeyance_kamailio;
grant execute on function enforce.kamailio_registration(text) to abeyance_kamailio;
grant execute on function enforce.kamailio_standing(bigint,bigint,integer,boolean) to abeyance_kamailio;
grant execute on function enforce.kamailio_verdict(bigint[],integer,integer,integer,boolean,boolean,boolean,boolean) to abeyance_kamailio;
grant execute on function enforce.powerdns_address(text) to abeyance_powerdns;
grant execute on function enforce.powerdns_answer(bigint) to abeyance_powerdns;
grant execute on function enforce.powerdns_apex(bigint) to abeyance_powerdns;
grant execute on function enforce.powerdns_at(text,bigint,text) to abeyance_powerdns;
grant execute on function enforce.powerdns_judged(text,bigint,text) to abeyance_powerdns;
grant execute on function enforce.powerdns_list(bigint) to abeyance_powerdns;
grant execute on function enforce.powerdns_name(text,text) to abeyance_powerdns;
grant execute on function enforce.powerdns_naptr(jsonb) to abeyance_powerdns;
grant execute on function enforce.powerdns_number(bigint) to abeyance_powerdns;
grant execute on function enforce.powerdns_passes(bigint,bigint,timestamp with time zone) to abeyance_powerdns;
grant execute on function enforce.powerdns_quote(text) to abeyance_powerdns;
grant execute on function enforce.powerdns_raised(bigint,bigint) to abeyance_powerdns;
grant execute on function enforce.powerdns_serial(bigint,bigint,bigint[]) to abeyance_powerdns;
grant execute on function enforce.powerdns_shown(bigint) to abeyance_powerdns;
grant execute on function enforce.powerdns_soa(text,text[],text,bigint,integer,integer,integer,integer) to abeyance_powerdns;
grant execute on function enforce.radius_credential(bigint,text) to abeyance_radius;
grant execute on function enforce.radius_password(text) to abeyance_radius;
grant execute on function enforce.radius_verdict(bigint,text) to abeyance_radius;
grant execute on function enforce.refusal(bigint,integer) to abeyance_dovecot;
grant execute on function enforce.refusal(bigint,integer) to abeyance_kamailio;
grant execute on function enforce.refusal(bigint,integer) to abeyance_powerdns;
grant execute on function enforce.refusal(bigint,integer) to abeyance_radius;
grant execute on function restrictions(bigint) to abeyance_dovecot;
grant execute on function restrictions(bigint) to abeyance_kamailio;
grant execute on function restrictions(bigint) to abeyance_powerdns;
grant execute on function restrictions(bigint) to abeyance_radius;
grant select on enforce.dovecot_passdb to abeyance_dovecot;
grant select on enforce.dovecot_postfix_login to abeyance_dovecot;
grant select on enforce.dovecot_postfix_mailbox to abeyance_dovecot;
grant select on enforce.dovecot_postfix_recipient to abeyance_dovecot;
grant select on enforce.dovecot_postfix_sender to abeyance_dovecot;
grant select on enforce.dovecot_userdb to abeyance_dovecot;
grant select on enforce.kamailio_override to abeyance_kamailio;
grant select on enforce.kamailio_peer to abeyance_kamailio;
grant select on enforce.kamailio_subscriber to abeyance_kamailio;
grant select on enforce.powerdns_domainmetadata to abeyance_powerdns;
grant select on enforce.powerdns_domains to abeyance_powerdns;
grant select on enforce.powerdns_primaries to abeyance_powerdns;
grant select on enforce.powerdns_records to abeyance_powerdns;
grant select on enforce.radius_check to abeyance_radius;
grant select on enforce.radius_hold to abeyance_radius;
grant usage on schema enforce to abeyance_dovecot;
grant usage on schema enforce to abeyance_kamailio;
grant usage on schema enforce to abeyance_powerdns;
grant usage on schema enforce to abeyance_radius;
