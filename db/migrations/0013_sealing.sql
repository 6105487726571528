-- Secrets that Abeyance has to show again are sealed with the secret key of the installation, and so is the key of the
-- change log, which is the installation's own from now on. The database never sees what is inside.

alter table installation add column chain_secret_sealed bytea;
comment on column installation.chain_secret_sealed is
  'Sealed: the HMAC key of the change log. Made at the first start, sealed anew by rotate-secret.';

create table unsealed (
  place_table text not null,
  place_column text not null,
  row_id text not null,
  value text not null,
  constraint unsealed_pkey primary key (place_table, place_column, row_id)
);
comment on table unsealed is
  'Values that were stored before their column was sealed. Written by migrations; the next start seals and removes them.';

insert into unsealed select 'sip_domain', 'private_key', entity_id::text, private_key
  from sip_domain where private_key is not null;
alter table sip_domain drop column private_key;
alter table sip_domain add column private_key bytea;
comment on column sip_domain.private_key is 'Sealed: private key of the certificate, PEM.';

insert into unsealed select 'trusted_peer', 'auth_token', entity_id::text, auth_token
  from trusted_peer where auth_token is not null;
alter table trusted_peer drop column auth_token;
alter table trusted_peer add column auth_token bytea;
comment on column trusted_peer.auth_token is 'Sealed: token by which the peer proves itself.';
