-- migrate:up
set local lock_timeout = '4s';

create table clue_channel (
    code            text not null check (code ~ '^[A-Z][A-Z0-9_]*$'),
    holds_from      date not null,
    name_zh         text not null check (name_zh <> ''),
    name_en         text not null check (name_en <> ''),
    complaint       boolean not null,
    accept_days     integer not null check (accept_days between 1 and 250),
    reply_days      integer check (reply_days between 1 and 250),
    extension_days  integer not null check (extension_days between 0 and 250),
    source          text not null check (source <> ''),
    recorded_by     uuid references person,
    primary key (code, holds_from)
);
comment on table clue_channel is 'Where clues come from, and its terms in working days from this Beijing civil day on.';
comment on column clue_channel.complaint is 'Somebody complains: what it is about is not disposed of while the clue is open.';
comment on column clue_channel.reply_days is 'Null: nobody told of it who waits for a reply.';
comment on column clue_channel.extension_days is 'By how many working days the reply may be put off, once. 0: not at all.';
comment on column clue_channel.source is 'Where the figures come from.';
create index clue_channel_recorded_by on clue_channel (recorded_by);

insert into clue_channel
    (code, holds_from, name_zh, name_en, complaint, accept_days, reply_days, extension_days, source)
values
    ('HOTLINE_12345', '2000-01-01', '12345 政务服务便民热线', 'Public service line 12345', true, 1, 5, 5,
     '国办发〔2020〕53号要求限时办理而未定天数；此为默认值，由本级政府设定'),
    ('INDUSTRY_FEDERATION', '2000-01-01', '工商联转来', 'Federation of industry and commerce', true, 5, 15, 10,
     '法律未定天数；此为默认值，由本级政府设定'),
    ('VISIT', '2000-01-01', '来访投诉', 'Complaint in person', true, 10, 30, 15,
     '《信访工作条例》十五日内告知是否受理、六十日内办结；按工作日取短'),
    ('LETTER', '2000-01-01', '来信投诉', 'Complaint by letter', true, 10, 30, 15,
     '《信访工作条例》十五日内告知是否受理、六十日内办结；按工作日取短'),
    ('WEB', '2000-01-01', '网上投诉', 'Complaint on the web', true, 10, 30, 15,
     '《信访工作条例》十五日内告知是否受理、六十日内办结；按工作日取短'),
    ('TRANSFER', '2000-01-01', '其他机关移送', 'Transferred by another organ', false, 5, 15, 10,
     '法律未定天数；此为默认值，由本级政府设定'),
    ('MEDIA', '2000-01-01', '媒体报道', 'Media', false, 3, null, 0,
     '法律未定天数；此为默认值，由本级政府设定'),
    ('OWN_PATROL', '2000-01-01', '日常监督发现', 'Found in own supervision', false, 3, null, 0,
     '法律未定天数；此为默认值，由本级政府设定');

create table clue (
    id              uuid primary key,
    unit_id         uuid not null references unit,
    channel         text not null,
    terms_from      date not null,
    channel_number  text not null,
    received_at     timestamptz not null,
    text            text not null check (text <> ''),
    registered_by   uuid not null references person,
    registered_at   timestamptz not null,
    constraint clue_of_channel foreign key (channel, terms_from) references clue_channel (code, holds_from),
    constraint clue_received_before check (received_at <= registered_at)
);
comment on table clue is '监督线索: what somebody told supervision, as it came. Never edited.';
comment on column clue.unit_id is 'Whose supervision deals with it.';
comment on column clue.terms_from is 'The terms of the channel that held when it was received.';
create unique index clue_number_taken on clue (channel, channel_number) where channel_number <> '';
create index clue_unit on clue (unit_id, received_at);
create index clue_channel_terms on clue (channel, terms_from);
create index clue_registered_by on clue (registered_by);

create table clue_reporter (
    clue_id  uuid primary key references clue,
    name     text not null,
    contact  text not null,
    constraint clue_reporter_said check (name <> '' or contact <> '')
);
comment on table clue_reporter is 'Who told. Apart from the clue, so that it can be erased and the rest stays.';

create table clue_step (
    clue_id    uuid not null references clue,
    ordinal    integer not null check (ordinal > 0),
    step       text not null check (step in ('ACCEPTED', 'NOT_ACCEPTED', 'ASSIGNED', 'LOOKED_INTO', 'RESULT', 'REPLIED',
                                             'TRANSFERRED', 'EXTENDED', 'CLOSED', 'REPORTER_ERASED')),
    by_id      uuid not null references person,
    at         timestamptz not null,
    text       text not null,
    unit_id    uuid references unit,
    person_id  uuid references person,
    constraint clue_moved_on primary key (clue_id, ordinal),
    constraint clue_assigned_to_a_unit check ((step = 'ASSIGNED') = (unit_id is not null)),
    constraint clue_person_of_assignment check (person_id is null or step = 'ASSIGNED'),
    constraint clue_says_why check (text <> '' or step in ('ACCEPTED', 'ASSIGNED'))
);
comment on table clue_step is 'What was done about a clue, one after the other. Two that do the next at once: one is refused.';
create unique index clue_extended_once on clue_step (clue_id) where step = 'EXTENDED';
create index clue_step_by on clue_step (by_id);
create index clue_step_unit on clue_step (unit_id);
create index clue_step_person on clue_step (person_id);

create function clue_step_follows() returns trigger language plpgsql as $$
begin
    if new.ordinal > 1 and not exists (select from clue_step where clue_id = new.clue_id and ordinal = new.ordinal - 1) then
        raise exception 'a step of a clue follows the one before it' using constraint = 'clue_step_order';
    end if;
    if new.step <> 'REPORTER_ERASED'
       and exists (select from clue_step where clue_id = new.clue_id and step = 'CLOSED') then
        raise exception 'a clue that was closed stays closed' using constraint = 'clue_closed';
    end if;
    if new.step = 'CLOSED'
       and exists (select from clue_step
                    where clue_id = new.clue_id
                      and by_id = new.by_id
                      and step in ('NOT_ACCEPTED', 'LOOKED_INTO', 'RESULT', 'REPLIED', 'TRANSFERRED')) then
        raise exception 'a clue is closed by somebody other than who handled it' using constraint = 'clue_closed_by_another';
    end if;
    return new;
end
$$;
create trigger clue_step_follows before insert on clue_step for each row execute function clue_step_follows();

create table clue_reference (
    id             uuid primary key default uuidv7(),
    clue_id        uuid not null references clue,
    unit_id        uuid references unit,
    officer_id     uuid references person,
    uscc           text check (uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    device_tag     text check (device_tag <> ''),
    inspection_id  uuid references inspection,
    evidence_id    uuid references evidence,
    case_id        uuid references case_file,
    added_by       uuid not null references person,
    added_at       timestamptz not null,
    constraint clue_reference_to_one_thing
        check (num_nonnulls(unit_id, officer_id, uscc, device_tag, inspection_id, evidence_id, case_id) = 1),
    constraint clue_reference_once
        unique nulls not distinct (clue_id, unit_id, officer_id, uscc, device_tag, inspection_id, evidence_id, case_id)
);
comment on table clue_reference is 'What a clue is about, as far as it is known here.';
create index clue_reference_unit on clue_reference (unit_id);
create index clue_reference_officer on clue_reference (officer_id);
create index clue_reference_evidence on clue_reference (evidence_id) where evidence_id is not null;
create index clue_reference_inspection on clue_reference (inspection_id) where inspection_id is not null;
create index clue_reference_case on clue_reference (case_id);
create index clue_reference_added_by on clue_reference (added_by);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on clue_channel, clue, clue_step, clue_reference to plumbline;
        grant select, insert, delete on clue_reporter to plumbline;
    end if;
end
$$;
