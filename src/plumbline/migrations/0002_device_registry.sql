-- migrate:up
set local lock_timeout = '4s';

create table device_kind (
    code                 text primary key,
    name_zh              text not null,
    name_en              text not null,
    requirement          text not null check (requirement in ('MANDATORY', 'NOT_REQUIRED', 'NO_REGULATION')),
    channels             text[] not null default '{}',
    regulation           text,
    max_interval_months  smallint check (max_interval_months > 0),
    interval_confidence  text check (interval_confidence in ('HIGH', 'MEDIUM', 'LOW')),
    source               text not null,
    source_confidence    text not null check (source_confidence in ('CONFIRMED', 'HIGH', 'MEDIUM', 'LOW')),
    note                 text,
    effective_from       date not null
);
comment on column device_kind.channels is 'Measured channels that each need a pass of their own; empty: the instrument as a whole.';
comment on column device_kind.max_interval_months is
    'The longest interval the regulation allows. The valid-until day on the certificate rules; this only warns.';

create table device (
    id                   uuid primary key default uuidv7(),
    tag                  text not null check (tag <> ''),
    kind                 text not null references device_kind,
    serial_no            text not null,
    model                text not null,
    maker                text not null,
    unit_id              uuid not null references unit,
    mounting             text not null check (mounting in ('FIXED', 'MOBILE', 'HANDHELD', 'VEHICLE')),
    address              text,
    longitude            double precision check (longitude between -180 and 180),
    latitude             double precision check (latitude between -90 and 90),
    datum                text check (datum in ('WGS84', 'CGCS2000', 'GCJ02', 'BD09')),
    requirement          text not null check (requirement in ('MANDATORY', 'NOT_REQUIRED', 'NO_REGULATION')),
    verification_needed  boolean not null generated always as (requirement = 'MANDATORY') stored,
    registered_at        timestamptz not null,
    registered_by        uuid references person,
    constraint device_tag_taken unique (tag),
    constraint device_place_whole check (num_nulls(longitude, latitude, datum) in (0, 3)),
    constraint device_as_admitted unique (id, tag, verification_needed)
);
comment on column device.tag is 'The number on the device and in its QR label. Serial numbers are not unique in real life; tags are.';
create index device_unit on device (unit_id);
create index device_serial on device (serial_no);

-- Facts. Never edited, never deleted; known_from is when this register learnt of them.

create table verification_certificate (
    id                uuid primary key default uuidv7(),
    device_id         uuid not null references device,
    channel           text not null default '',
    nature            text not null default 'VERIFICATION' check (nature in ('VERIFICATION', 'CALIBRATION')),
    occasion          text not null check (occasion in ('INITIAL', 'SUBSEQUENT', 'AFTER_REPAIR', 'WITHIN_VALIDITY', 'ARBITRATION')),
    certificate_no    text not null,
    issuing_body      text not null,
    regulation        text,
    verified_on       date not null,
    valid_until       date not null check (valid_until >= verified_on),
    issued_sequence   integer,
    document_sha256   bytea check (octet_length(document_sha256) = 32),
    known_from        timestamptz not null,
    recorded_by       uuid references person,
    constraint certificate_recorded_once unique (device_id, channel, certificate_no, issuing_body)
);
comment on column verification_certificate.valid_until is 'Last valid Beijing civil day, inclusive, as the certificate states it.';
comment on column verification_certificate.issued_sequence is
    'Orders results of one device on one day; null where the order is unknown, and then the stricter reading wins.';

create table verification_failure_notice (
    id               uuid primary key default uuidv7(),
    device_id        uuid not null references device,
    channel          text not null default '',
    notice_no        text not null,
    issuing_body     text not null,
    regulation       text,
    failed_on        date not null,
    failed_items     text,
    issued_sequence  integer,
    document_sha256  bytea check (octet_length(document_sha256) = 32),
    known_from       timestamptz not null,
    recorded_by      uuid references person,
    constraint failure_notice_recorded_once unique (device_id, channel, notice_no, issuing_body)
);

create table void_event (
    id           uuid primary key default uuidv7(),
    device_id    uuid not null references device,
    cause        text not null check (cause in ('REPAIR', 'SEAL_BROKEN', 'RELOCATION', 'FIRMWARE')),
    occurred_at  timestamptz not null,
    remark       text,
    known_from   timestamptz not null,
    recorded_by  uuid references person,
    constraint void_event_recorded_once unique (device_id, occurred_at, cause)
);

create table service_event (
    id           uuid primary key default uuidv7(),
    device_id    uuid not null references device,
    change       text not null check (change in ('PUT_IN_SERVICE', 'SUSPENDED', 'RESUMED', 'RETIRED')),
    occurred_at  timestamptz not null,
    reason       text,
    known_from   timestamptz not null,
    recorded_by  uuid references person,
    constraint service_event_recorded_once unique (device_id, occurred_at, change)
);

create table written_conclusion (
    id            uuid primary key default uuidv7(),
    device_id     uuid not null references device,
    requirement   text not null check (requirement in ('NOT_REQUIRED', 'NO_REGULATION')),
    document_no   text not null,
    conclusion    text not null,
    concluded_on  date not null,
    known_from    timestamptz not null,
    recorded_by   uuid references person,
    constraint written_conclusion_of_device unique (id, device_id),
    constraint written_conclusion_recorded_once unique (device_id, document_no)
);
comment on table written_conclusion is 'Why a device needs no verification, in writing: without it such a device is not in standing.';

-- Derived from the facts, in the transaction that adds one.

create table verified_period (
    device_id     uuid not null references device,
    span          tstzrange not null check (not isempty(span)),
    certificates  uuid[] not null check (cardinality(certificates) > 0),
    constraint verified_period_pkey primary key (device_id, span without overlaps)
);
comment on column verified_period.certificates is 'The certificates that hold in this span, one per channel.';

create table service_period (
    device_id  uuid not null references device,
    span       tstzrange not null check (not isempty(span)),
    constraint service_period_pkey primary key (device_id, span without overlaps)
);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select on device_kind to plumbline;
        grant select, insert on device, verification_certificate, verification_failure_notice, void_event,
            service_event, written_conclusion to plumbline;
        grant select, insert, delete on verified_period, service_period to plumbline;
        grant update (unit_id) on device to plumbline;
    end if;
end
$$;
