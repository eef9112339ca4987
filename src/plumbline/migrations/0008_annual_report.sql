-- migrate:up
set local lock_timeout = '4s';

-- One unit's report of a year. What became of it is in its versions and their steps, all append-only.

create table annual_report (
    id          uuid primary key default uuidv7(),
    unit_id     uuid not null references unit,
    year        smallint not null check (year between 2000 and 9998),
    created_at  timestamptz not null,
    constraint annual_report_begun_once unique (unit_id, year),
    constraint annual_report_of_year unique (id, unit_id, year)
);

create table annual_report_version (
    id           uuid primary key default uuidv7(),
    report_id    uuid not null,
    unit_id      uuid not null,
    year         smallint not null,
    number       smallint not null check (number > 0),
    receiver_id  uuid not null references unit,
    period_from  date not null,
    period_to    date not null,
    known_at     timestamptz not null,
    drafted_at   timestamptz not null,
    drafted_by   uuid not null references person,
    reason       text check (reason <> ''),
    constraint annual_report_version_of foreign key (report_id, unit_id, year) references annual_report (id, unit_id, year),
    constraint annual_report_version_numbered unique (report_id, number),
    constraint annual_report_version_drafter unique (id, drafted_by),
    constraint annual_report_version_filed unique (id, unit_id, year),
    constraint annual_report_amended_with_reason check (number = 1 or reason is not null),
    constraint annual_report_known_by_then check (known_at <= drafted_at),
    constraint annual_report_period check (
        period_from <= period_to
        and extract(year from period_to) = year
        and extract(year from period_from) >= year - 1)
);
comment on column annual_report_version.receiver_id is 'The government above the unit in the tree of the closing date.';
comment on column annual_report_version.period_to is 'The closing date, inclusive; like period_from a Beijing civil day.';
comment on column annual_report_version.known_at is 'The register as it was known at this instant fills the version.';
create index annual_report_version_receiver on annual_report_version (receiver_id, year);
create index annual_report_version_person on annual_report_version (drafted_by);

create table annual_report_edit (
    version_id  uuid not null references annual_report_version,
    revision    integer not null check (revision >= 0),
    written     jsonb not null,
    changed     text[] not null,
    at          timestamptz not null,
    by          uuid not null references person,
    constraint annual_report_edited_meanwhile primary key (version_id, revision)
);
create index annual_report_edit_person on annual_report_edit (by);
comment on table annual_report_edit is
    'What people added to a draft, whole, one row a revision; two edits of one revision cannot both be the next.';

-- A step names the one it follows and who took those that others had to take: four eyes, held here.

create table annual_report_step (
    version_id   uuid not null references annual_report_version,
    stage        text not null check (stage in ('DRAFTED', 'CHECKED', 'SIGNED_OFF', 'FILED', 'RECEIVED', 'RETURNED')),
    follows      text,
    at           timestamptz not null,
    by           uuid not null references person,
    drafted_by   uuid not null,
    checked_by   uuid,
    reason       text check (reason <> ''),
    revision     integer,
    body_sha256  bytea check (octet_length(body_sha256) = 32),
    receipt      text,
    constraint annual_report_step_taken primary key (version_id, stage),
    constraint annual_report_step_by unique (version_id, stage, by),
    constraint annual_report_moved_on unique nulls not distinct (version_id, follows),
    constraint annual_report_step_follows foreign key (version_id, follows) references annual_report_step (version_id, stage),
    constraint annual_report_step_in_order check (
        case stage
            when 'DRAFTED' then follows is null
            when 'CHECKED' then follows is not null and follows = 'DRAFTED'
            when 'SIGNED_OFF' then follows is not null and follows = 'CHECKED'
            when 'FILED' then follows is not null and follows = 'SIGNED_OFF'
            when 'RECEIVED' then follows is not null and follows = 'FILED'
            else follows is not null and follows in ('DRAFTED', 'CHECKED', 'SIGNED_OFF', 'FILED')
        end),
    constraint annual_report_step_drafter
        foreign key (version_id, drafted_by) references annual_report_version (id, drafted_by),
    constraint annual_report_checker_is_not_drafter check (stage <> 'CHECKED' or by <> drafted_by),
    checked_stage text generated always as (case when checked_by is not null then 'CHECKED' end) stored,
    constraint annual_report_step_checker
        foreign key (version_id, checked_stage, checked_by) references annual_report_step (version_id, stage, by),
    constraint annual_report_signer_is_not_checker check (
        stage <> 'SIGNED_OFF' or (checked_by is not null and by <> checked_by)),
    constraint annual_report_returned_with_reason check (stage <> 'RETURNED' or reason is not null),
    constraint annual_report_checked_as_it_is check (
        stage not in ('CHECKED', 'SIGNED_OFF', 'FILED') or (body_sha256 is not null and revision is not null)),
    constraint annual_report_receipt check ((receipt is not null) = (stage in ('FILED', 'RECEIVED')))
);
create index annual_report_step_person on annual_report_step (by);

create table annual_report_filing (
    version_id       uuid primary key,
    stage            text not null generated always as ('FILED') stored,
    unit_id          uuid not null,
    year             smallint not null,
    ordinal          smallint not null check (ordinal > 0),
    number           text not null,
    filed_at         timestamptz not null,
    late             boolean not null,
    snapshot         bytea not null,
    snapshot_sha256  bytea not null,
    constraint annual_report_filing_of
        foreign key (version_id, unit_id, year) references annual_report_version (id, unit_id, year),
    constraint annual_report_filing_numbered unique (unit_id, year, ordinal),
    constraint annual_report_filing_step foreign key (version_id, stage) references annual_report_step (version_id, stage),
    constraint annual_report_filing_hash check (snapshot_sha256 = sha256(snapshot)),
    constraint annual_report_late_is_late check (
        late = ((filed_at at time zone 'Asia/Shanghai')::date > make_date(year, 12, 31)))
);
comment on column annual_report_filing.snapshot is 'Canonical JSON; every file of the report is made of it and of nothing else.';
alter table annual_report_filing alter column snapshot set storage external;

create table annual_report_row (
    version_id  uuid not null references annual_report_filing,
    position    integer not null,
    device_id   uuid not null references device,
    tag         text not null,
    decision    text not null check (decision in ('INCLUDED', 'LISTED_APART', 'EXCLUDED')),
    reason      text not null,
    at_opening  boolean not null,
    at_closing  boolean not null,
    moved       boolean not null,
    row         jsonb not null,
    constraint annual_report_row_pkey primary key (version_id, position),
    constraint annual_report_device_once unique (version_id, device_id)
);
comment on table annual_report_row is 'The rows of a filed snapshot, to be counted and looked up across reports.';
create index annual_report_row_device on annual_report_row (device_id);

-- A roll-up is computed, not filed: a row says how far it has come and what came out.

create table annual_roll_up (
    id            uuid primary key default uuidv7(),
    unit_id       uuid not null references unit,
    year          smallint not null,
    requested_at  timestamptz not null,
    requested_by  uuid not null references person,
    state         text not null check (state in ('WAITING', 'RUNNING', 'DONE', 'FAILED')),
    done          integer not null default 0,
    total         integer not null default 0,
    finished_at   timestamptz,
    result        jsonb
);
create index annual_roll_up_person on annual_roll_up (requested_by);
create index annual_roll_up_unit on annual_roll_up (unit_id, year, requested_at desc);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on annual_report, annual_report_version, annual_report_edit, annual_report_step,
            annual_report_filing, annual_report_row to plumbline;
        grant select, insert on annual_roll_up to plumbline;
        grant update (state, done, total, finished_at, result) on annual_roll_up to plumbline;
    end if;
end
$$;
