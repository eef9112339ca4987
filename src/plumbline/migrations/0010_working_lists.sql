-- migrate:up
set local lock_timeout = '4s';

-- Planned verifications, step by step; what a device's last step says stands in its overview, for lists.

create table verification_plan (
    id           uuid primary key default uuidv7(),
    device_id    uuid not null references device,
    step         text not null check (step in ('PLANNED', 'SENT', 'RETURNED', 'CANCELLED')),
    day          date not null,
    body         text check (body <> ''),
    remark       text check (remark <> ''),
    known_from   timestamptz not null,
    recorded_by  uuid not null references person,
    constraint verification_plan_names_body check (step not in ('PLANNED', 'SENT') or body is not null)
);
comment on column verification_plan.day is 'Beijing civil day: planned for, sent, returned or cancelled on.';
create index verification_plan_device on verification_plan (device_id, id);

alter table device_overview
    add column plan_step   text check (plan_step in ('PLANNED', 'SENT', 'RETURNED', 'CANCELLED')),
    add column plan_day    date,
    add column plan_body   text,
    add column plan_until  timestamptz;
comment on column device_overview.plan_until is
    'verified_until when the step was taken: once that is another one, what was planned has been done.';

-- Each working list has its index, so that what is in none costs nothing. The conditions are those of its query.
create index device_overview_at_body on device_overview (plan_day, tag) include (unit_id, kind) where plan_step = 'SENT';
create index device_overview_last_valid on device_overview (verified_until, tag)
    include (unit_id, kind, state, plan_step, plan_until)
    where requirement = 'MANDATORY' and state not in ('RETIRED', 'REJECTED', 'WITHDRAWN') and last_result = 'PASS';
create index device_overview_not_verified on device_overview (last_result, tag)
    include (unit_id, kind, verified_until, first_in_service_at)
    where requirement = 'MANDATORY' and state not in ('RETIRED', 'REJECTED', 'WITHDRAWN') and last_result <> 'PASS';
create index device_overview_not_announced on device_overview (tag) include (unit_id, kind)
    where siting_needed and state <> 'RETIRED'
      and (awaiting @> array['ANNOUNCEMENT']
           or (announced_on is null and state in ('IN_SERVICE', 'SUSPENDED', 'RECTIFYING')));
create index device_overview_signs on device_overview (coalesce(sign_checked_on, '-infinity'), tag)
    include (unit_id, kind, sign_checked_on)
    where siting_needed and state in ('IN_SERVICE', 'SUSPENDED', 'RECTIFYING');
create index device_overview_lapse on device_overview (coalesce(in_service_until, '-infinity'), tag)
    include (unit_id, kind, in_service_until)
    where state = 'IN_SERVICE';

-- What people are told, in whatever language they read: the subject and its values.

create table notice (
    id          uuid primary key default uuidv7(),
    subject     text not null check (subject <> ''),
    details     jsonb not null default '{}',
    role        text,
    unit_id     uuid references unit,
    person_id   uuid references person,
    device_id   uuid references device,
    once        text,
    created_at  timestamptz not null,
    constraint notice_is_for_somebody check (num_nulls(role, unit_id) in (0, 2) and num_nulls(role, person_id) = 1),
    constraint notice_given_once unique (once)
);
comment on column notice.role is 'For whoever has the role for the unit, or for one above it, when they look.';
comment on column notice.once is 'What it is about and at which stage: there is never a second one.';
create index notice_unit on notice (unit_id, created_at desc);
create index notice_person on notice (person_id, created_at desc) where person_id is not null;
create index notice_device on notice (device_id);

create table notice_reading (
    notice_id  uuid not null references notice,
    person_id  uuid not null references person,
    read_at    timestamptz not null,
    constraint notice_reading_pkey primary key (person_id, notice_id)
);
create index notice_reading_notice on notice_reading (notice_id);

create table person_email (
    person_id  uuid primary key references person,
    email      text not null check (email ~ '^[^@\s]+@[^@\s]+$' and length(email) <= 254)
);

create table notice_digest (
    person_id  uuid not null references person,
    day        date not null,
    queued_at  timestamptz not null,
    sent_at    timestamptz,
    constraint notice_digest_pkey primary key (person_id, day)
);
comment on table notice_digest is 'The one mail of a Beijing civil day that a person gets about notices.';

create table calendar_feed (
    id           uuid primary key default uuidv7(),
    person_id    uuid not null references person,
    secret_hash  bytea not null check (octet_length(secret_hash) = 32),
    created_at   timestamptz not null,
    revoked_at   timestamptz,
    constraint calendar_feed_secret unique (secret_hash)
);
create index calendar_feed_person on calendar_feed (person_id);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on verification_plan, notice, notice_reading to plumbline;
        grant select, insert, update, delete on person_email to plumbline;
        grant select, insert on notice_digest, calendar_feed to plumbline;
        grant update (sent_at) on notice_digest to plumbline;
        grant update (revoked_at) on calendar_feed to plumbline;
    end if;
end
$$;
