-- migrate:up
set local lock_timeout = '4s';

create table job (
    id            bigint generated always as identity primary key,
    kind          text not null,
    payload       jsonb not null,
    due_at        timestamptz not null,
    leased_until  timestamptz,
    attempts      integer not null default 0,
    failed_at     timestamptz,
    failure       text
);
create index job_due on job (due_at) where failed_at is null;

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert, update, delete on job to plumbline;
    end if;
end
$$;
