-- migrate:up
set local lock_timeout = '4s';

create table export (
    id         uuid primary key,
    reason     text not null check (reason <> ''),
    log_size   bigint not null check (log_size > 0),
    note       text not null,
    made_by    uuid not null references person,
    made_at    timestamptz not null
);
comment on table export is 'A court bundle: what it is made of is fixed here, so that it is the same whenever it is made again.';
comment on column export.log_size is 'Leaves of the log under the checkpoint (note) that its entries are proved by.';
create index export_made_by on export (made_by, made_at desc);

create table export_evidence (
    export_id    uuid not null references export,
    evidence_id  uuid not null references evidence,
    primary key (export_id, evidence_id)
);
create index export_evidence_evidence on export_evidence (evidence_id);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on export, export_evidence to plumbline;
    end if;
end
$$;
