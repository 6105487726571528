-- What the account APIs of Restcomm and Twilio know an account by: a login of its own, and a token that is shown again.

alter table login add column is_account boolean not null default false;
comment on column login.is_account is
  'The account''s own: signs in by the account''s SID, or by its name where that is an e-mail. Its password hash is of the MD5 of the password. At most one for each account; never removed.';
create unique index login_account_own_key on login (account_id) where is_account;

alter table api_key add column token_sealed bytea;
comment on column api_key.token_sealed is
  'Sealed: the auth token of an account''s own login, which is shown again; null for every other key.';
create unique index api_key_token_key on api_key (login_id) where token_sealed is not null;
