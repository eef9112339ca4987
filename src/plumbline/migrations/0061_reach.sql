-- migrate:up
set local lock_timeout = '4s';

-- How far a session reaches is its setting plumbline.reach, which the application tells before each piece of work:
--   '*'                       everything: jobs, commands, and routes that say why
--   '2026-11-24 {uuid,uuid}'  these units and everything below them, as the tree stood on that Beijing civil day
--   '' or never told          nothing
-- Policies ask in sub-selects, so that a statement reckons its reach once and not for every row.

create function reaches_everything() returns boolean language sql stable parallel safe
    return current_setting('plumbline.reach', true) = '*';

create function reached_units() returns uuid[] language sql stable parallel safe as $$
    with recursive told (day, roots) as materialized (
        select split_part(setting, ' ', 1)::date, split_part(setting, ' ', 2)::uuid[]
          from nullif(nullif(current_setting('plumbline.reach', true), ''), '*') as setting
         where setting is not null
    ), reached (unit_id) as (
        select unit_period.unit_id
          from told
          join unit_period on unit_period.unit_id = any (told.roots) and unit_period.span @> told.day
         union
        select unit_period.unit_id
          from reached
          join unit_period on unit_period.parent_id = reached.unit_id
         where unit_period.span @> (select day from told)
    )
    select array(select unit_id from reached)
$$;
comment on function reached_units is 'The units that this session was told to reach. agency.queries.reach is the same, told by grants.';

do $$
declare
    name text;
begin
    foreach name in array array['evidence', 'inspection', 'case_file', 'inspection_plan'] loop
        execute format('alter table %I enable row level security', name);
        execute format('create policy reached on %I for select '
                       'using ((select reaches_everything()) or unit_id = any ((select reached_units())::uuid[]))', name);
        execute format('create policy told on %I for insert with check (true)', name);
    end loop;
end
$$;
create policy joined on inspection for update
    using ((select reaches_everything()) or unit_id = any ((select reached_units())::uuid[]))
    with check (true);

-- A view reads as its owner, whom no policy binds, unless it says otherwise.
alter view evidence_state set (security_invoker = true);

-- What must hold whoever asks sees all rows, however far the session reaches: seeing none would permit.
alter function case_rests_on_what_counts() security definer set search_path = public, pg_temp;
alter function refuse_admission_in_trace() security definer set search_path = public, pg_temp;
alter function refuse_trace_over_admission() security definer set search_path = public, pg_temp;
alter function kept_in_trace(uuid, uuid) set search_path = public, pg_temp;
