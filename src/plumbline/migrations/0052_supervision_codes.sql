-- migrate:up
set local lock_timeout = '4s';

create table supervision_code (
    code         text not null check (length(code) between 1 and 200),
    span         daterange not null check (not isempty(span) and not lower_inf(span)),
    uscc         text not null check (uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    known_from   timestamptz not null,
    recorded_by  uuid references person,
    constraint supervision_code_overlaps primary key (code, span without overlaps)
);
comment on table supervision_code is
    '监督码: under which code an enterprise is known to those who scan in, on these Beijing civil days, half-open.';
create index supervision_code_uscc on supervision_code (uscc);
create index supervision_code_recorded_by on supervision_code (recorded_by);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on supervision_code to plumbline;
        grant update (span) on supervision_code to plumbline;
    end if;
end
$$;
