-- migrate:up
set local lock_timeout = '4s';

-- Who acts on a device's life: reviewers of two kinds, publicity, the head of the entity, the government that receives reports.

alter table role_grant drop constraint role_grant_role_check;
update role_grant set role = 'LEGAL_REVIEWER' where role = 'REVIEWER';
alter table role_grant add constraint role_grant_role_check check (role in (
    'FIELD_OFFICER', 'DEVICE_MANAGER', 'LEGAL_REVIEWER', 'TECHNICAL_REVIEWER', 'PUBLICITY_OFFICER', 'ENTITY_HEAD',
    'REPORT_RECEIVER', 'SUPERVISOR', 'ADMINISTRATOR'));

-- The device itself

alter table device add column siting_needed boolean not null generated always as (mounting <> 'HANDHELD') stored;
comment on column device.siting_needed is
    'An electronic monitoring device (Administrative Penalty Law, art. 41): reviews and announcement before use. What an officer holds in the hand is none.';
alter table device add column replaces uuid references device;
comment on column device.replaces is 'The device that this one took the place of, like for like: no new device in the annual report.';
alter table device add column synthetic boolean not null default false;
comment on column device.synthetic is 'Made for trials of size, never real.';
create index device_replaces on device (replaces);

create table device_holding (
    device_id    uuid not null references device,
    unit_id      uuid not null references unit,
    span         daterange not null check (not isempty(span)),
    known_from   timestamptz not null,
    recorded_by  uuid references person,
    constraint device_holding_pkey primary key (device_id, span without overlaps)
);
comment on table device_holding is 'Which unit held a device on which Beijing civil days, half-open. device.unit_id is the latest.';
create index device_holding_unit on device_holding (unit_id);

insert into device_holding (device_id, unit_id, span, known_from, recorded_by)
select id, unit_id, daterange(null, null), registered_at, registered_by from device;

create table jurisdiction_policy (
    unit_id      uuid not null references unit,
    name         text not null check (name in ('LEAD_DAYS', 'SIGN_CHECK_DAYS', 'REVIEW_DAYS')),
    value        integer not null check (value between 0 and 3660),
    span         daterange not null check (not isempty(span)),
    source       text not null check (source <> ''),
    known_from   timestamptz not null,
    recorded_by  uuid references person,
    constraint jurisdiction_policy_pkey primary key (unit_id, name, span without overlaps)
);
comment on table jurisdiction_policy is 'Numbers that a government sets, in days, from a Beijing civil day on; the nearest government above a unit decides.';

create table verification_body (
    id                uuid primary key default uuidv7(),
    name              text not null,
    authorisation_no  text not null,
    kinds             text[] not null default '{}',
    span              daterange not null check (not isempty(span)),
    recorded_by       uuid references person,
    constraint verification_body_overlaps exclude using gist (name with =, authorisation_no with =, span with &&)
);
comment on table verification_body is 'Who is authorised to verify what (kinds; empty: everything), on which Beijing civil days, half-open.';

-- Facts, as before: never edited, never deleted; known_from is when this register learnt of them.

alter table verification_certificate drop constraint certificate_recorded_once;
alter table verification_failure_notice drop constraint failure_notice_recorded_once;
alter table void_event drop constraint void_event_recorded_once;
alter table service_event drop constraint service_event_recorded_once;
alter table written_conclusion drop constraint written_conclusion_recorded_once;
create index verification_certificate_device on verification_certificate (device_id);
create index verification_failure_notice_device on verification_failure_notice (device_id);
create index void_event_device on void_event (device_id);
create index service_event_device on service_event (device_id);
create index written_conclusion_device on written_conclusion (device_id);
create index verification_certificate_no on verification_certificate (certificate_no);

alter table verification_certificate add column details jsonb not null default '{}';
comment on column verification_certificate.details is 'What else the certificate states (JJF 1069-2012): serial number, standards used, place, signatures.';

create table site_version (
    id                 uuid primary key,
    device_id          uuid not null references device,
    number             integer not null check (number > 0),
    origin             text not null check (origin in ('PROPOSED', 'LEGACY')),
    address            text not null check (address <> ''),
    road               text,
    direction          text,
    lane               text,
    longitude          double precision check (longitude between -180 and 180),
    latitude           double precision check (latitude between -90 and 90),
    datum              text check (datum in ('WGS84', 'CGCS2000', 'GCJ02', 'BD09')),
    monitored_items    text[] not null check (cardinality(monitored_items) > 0),
    speed_limit        smallint check (speed_limit between 1 and 200),
    basis_name         text not null,
    basis_article      text not null,
    basis_level        text not null check (basis_level in ('LAW', 'ADMINISTRATIVE_REGULATION', 'LOCAL_REGULATION', 'RULE', 'NONE')),
    necessity          text not null,
    spacing_metres     integer check (spacing_metres >= 0),
    funding            text,
    known_from         timestamptz not null,
    recorded_by        uuid not null references person,
    constraint site_version_numbered unique (device_id, number),
    constraint site_version_of_device unique (id, device_id),
    constraint site_version_proposer unique (id, recorded_by),
    constraint site_version_place_whole check (num_nulls(longitude, latitude, datum) in (0, 3)),
    constraint site_version_basis check (origin = 'LEGACY' or basis_level in ('LAW', 'ADMINISTRATIVE_REGULATION'))
);
comment on table site_version is
    'Where a device stands, what it watches and on what legal basis. Another place, item or speed limit is another version.';
comment on column site_version.spacing_metres is 'To the nearest device of the same kind.';
comment on column site_version.speed_limit is 'km/h.';

create table review (
    id                uuid primary key,
    device_id         uuid not null,
    site_version_id   uuid not null,
    aspect            text not null check (aspect in ('LEGAL', 'TECHNICAL')),
    outcome           text not null check (outcome in ('PASSED', 'REJECTED')),
    reviewing_body    text not null,
    document_no       text not null,
    reviewed_on       date not null,
    opinion           text not null,
    points            text[] not null,
    standards         text,
    type_approval_no  text,
    document_sha256   bytea check (octet_length(document_sha256) = 32),
    proposed_by       uuid not null,
    known_from        timestamptz not null,
    recorded_by       uuid not null references person,
    constraint review_of_site_version foreign key (site_version_id, device_id) references site_version (id, device_id),
    constraint review_names_proposer foreign key (site_version_id, proposed_by) references site_version (id, recorded_by),
    constraint reviewer_is_not_proposer check (recorded_by <> proposed_by)
);
create index review_site_version on review (site_version_id);
create index review_device on review (device_id);

create table announcement (
    id               uuid primary key,
    device_id        uuid not null,
    site_version_id  uuid not null,
    notice           text not null check (notice in ('PUBLISHED', 'WITHDRAWN', 'STOPPED')),
    announced_on     date not null,
    channel          text not null,
    url              text,
    content          text not null,
    lead_days        integer not null check (lead_days >= 0),
    snapshot_sha256  bytea check (octet_length(snapshot_sha256) = 32),
    known_from       timestamptz not null,
    recorded_by      uuid not null references person,
    constraint announcement_of_site_version foreign key (site_version_id, device_id) references site_version (id, device_id)
);
comment on column announcement.lead_days is 'Days between publication and use that policy asked for when it was announced; frozen here.';
create index announcement_site_version on announcement (site_version_id);
create index announcement_device on announcement (device_id);

create table sign_check (
    id            uuid primary key,
    device_id     uuid not null references device,
    checked_on    date not null,
    clear         boolean not null,
    photo_sha256  bytea check (octet_length(photo_sha256) = 32),
    remark        text,
    known_from    timestamptz not null,
    recorded_by   uuid references person
);
create index sign_check_device on sign_check (device_id);

create table in_service_check (
    id                uuid primary key,
    device_id         uuid not null references device,
    subject           text not null check (subject in ('CALIBRATOR_BEFORE', 'CALIBRATOR_AFTER', 'CLOCK', 'REFERENCE')),
    checked_at        timestamptz not null,
    within_tolerance  boolean not null,
    deviation         text,
    tolerance         text,
    reference         text,
    remark            text,
    known_from        timestamptz not null,
    recorded_by       uuid references person
);
comment on table in_service_check is 'A check between verifications: it never extends a validity, and one out of tolerance ends it.';
create index in_service_check_device on in_service_check (device_id);

alter table service_event drop constraint service_event_change_check;
alter table service_event add constraint service_event_change_check check (change in (
    'PUT_IN_SERVICE', 'SUSPENDED', 'RECTIFYING', 'RECTIFIED', 'RESUMED', 'RETIRED', 'WITHDRAWN'));
alter table service_event
    add column site_version_id   uuid,
    add column cause             text check (cause in ('FAULT', 'ANOMALY_ORDER', 'CLEANUP', 'RELOCATION', 'SIGNAGE', 'OTHER')),
    add column document_no       text,
    add column deadline          date,
    add column responsible       text,
    add column by_supervisor     boolean not null default false,
    add column rectified_event   uuid,
    add column fixed_by          uuid,
    add constraint service_event_recorder unique (id, recorded_by),
    add constraint service_event_of_site_version
        foreign key (site_version_id, device_id) references site_version (id, device_id),
    add constraint release_names_fixer foreign key (rectified_event, fixed_by) references service_event (id, recorded_by),
    add constraint release_names_fixer_whole check (num_nulls(rectified_event, fixed_by) in (0, 2)),
    add constraint releaser_is_not_fixer check (fixed_by is null or (recorded_by is not null and recorded_by <> fixed_by));
comment on column service_event.fixed_by is 'Who reported the rectification that this release rests on: never who releases.';
create index service_event_rectified on service_event (rectified_event, fixed_by);

create table correction (
    superseded_id   uuid primary key,
    device_id       uuid not null references device,
    replacement_id  uuid unique,
    reason          text not null check (reason <> ''),
    known_from      timestamptz not null,
    recorded_by     uuid not null references person
);
comment on table correction is 'From known_from on, a fact of the device no longer counts; the fact itself stays as it was.';
create index correction_device on correction (device_id);

-- Derived from the facts, in the transaction that adds one: one narrow row a device, for lists.

create table device_overview (
    device_id            uuid primary key references device,
    tag                  text not null,
    kind                 text not null,
    unit_id              uuid not null,
    requirement          text not null,
    siting_needed        boolean not null,
    state                text not null,
    awaiting             text[] not null,
    proposed_at          timestamptz,
    verified_until       timestamptz,
    last_result          text not null check (last_result in ('NONE', 'PASS', 'FAIL', 'VOIDED', 'CONCLUDED')),
    last_certificate_no  text,
    in_service_from      timestamptz,
    in_service_until     timestamptz,
    first_in_service_at  timestamptz,
    announced_on         date,
    sign_checked_on      date,
    deadline             date,
    address              text,
    longitude            double precision,
    latitude             double precision,
    datum                text,
    search               text not null
);
comment on column device_overview.state is
    'By the history alone; while it is IN_SERVICE and in_service_until has passed, the device is suspended by itself.';
comment on column device_overview.verified_until is 'End (UTC, not included) of the last verified span; null: never verified.';
comment on column device_overview.in_service_until is 'End of the last service period; infinity: open; null: never in service.';
create index device_overview_unit on device_overview (unit_id, tag);
create index device_overview_tag on device_overview (tag);
create index device_overview_kind on device_overview (kind, tag);
create index device_overview_verified_until on device_overview (verified_until);
create index device_overview_awaiting on device_overview using gin (awaiting) where cardinality(awaiting) > 0;

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on site_version, review, announcement, sign_check, in_service_check, correction to plumbline;
        grant select, insert on device_holding, jurisdiction_policy, verification_body to plumbline;
        grant update (span) on device_holding, jurisdiction_policy to plumbline;
        grant select, insert, update, delete on device_overview to plumbline;
    end if;
end
$$;
