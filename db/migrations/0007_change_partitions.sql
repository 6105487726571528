-- Partitions of the change log are made ahead of the counter.

create function ensure_change_partitions(p_span bigint) returns void
language plpgsql set search_path from current as $$
declare
  here bigint := (select revision from change_counter);
  low bigint;
begin
  perform pg_advisory_xact_lock(4266602);
  foreach low in array array[here / p_span * p_span, (here / p_span + 1) * p_span] loop
    continue when to_regclass('change_from_' || low) is not null;
    -- What the default partition already took stays there.
    continue when exists (select from change_default where revision >= low and revision < low + p_span);
    execute format('create table change_from_%s partition of change for values from (%s) to (%s)', low, low, low + p_span);
    execute format('comment on table change_from_%s is %L', low, 'One span of the change log.');
  end loop;
end $$;

select ensure_change_partitions(10000000);
