-- From which change on a webhook is told of events: a revision, as times of one millisecond have no order.

alter table system add column after_revision bigint not null default 0;
comment on column system.after_revision is 'The last change before the system was made; a webhook is told of the events of later ones.';

update system set after_revision = revision_at(created_at - interval '1 millisecond') where kind = 'webhook';
