-- What Dovecot and Postfix ask: who may log in, where mail goes, and how what is held is refused.

-- Postfix asks which domains are ours; the mailboxes name them.
create index identifier_mail_domain_idx on identifier (split_part(value, '@', 2), entity_id) where scheme = 'mail';

-- The text of a refusal as protocols of mail can carry it: printable ASCII.
create function enforce.dovecot_text(p_text text) returns text
language sql immutable parallel safe
return coalesce(nullif(trim(regexp_replace(p_text, '[^\x20-\x7e]+', '?', 'g')), ''), 'Account suspended');

-- The words with which an action of a mailbox is refused, and whether they came from a hold that asks Postfix to reject for good;
-- no text where the action is not touched.
create function enforce.dovecot_refusal(p_entity bigint, p_action integer, out refusal_text text, out is_final boolean)
language plpgsql stable parallel safe security definer set search_path from current as $$
declare
  worded record;
begin
  is_final := false;
  select r.refusal_text, r.hold, r.systems into worded from enforce.refusal(p_entity, p_action) r;
  if not found then return; end if;
  refusal_text := enforce.dovecot_text(worded.refusal_text);
  -- A closed line stays closed: there is nothing to wait for.
  is_final := worded.hold is null or worded.systems -> 'postfix' ->> 'answer' = 'reject';
end $$;

create function enforce.dovecot_login(p_entity bigint, out password text, out nologin text, out reason text,
  out send_nets text)
language plpgsql stable parallel safe security definer set search_path from current as $$
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
end $$;

create view enforce.dovecot_passdb as
select i.value as "user", l.password, l.nologin, l.reason, l.send_nets
from identifier i cross join lateral enforce.dovecot_login(i.entity_id) l
where i.scheme = 'mail';
comment on view enforce.dovecot_passdb is 'Who may log in: one row for each mailbox, held or not, so that a wrong password looks like any other.';
comment on column enforce.dovecot_passdb."user" is 'The address, in lower case.';
comment on column enforce.dovecot_passdb.password is 'The password hash with its scheme in braces; null: no password is right.';
comment on column enforce.dovecot_passdb.nologin is 'y where mail.read is denied or intercepted: the right password is refused with the reason; else null.';
comment on column enforce.dovecot_passdb.reason is 'How the hold words it, in printable ASCII; null where the login is allowed.';
comment on column enforce.dovecot_passdb.send_nets is
  'For submission, as allow_nets: an address that nobody has where mail.send is denied or intercepted; else null. nologin does not do here: Postfix takes it for a success.';

create function enforce.dovecot_place(p_entity bigint, out home text, out quota_rule text, out delivery text)
language plpgsql stable parallel safe security definer set search_path from current as $$
declare
  receive_bit constant integer := 2048;
begin
  select m.home, '*:storage=' || m.quota_megabytes || 'M' into home, quota_rule from mailbox m where m.entity_id = p_entity;
  delivery := 'take';
  if (select (r.denied | r.intercepted) & receive_bit from restrictions(p_entity) r) = 0 then return; end if;
  select case when f.is_final then 'refuse' else 'defer' end into delivery from enforce.dovecot_refusal(p_entity, receive_bit) f;
end $$;

create view enforce.dovecot_userdb as
select i.value as "user", p.home, p.quota_rule, p.delivery
from identifier i cross join lateral enforce.dovecot_place(i.entity_id) p
where i.scheme = 'mail';
comment on view enforce.dovecot_userdb is 'Where the mail of a mailbox lies. Rows stay while a mailbox is held: nothing of it is lost.';
comment on column enforce.dovecot_userdb."user" is 'The address, in lower case.';
comment on column enforce.dovecot_userdb.home is 'Its folder, where it is not the default of the configuration; else null.';
comment on column enforce.dovecot_userdb.quota_rule is 'Its size as a quota rule, such as *:storage=100M; null: no limit.';
comment on column enforce.dovecot_userdb.delivery is
  'What becomes of mail that arrives: take; where mail.receive is denied or intercepted, defer, or refuse where the profile asks to reject or the mailbox is closed.';

-- Closed mailboxes stay named; a domain of which nothing else is left is ours no more, and its mail may go where its new
-- host is. No look-up reads more than so many of them.
create function enforce.dovecot_serves(p_domain text) returns boolean
language plpgsql stable parallel safe security definer set search_path from current set enable_seqscan = off as $$
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
end $$;
comment on function enforce.dovecot_serves is
  'Whether a domain has a mailbox that is not closed. Of more than 1,000 closed ones it says yes without looking further.';

create view enforce.dovecot_postfix_mailbox as
select i.value as address, 'dovecot'::text as destination
from identifier i where i.scheme = 'mail';
comment on view enforce.dovecot_postfix_mailbox is 'For virtual_mailbox_maps: which addresses there are, held and closed ones too.';
comment on column enforce.dovecot_postfix_mailbox.address is 'The address, in lower case.';
comment on column enforce.dovecot_postfix_mailbox.destination is 'Always dovecot: Postfix wants some value.';

create view enforce.dovecot_postfix_login as
select i.value as address, i.value as login
from identifier i where i.scheme = 'mail';
comment on view enforce.dovecot_postfix_login is 'For smtpd_sender_login_maps: which login may send from an address.';
comment on column enforce.dovecot_postfix_login.address is 'The sender''s address, in lower case.';
comment on column enforce.dovecot_postfix_login.login is 'The login that may use it: the mailbox itself.';

create function enforce.dovecot_receives(p_entity bigint) returns text
language plpgsql stable parallel safe security definer set search_path from current as $$
declare
  receive_bit constant integer := 2048;
  worded record;
begin
  if (select (r.denied | r.intercepted) & receive_bit from restrictions(p_entity) r) = 0 then return null; end if;
  select f.refusal_text, f.is_final into worded from enforce.dovecot_refusal(p_entity, receive_bit) f;
  return case when worded.is_final then '550 5.2.1 ' else '450 4.2.1 ' end || worded.refusal_text;
end $$;

create view enforce.dovecot_postfix_recipient as
select i.value as address, a.action
from identifier i cross join lateral enforce.dovecot_receives(i.entity_id) a (action)
where i.scheme = 'mail' and a.action is not null;
comment on view enforce.dovecot_postfix_recipient is 'For check_recipient_access: mailboxes that receive nothing now. No row: mail is taken.';
comment on column enforce.dovecot_postfix_recipient.address is 'The address, in lower case.';
comment on column enforce.dovecot_postfix_recipient.action is
  'Where mail.receive is denied or intercepted: 450 4.2.1 with the text of the hold; 550 5.2.1 where its profile asks to reject, or the mailbox is closed.';

create function enforce.dovecot_sends(p_entity bigint) returns text
language plpgsql stable parallel safe security definer set search_path from current as $$
declare
  send_bit constant integer := 1024;
begin
  if (select (r.denied | r.intercepted) & send_bit from restrictions(p_entity) r) = 0 then return null; end if;
  return (select '550 5.7.1 ' || f.refusal_text from enforce.dovecot_refusal(p_entity, send_bit) f);
end $$;

create view enforce.dovecot_postfix_sender as
select i.value as address, a.action
from identifier i cross join lateral enforce.dovecot_sends(i.entity_id) a (action)
where i.scheme = 'mail' and a.action is not null;
comment on view enforce.dovecot_postfix_sender is 'For check_sender_access and check_sasl_access: mailboxes that send nothing now. No row: they may.';
comment on column enforce.dovecot_postfix_sender.address is 'The address, in lower case.';
comment on column enforce.dovecot_postfix_sender.action is 'Where mail.send is denied or intercepted: 550 5.7.1 with the text of the hold.';

comment on function enforce.dovecot_text is 'A text as protocols of mail can carry it: printable ASCII.';
comment on function enforce.dovecot_refusal is 'The words with which an action (its bit) of a mailbox is refused, and whether Postfix is to reject for good; no text where the action is not touched.';
comment on function enforce.dovecot_login is 'A mailbox with its password hash, and why it may not log in for reading or submit, as the columns of dovecot_passdb.';
comment on function enforce.dovecot_place is 'Where the mail of a mailbox lies, its quota, and whether deliveries are accepted now.';
comment on function enforce.dovecot_receives is 'How Postfix answers mail for a mailbox that may not receive; null where it may.';
comment on function enforce.dovecot_sends is 'How Postfix answers a submission of a mailbox that may not send; null where it may.';

select enforce.admit('dovecot');
