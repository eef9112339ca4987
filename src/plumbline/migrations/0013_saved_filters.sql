-- migrate:up
set local lock_timeout = '4s';

create table saved_filter (
    person_id  uuid not null references person,
    name       text not null check (name <> '' and length(name) <= 60),
    query      text not null check (length(query) <= 2000),
    saved_at   timestamptz not null,
    constraint saved_filter_pkey primary key (person_id, name)
);
comment on table saved_filter is 'How somebody likes to see the register: a name and the query of its address. Nobody else sees it.';

-- A list sorted by the end of verification, those never verified first.
create index device_overview_due on device_overview (coalesce(verified_until, '-infinity'::timestamptz), tag);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert, update, delete on saved_filter to plumbline;
    end if;
end
$$;
