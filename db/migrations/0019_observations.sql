-- What servers refused, as they report it: counted by subject, action and minute, apart from the log of changes.

create table observation (
  minute timestamptz not null,
  id bigint generated always as identity,
  entity_id bigint,
  action text not null,
  source text not null,
  effect text not null,
  profile text,
  code integer,
  count bigint not null,
  constraint observation_pkey primary key (minute, id),
  constraint observation_key unique nulls not distinct (entity_id, minute, action, source, effect, profile, code),
  constraint observation_entity_fkey foreign key (entity_id) references entity (id),
  constraint observation_effect_check check (effect in ('deny', 'intercept')),
  constraint observation_count_check check (count > 0)
);
comment on table observation is
  'What servers of the network refused, counted by subject and minute. Written by POST /v1/observations alone, and swept by the housekeeping; no part of the log of changes.';
comment on column observation.minute is 'The minute in which it was refused, by the clock of the server that did.';
comment on column observation.entity_id is 'The subject; null where the name was nobody''s, or of nobody whom the reporter may see. The name itself is not kept.';
comment on column observation.source is 'The server, by the name that it gives itself.';
comment on column observation.code is 'The SIP or HTTP status, or another code of the protocol, that it answered with.';
