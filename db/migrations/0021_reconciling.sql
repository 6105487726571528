-- By which name a system finds what it is told of.

create index foreign_system_idx on "foreign" (system, entity_id);
create index phone_number_provider_idx on phone_number (provider, entity_id) where provider is not null;
