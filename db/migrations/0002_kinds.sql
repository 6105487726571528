-- One table for each kind, with its typed columns; the rules of each field are in core/kinds.

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
  constraint account_pkey primary key (entity_id),
  constraint account_entity_fkey foreign key (entity_id) references entity (id),
  constraint account_impersonate_fkey foreign key (impersonate_id) references entity (id),
  constraint account_organization_fkey foreign key (organization_id) references entity (id)
);
comment on table account is 'Accounts: resellers, customers and whatever they group. Written by create and update.';

create table sip_domain (
  entity_id bigint not null,
  domain text not null,
  certificate text,
  private_key text,
  match_ip_address text,
  match_sip_domain text,
  verify_cert boolean not null,
  require_cert boolean not null,
  constraint sip_domain_pkey primary key (entity_id),
  constraint sip_domain_entity_fkey foreign key (entity_id) references entity (id)
);
comment on table sip_domain is 'SIP domains. Written by create and update.';

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
  constraint sip_account_pkey primary key (entity_id),
  constraint sip_account_entity_fkey foreign key (entity_id) references entity (id),
  constraint sip_account_voice_application_fkey foreign key (voice_application_id) references entity (id)
);
comment on table sip_account is 'SIP accounts: subscribers of a domain. Written by create and update.';

create table sip_alias (
  entity_id bigint not null,
  username text not null,
  target_id bigint,
  target_uri text,
  constraint sip_alias_pkey primary key (entity_id),
  constraint sip_alias_entity_fkey foreign key (entity_id) references entity (id),
  constraint sip_alias_target_fkey foreign key (target_id) references entity (id)
);
comment on table sip_alias is 'SIP aliases: other names of SIP accounts. Written by create and update.';

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
  auth_token text,
  constraint trusted_peer_pkey primary key (entity_id),
  constraint trusted_peer_entity_fkey foreign key (entity_id) references entity (id)
);
comment on table trusted_peer is 'Peers known by their address, such as a business PBX. Written by create and update.';

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
  constraint phone_number_pkey primary key (entity_id),
  constraint phone_number_entity_fkey foreign key (entity_id) references entity (id),
  constraint phone_number_domain_fkey foreign key (domain_id) references entity (id),
  constraint phone_number_target_fkey foreign key (target_id) references entity (id),
  constraint phone_number_voice_application_fkey foreign key (voice_application_id) references entity (id),
  constraint phone_number_sms_application_fkey foreign key (sms_application_id) references entity (id),
  constraint phone_number_ussd_application_fkey foreign key (ussd_application_id) references entity (id),
  constraint phone_number_refer_application_fkey foreign key (refer_application_id) references entity (id)
);
comment on table phone_number is 'Telephone numbers. Written by create and update.';

create table application (
  entity_id bigint not null,
  name text not null,
  medium text,
  url text,
  voice_caller_id_lookup boolean not null,
  constraint application_pkey primary key (entity_id),
  constraint application_entity_fkey foreign key (entity_id) references entity (id)
);
comment on table application is 'Applications that answer calls and messages. Written by create and update.';

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
  constraint enum_range_pkey primary key (entity_id),
  constraint enum_range_entity_fkey foreign key (entity_id) references entity (id)
);
comment on table enum_range is 'ENUM ranges: number blocks served in DNS. Written by create and update.';

create table enum_number (
  entity_id bigint not null,
  digits text not null,
  info text,
  mappings jsonb not null,
  constraint enum_number_pkey primary key (entity_id),
  constraint enum_number_entity_fkey foreign key (entity_id) references entity (id)
);
comment on table enum_number is 'ENUM numbers with their NAPTR records. Written by create and update.';

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
  constraint dns_zone_pkey primary key (entity_id),
  constraint dns_zone_entity_fkey foreign key (entity_id) references entity (id)
);
comment on table dns_zone is 'DNS zones. Written by create and update.';

create table dns_record (
  entity_id bigint not null,
  name text not null,
  type text not null,
  value text not null,
  priority integer,
  ttl integer,
  constraint dns_record_pkey primary key (entity_id),
  constraint dns_record_entity_fkey foreign key (entity_id) references entity (id)
);
comment on table dns_record is 'Records of DNS zones. Written by create and update.';

create table mailbox (
  entity_id bigint not null,
  address text not null,
  password_hash text,
  quota_megabytes integer,
  display_name text,
  home text,
  constraint mailbox_pkey primary key (entity_id),
  constraint mailbox_entity_fkey foreign key (entity_id) references entity (id)
);
comment on table mailbox is 'Mailboxes. Written by create and update.';

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
  constraint foreign_pkey primary key (entity_id),
  constraint foreign_entity_fkey foreign key (entity_id) references entity (id)
);
comment on table "foreign" is 'Resources of foreign platforms. Written by create and update.';

create index phone_number_target_idx on phone_number (target_id) where target_id is not null;
create index sip_alias_target_idx on sip_alias (target_id) where target_id is not null;

-- The root of the tree: the operator's own account.
insert into entity (id, kind, ancestors, label) values (0, 'account', array[0], 'Platform');
insert into account select * from jsonb_populate_record(null::account,
  '{"entity_id": 0, "name": "Platform", "reseller": false, "reseller_active": true, "account_type": "Full", "initialized": true, "properties": [], "use_custom_routing_profile": false, "use_tenant_language": false}');
select setval(pg_get_serial_sequence('entity', 'id'), 1, false);

