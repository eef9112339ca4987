-- migrate:up
set local lock_timeout = '4s';

create table calendar_day (
    id           bigint generated always as identity primary key,
    day          date not null,
    worked       boolean not null,
    source       text not null check (source <> ''),
    recorded_at  timestamptz not null,
    recorded_by  uuid not null references person
);
comment on table calendar_day is 'A day that is worked or not, as an operator entered it. Of two about a day the later holds; none is edited.';
create index calendar_day_day on calendar_day (day, id desc);
create index calendar_day_recorded_by on calendar_day (recorded_by);

create table calendar_year (
    id           bigint generated always as identity primary key,
    year         integer not null check (year between 1990 and 2100),
    source       text not null check (source <> ''),
    recorded_at  timestamptz not null,
    recorded_by  uuid not null references person
);
comment on table calendar_year is 'A year of which every holiday and make-up day is entered.';
create index calendar_year_recorded_by on calendar_year (recorded_by);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on calendar_day, calendar_year to plumbline;
    end if;
end
$$;
