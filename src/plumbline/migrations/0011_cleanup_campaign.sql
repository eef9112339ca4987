-- migrate:up
set local lock_timeout = '4s';

-- 专项清理规范 (国发〔2024〕5号): every monitoring device of a unit gets a conclusion, drawn up by one person and confirmed by another.

create table cleanup_campaign (
    id         uuid primary key,
    unit_id    uuid not null references unit,
    name       text not null check (name <> ''),
    basis      text not null check (basis <> ''),
    deadline   date not null,
    opened_on  date not null,
    opened_at  timestamptz not null,
    opened_by  uuid not null references person
);
comment on table cleanup_campaign is 'Over the devices of a unit and all below it, as they were when it was opened. Days are Beijing civil days.';
create index cleanup_campaign_unit on cleanup_campaign (unit_id);
create index cleanup_campaign_opened_by on cleanup_campaign (opened_by);

create table cleanup_device (
    campaign_id  uuid not null references cleanup_campaign,
    device_id    uuid not null references device,
    unit_id      uuid not null references unit,
    primary key (campaign_id, device_id)
);
comment on table cleanup_device is 'The devices of a campaign and who held each, as of its start.';
create index cleanup_device_device on cleanup_device (device_id);
create index cleanup_device_unit on cleanup_device (unit_id);

create table cleanup_conclusion (
    id                uuid primary key,
    campaign_id       uuid not null,
    device_id         uuid not null,
    number            integer not null check (number > 0),
    treatment         text not null check (treatment in ('KEEP', 'RECTIFY', 'STOP', 'REMOVE')),
    address           text,
    direction         text,
    basis             text,
    basis_level       text not null check (basis_level in ('LAW', 'ADMINISTRATIVE_REGULATION', 'LOCAL_REGULATION', 'RULE', 'NONE')),
    legal_review      text not null check (legal_review in ('MISSING', 'HELD', 'MADE_UP')),
    technical_review  text not null check (technical_review in ('MISSING', 'HELD', 'MADE_UP')),
    announced         text not null check (announced in ('MISSING', 'HELD', 'MADE_UP')),
    signs             text not null check (signs in ('MISSING', 'UNCLEAR', 'CLEAR')),
    verification      text not null,
    necessity         text not null check (necessity <> ''),
    problems          text,
    reasons           text not null check (reasons <> ''),
    effective_on      date,
    rectify_by        date,
    responsible       text,
    site              jsonb,
    drawn_up_at       timestamptz not null,
    drawn_up_by       uuid not null references person,
    constraint cleanup_conclusion_numbered unique (campaign_id, device_id, number),
    constraint cleanup_conclusion_drafter unique (id, drawn_up_by),
    constraint cleanup_conclusion_in_campaign foreign key (campaign_id, device_id) references cleanup_device (campaign_id, device_id),
    constraint cleanup_rectify_by_whom_until_when check ((treatment = 'RECTIFY') = (num_nonnulls(rectify_by, responsible) = 2)),
    constraint cleanup_keep_is_lawful check (
        treatment <> 'KEEP'
        or (basis_level in ('LAW', 'ADMINISTRATIVE_REGULATION')
            and 'MISSING' not in (legal_review, technical_review, announced)))
);
comment on table cleanup_conclusion is 'What one person concludes about a device. A later number supersedes; none is edited.';
comment on column cleanup_conclusion.site is 'Of a device that stood there before this register: its site, reviews and announcement as they are.';
comment on column cleanup_conclusion.effective_on is 'Beijing civil day from whose beginning the device is out of use; null: from the confirmation on.';
create index cleanup_conclusion_drawn_up_by on cleanup_conclusion (drawn_up_by);

create table cleanup_decision (
    conclusion_id  uuid primary key,
    confirmed      boolean not null,
    reason         text,
    drawn_up_by    uuid not null,
    decided_at     timestamptz not null,
    decided_by     uuid not null references person,
    constraint cleanup_decision_names_drafter foreign key (conclusion_id, drawn_up_by) references cleanup_conclusion (id, drawn_up_by),
    constraint confirmer_is_not_drafter check (decided_by <> drawn_up_by),
    constraint cleanup_return_has_reason check (confirmed or reason <> '')
);
create index cleanup_decision_decided_by on cleanup_decision (decided_by);
comment on table cleanup_decision is 'A conclusion is confirmed by somebody other than who drew it up, or given back with a reason.';

create table cleanup_closing (
    campaign_id    uuid primary key references cleanup_campaign,
    devices        integer not null,
    concluded      integer not null,
    result         bytea not null,
    result_sha256  bytea not null,
    table_sha256   bytea not null check (octet_length(table_sha256) = 32),
    closed_at      timestamptz not null,
    closed_by      uuid not null references person,
    constraint cleanup_closes_complete check (devices = concluded),
    constraint cleanup_result_is_whole check (result_sha256 = sha256(result))
);
create index cleanup_closing_closed_by on cleanup_closing (closed_by);
comment on table cleanup_closing is 'The result list as it went to the government, frozen: JSON, and the digest of the spreadsheet made of it.';

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on cleanup_campaign, cleanup_device, cleanup_conclusion, cleanup_decision, cleanup_closing to plumbline;
    end if;
end
$$;
