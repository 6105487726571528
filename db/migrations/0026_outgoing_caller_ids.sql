-- Numbers that an account shows as its own when it calls, as the account API of Restcomm keeps them.

create table outgoing_caller_id (
  id bigint generated always as identity,
  uuid uuid not null default gen_random_uuid(),
  account_id bigint not null,
  phone_number text not null,
  friendly_name text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint outgoing_caller_id_pkey primary key (id),
  constraint outgoing_caller_id_uuid_key unique (uuid),
  constraint outgoing_caller_id_account_fkey foreign key (account_id) references entity (id)
);
comment on table outgoing_caller_id is
  'Numbers that an account may show when it calls. Written by the operations on caller ids; rows of a closed account stay, and go when it is erased.';
comment on column outgoing_caller_id.friendly_name is 'Null: it goes by its number.';
create index outgoing_caller_id_account_idx on outgoing_caller_id (account_id, id);
