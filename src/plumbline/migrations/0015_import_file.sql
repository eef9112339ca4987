-- migrate:up
set local lock_timeout = '4s';

create table import_file (
    id          uuid primary key,
    brought_by  uuid not null references person,
    subject     text not null check (subject in ('DEVICES', 'CERTIFICATES')),
    name        text not null,
    content     bytea not null,
    mapping     jsonb not null,
    brought_at  timestamptz not null,
    expires_at  timestamptz not null
);
alter table import_file alter column content set storage external;
comment on table import_file is 'A spreadsheet between its preview and its import. It is no evidence: it goes when it was taken in, or expires.';
create index import_file_expiry on import_file (expires_at);
create index import_file_bringer on import_file (brought_by);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert, update, delete on import_file to plumbline;
    end if;
end
$$;
