-- What FreeRADIUS asks: with what a subject proves itself, and, after it did, whether it is held.

-- A password hash as FreeRADIUS can verify it; no attribute where it cannot.
create function enforce.radius_password(p_hash text, out attribute text, out value text)
language plpgsql immutable parallel safe as $$
declare
  scheme constant text := upper(substring(p_hash from '^\{([^}]*)\}'));
  rest constant text := substring(p_hash from '^\{[^}]*\}(.*)$');
begin
  case
    when scheme in ('CRYPT', 'DES-CRYPT', 'MD5-CRYPT', 'SHA256-CRYPT', 'SHA512-CRYPT', 'BLF-CRYPT') then
      attribute := 'Crypt-Password';
      value := rest;
    when scheme in ('SHA', 'SSHA', 'SHA256', 'SSHA256', 'SHA512', 'SSHA512') then
      attribute := 'Password-With-Header';
      value := '{' || lower(scheme) || '}' || rest;
    when scheme in ('PLAIN', 'CLEAR', 'CLEARTEXT') then
      attribute := 'Cleartext-Password';
      value := rest;
    else null; -- Such as ARGON2ID: to FreeRADIUS no password is right.
  end case;
end $$;

create function enforce.radius_credential(p_entity bigint, p_scheme text, out attribute text, out value text)
language plpgsql stable parallel safe security definer set search_path from current as $$
begin
  if p_scheme = 'sip' then
    select 'Digest-HA1', s.ha1 into attribute, value from sip_account s where s.entity_id = p_entity and s.enabled;
  else
    select p.attribute, p.value into attribute, value
    from mailbox m cross join lateral enforce.radius_password(m.password_hash) p where m.entity_id = p_entity;
  end if;
end $$;

create view enforce.radius_check as
select i.entity_id as id, i.value as username, c.attribute, c.value, ':='::text as op
from identifier i cross join lateral enforce.radius_credential(i.entity_id, i.scheme) c
where i.scheme in ('sip', 'mail') and c.value is not null;
comment on view enforce.radius_check is
  'With what a subject proves itself, held or not, so that a wrong password looks like any other: the digest of a SIP account, the password hash of a mailbox.';
comment on column enforce.radius_check.id is 'The number of the entity.';
comment on column enforce.radius_check.username is 'The address of a SIP account or mailbox, in lower case. Both kinds may have the same.';
comment on column enforce.radius_check.attribute is 'Digest-HA1, Crypt-Password, Password-With-Header or Cleartext-Password.';
comment on column enforce.radius_check.value is 'Its value.';
comment on column enforce.radius_check.op is 'Always :=.';

create function enforce.radius_verdict(p_entity bigint, p_scheme text) returns text
language plpgsql stable parallel safe security definer set search_path from current as $$
declare
  register_bit constant integer := 1;
  read_bit constant integer := 512;
  action constant integer := case p_scheme when 'sip' then register_bit else read_bit end;
  worded record;
  said text;
  pool text;
begin
  if (select (r.denied | r.intercepted) & action from restrictions(p_entity) r) = 0 then return 'accept'; end if;
  select r.refusal_text, r.systems -> 'radius' as settings into worded from enforce.refusal(p_entity, action) r;
  said := coalesce(nullif(trim(regexp_replace(worded.refusal_text, '[^\x20-\x7e]+', '?', 'g')), ''), 'Account suspended');
  if worded.settings ->> 'answer' = 'pool' then
    pool := worded.settings ->> 'pool';
    -- A name that cannot stand in a reply is not used.
    if pool is null or pool !~ '^[A-Za-z0-9_.-]{1,64}$' then pool := 'walled-garden'; end if;
    return 'pool ' || pool || ' ' || said;
  end if;
  return 'reject ' || said;
end $$;

create view enforce.radius_hold as
select i.value as username, i.scheme, v.verdict
from identifier i cross join lateral enforce.radius_verdict(i.entity_id, i.scheme) v (verdict)
where i.scheme in ('sip', 'mail');
comment on view enforce.radius_hold is 'Asked only after the subject proved itself: what it gets.';
comment on column enforce.radius_hold.username is 'The address of a SIP account or mailbox, in lower case.';
comment on column enforce.radius_hold.scheme is 'sip: judged by register; mail: judged by mail.read.';
comment on column enforce.radius_hold.verdict is
  'accept; reject and the text of the hold; or pool, the name of an address pool, and the text, where the profile asks for it.';

comment on function enforce.radius_password is 'A password hash as an attribute that FreeRADIUS verifies; none where it cannot.';
comment on function enforce.radius_credential is 'With what a SIP account or a mailbox proves itself: attribute and value.';
comment on function enforce.radius_verdict is 'What a subject that has proved itself is answered while it is held; null where it is not.';

select enforce.admit('radius');
