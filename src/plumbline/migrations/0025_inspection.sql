-- migrate:up
set local lock_timeout = '4s';

create table inspection (
    id                  uuid primary key,
    unit_id             uuid not null references unit,
    source              text not null check (source in
                            ('PLAN', 'DOUBLE_RANDOM', 'COMPLAINT', 'TRANSFER', 'SPECIAL_CAMPAIGN', 'URGENT')),
    title               text not null,
    due_on              date,
    uscc                text not null check (uscc = '' or uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    enterprise_name     text not null,
    enterprise_address  text not null,
    items               text[] not null,
    checklist           text not null,
    joint_id            uuid,
    planned             boolean not null,
    created_by          uuid not null references person,
    created_at          timestamptz not null,
    unique (id, unit_id)
);
comment on table inspection is 'One visit of one entity to one enterprise: a task until an officer has told anything of it.';
comment on column inspection.planned is 'False: a phone made it on the spot; the id is the phone''s.';
comment on column inspection.joint_id is 'Inspections with the same one are one visit: 综合查一次.';
create index inspection_unit on inspection (unit_id, created_at desc);
create index inspection_uscc on inspection (uscc, created_at desc);
create index inspection_joint on inspection (joint_id);
create index inspection_created_by on inspection (created_by);

create table inspection_officer (
    inspection_id  uuid not null references inspection,
    person_id      uuid not null references person,
    assigned_by    uuid not null references person,
    assigned_at    timestamptz not null,
    primary key (inspection_id, person_id)
);
create index inspection_officer_person on inspection_officer (person_id);
create index inspection_officer_assigned_by on inspection_officer (assigned_by);

create table inspection_approval (
    inspection_id  uuid primary key references inspection,
    approved_by    uuid not null references person,
    approved_at    timestamptz not null,
    note           text not null
);
comment on table inspection_approval is 'The head''s approval, before the visit or, for an urgent one, after: 国办发〔2024〕54号.';
create index inspection_approval_by on inspection_approval (approved_by);

create table inspection_operation (
    id             uuid primary key,
    inspection_id  uuid not null,
    author_id      uuid not null references person,
    phone_id       uuid not null references phone,
    courier_id     uuid not null references person,
    type           text not null,
    key            text not null,
    told_earliest  timestamptz not null,
    told_latest    timestamptz not null check (told_latest >= told_earliest),
    replaces       uuid[] not null,
    what           jsonb not null,
    jws            text not null,
    sha256         bytea not null check (octet_length(sha256) = 32),
    received_at    timestamptz not null
);
comment on table inspection_operation is
    'What officers told, each as the phone signed it. Never edited; what holds is merged from all of them. An operation '
    'may come before the inspection it is about is known here.';
create index inspection_operation_of on inspection_operation (inspection_id, id);
create index inspection_operation_evidence on inspection_operation ((what ->> 'evidence_id')) where type = 'EVIDENCE';
create index inspection_operation_author on inspection_operation (author_id);
create index inspection_operation_phone on inspection_operation (phone_id);
create index inspection_operation_courier on inspection_operation (courier_id);

create table inspection_current (
    inspection_id  uuid primary key references inspection,
    state          text not null check (state in ('PLANNED', 'UNDER_WAY', 'CLOSED')),
    conflicts      integer not null,
    operations     integer not null,
    for_phones     text not null,
    changed_at     timestamptz not null
);
comment on table inspection_current is 'Derived: what holds now, kept in the transaction that changes it.';
comment on column inspection_current.for_phones is 'The inspection as phones are told of it: JSON, ready to send.';
create index inspection_current_state on inspection_current (state, changed_at desc);

create table officer_feed (
    person_id  uuid primary key references person,
    position   bigint not null
);
comment on table officer_feed is
    'How many changes have concerned a person. The row is locked until commit, so positions become visible in order: a '
    'phone that has seen one has seen all before it.';

create table officer_change (
    person_id      uuid not null references person,
    inspection_id  uuid not null references inspection,
    position       bigint not null,
    gone           boolean not null,
    primary key (person_id, inspection_id),
    constraint officer_change_position unique (person_id, position)
);
comment on table officer_change is 'Of each inspection a person may see, the last change; `gone` when it may be seen no more.';

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on inspection, inspection_approval, inspection_operation to plumbline;
        grant update (joint_id) on inspection to plumbline;
        grant select, insert, delete on inspection_officer to plumbline;
        grant select, insert, update on inspection_current, officer_feed, officer_change to plumbline;
    end if;
end
$$;
