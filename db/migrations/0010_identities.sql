-- Who may act: logins of accounts, their keys and sessions, and roles of an account's own making.

create table role (
  account_id bigint not null,
  name text not null,
  description text not null default '',
  permissions text[] not null,
  subject text not null,
  updated_at timestamptz not null default now(),
  constraint role_pkey primary key (account_id, name),
  constraint role_account_fkey foreign key (account_id) references entity (id),
  constraint role_subject_check check (subject in ('wish', 'technical', 'billing', 'general', 'fraud', 'legal'))
);
comment on table role is
  'Roles beside the built-in ones; each counts for the account that made it and all beneath. Written by the role operations.';

create table login (
  id uuid not null default gen_random_uuid(),
  account_id bigint not null,
  name text not null,
  role text not null,
  password_hash text,
  enabled boolean not null default true,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  password_changed_at timestamptz,
  last_used_at timestamptz,
  constraint login_pkey primary key (id),
  constraint login_name_key unique (name),
  constraint login_account_fkey foreign key (account_id) references entity (id)
);
comment on table login is 'Who signs in for an account. Written by the login operations; last_used_at now and then.';
comment on column login.version is 'Raised by whatever makes what was verified before invalid: password, role, enabled.';
create index login_account_idx on login (account_id, name);

create table api_key (
  id uuid not null default gen_random_uuid(),
  login_id uuid not null,
  name text not null,
  digest bytea not null,
  scopes text[],
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  constraint api_key_pkey primary key (id),
  constraint api_key_digest_key unique (digest),
  constraint api_key_login_fkey foreign key (login_id) references login (id) on delete cascade
);
comment on table api_key is
  'Keys with which programs act for a login, by the SHA-256 of the key, which is shown once. Written by the key operations; last_used_at now and then.';
create index api_key_login_idx on api_key (login_id);

create table session (
  id uuid not null default gen_random_uuid(),
  login_id uuid not null,
  digest bytea not null,
  address text,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint session_pkey primary key (id),
  constraint session_digest_key unique (digest),
  constraint session_login_fkey foreign key (login_id) references login (id) on delete cascade
);
comment on table session is
  'Sign-ins of browsers, by the SHA-256 of the cookie. Written at sign-in and sign-out; last_seen_at each minute; swept when over.';
create index session_login_idx on session (login_id);
create index session_expires_idx on session (expires_at);

create table sign_in_attempt (
  subject bytea not null,
  failures integer not null,
  last_at timestamptz not null,
  locked_until timestamptz,
  constraint sign_in_attempt_pkey primary key (subject)
);
comment on table sign_in_attempt is
  'Failed sign-ins by name and by address, as keyed digests. Written by sign-in; swept after a day.';
create index sign_in_attempt_last_idx on sign_in_attempt (last_at);

-- Everything that says what a login may do now: itself, its role, the key or session that it comes with, and how its own
-- account stands. acts_as is the account that it acts as: its own; its reseller, where the account impersonates that; or
-- the given one, where that lies beneath.
create function actor_facts(p_login uuid, p_key uuid, p_session uuid, p_act_as bigint, p_idle interval,
  out name text, out version integer, out enabled boolean, out role text, out role_permissions text[],
  out role_subject text, out credential_ok boolean, out expires_at timestamptz, out scopes text[], out own_account bigint, out own_line bigint[],
  out denied integer, out closed boolean, out held_by_itself boolean, out acts_as bigint, out level text,
  out inactive_reseller boolean)
language plpgsql stable set search_path from current set enable_seqscan = off as $$
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
end $$;
