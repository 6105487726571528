-- The account APIs of Restcomm and Twilio have no plans; how much one of their requests may change has a limit of its own.

alter table login add column guard_limit integer;
comment on column login.guard_limit is
  'How many entities one request of this login on an account API may change; null: what ABEYANCE_FACE_GUARD_LIMIT says. Set by an account above.';
alter table login add constraint login_guard_check check (guard_limit between 1 and 1000000000);

create index account_organization_idx on account (organization_id) where organization_id is not null;
