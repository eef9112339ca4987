-- migrate:up
set local lock_timeout = '4s';

create table watch (
    id              uuid primary key,
    person_id       uuid not null references person,
    kind            text not null check (kind in ('EVIDENCE', 'DEVICE', 'INSPECTION', 'CASE', 'CLUE', 'UNIT', 'OFFICER', 'SEARCH')),
    subject_id      uuid,
    search_unit     uuid references unit,
    search_officer  uuid references person,
    search_device   text,
    search_state    text check (search_state in ('ADMITTED', 'HELD', 'UNDETERMINED')),
    label           text not null check (label <> ''),
    begun_at        timestamptz not null,
    ended_at        timestamptz,
    ended_why       text check (ended_why in ('ASKED', 'BEYOND_REACH')),
    constraint watch_of_subject_or_search check ((kind = 'SEARCH') = (subject_id is null)),
    constraint watch_search_asks
        check ((kind = 'SEARCH') = (num_nonnulls(search_unit, search_officer, search_device, search_state) > 0)),
    constraint watch_ended check ((ended_at is null) = (ended_why is null))
);
comment on table watch is 'Whoever wants to hear what happens from begun_at on, until ended_at.';
create unique index watch_already on watch
    (person_id, kind, subject_id, search_unit, search_officer, search_device, search_state) nulls not distinct
    where ended_at is null;
create index watch_search_unit on watch (search_unit);
create index watch_search_officer on watch (search_officer);

create table watch_mark (
    source  text primary key check (source in ('LOG', 'FACTS')),
    leaf    bigint,
    until   timestamptz,
    constraint watch_mark_fits check (case source when 'LOG' then leaf is not null else until is not null end)
);
comment on table watch_mark is 'How far the histories have been read for those who watch.';
insert into watch_mark (source, leaf, until)
select 'LOG', coalesce(max(index), -1), null from log_leaf
 union all
select 'FACTS', null, now();

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on watch to plumbline;
        grant update (ended_at, ended_why) on watch to plumbline;
        grant select on watch_mark to plumbline;
        grant update (leaf, until) on watch_mark to plumbline;
    end if;
end
$$;
