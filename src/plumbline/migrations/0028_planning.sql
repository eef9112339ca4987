-- migrate:up
set local lock_timeout = '4s';

create table inspection_plan (
    id            uuid primary key,
    unit_id       uuid not null references unit,
    title         text not null check (title <> ''),
    source        text not null check (source in ('PLAN', 'SPECIAL_CAMPAIGN')),
    begins        date not null,
    ends          date not null,
    items         text[] not null check (items <> '{}'),
    checklist     text not null,
    published_on  date not null,
    counts        boolean not null,
    counts_why    text not null check (counts_why <> ''),
    made_by       uuid not null references person,
    made_at       timestamptz not null,
    constraint inspection_plan_in_order check (begins <= ends),
    constraint inspection_plan_published_first check (published_on <= begins)
);
comment on table inspection_plan is '检查计划, published and filed before it begins. Days are Beijing civil days, both included.';
comment on column inspection_plan.counts is 'Whether its visits count toward the yearly cap where officers tell nothing else.';
create index inspection_plan_unit on inspection_plan (unit_id, made_at desc);
create index inspection_plan_made_by on inspection_plan (made_by);

create table inspection_plan_target (
    plan_id  uuid not null references inspection_plan,
    uscc     text not null check (uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    name     text not null check (name <> ''),
    address  text not null,
    primary key (plan_id, uscc)
);

create table inspection_of_plan (
    inspection_id  uuid primary key references inspection,
    plan_id        uuid not null,
    uscc           text not null,
    constraint inspection_of_plan_target foreign key (plan_id, uscc) references inspection_plan_target (plan_id, uscc),
    constraint inspection_of_plan_once unique (plan_id, uscc)
);

create table visit_cap (
    unit_id  uuid not null references unit,
    year     integer not null check (year between 2025 and 2100),
    most     integer not null check (most > 0),
    basis    text not null check (basis <> ''),
    set_by   uuid not null references person,
    set_at   timestamptz not null,
    primary key (unit_id, year, set_at)
);
comment on table visit_cap is 'How often a unit may visit an enterprise in a year: 国办发〔2024〕54号. The last one set holds.';
create index visit_cap_set_by on visit_cap (set_by);

create table visit_merge (
    id           uuid primary key,
    lead_id      uuid not null references inspection,
    other_id     uuid not null references inspection,
    proposed_by  uuid not null references person,
    proposed_at  timestamptz not null,
    constraint visit_merge_of_two check (lead_id <> other_id)
);
comment on table visit_merge is '综合查一次: one unit proposes that two visits be one; it leads.';
create index visit_merge_lead on visit_merge (lead_id);
create index visit_merge_other on visit_merge (other_id);
create index visit_merge_proposed_by on visit_merge (proposed_by);

create table visit_merge_answer (
    merge_id     uuid primary key references visit_merge,
    agreed       boolean not null,
    reason       text not null,
    answered_by  uuid not null references person,
    answered_at  timestamptz not null
);
create index visit_merge_answer_by on visit_merge_answer (answered_by);

create table visit_merge_end (
    merge_id  uuid primary key references visit_merge_answer,
    reason    text not null check (reason <> ''),
    ended_by  uuid not null references person,
    ended_at  timestamptz not null
);
comment on table visit_merge_end is 'Two visits go their own ways again; that they were one stays on record.';
create index visit_merge_end_by on visit_merge_end (ended_by);

create function planning_is_never_changed() returns trigger language plpgsql as $$
begin
    raise exception 'what was planned, proposed and decided is never changed' using constraint = 'planning_is_never_changed';
end
$$;
do $$
declare
    name text;
begin
    foreach name in array array['inspection_plan', 'inspection_plan_target', 'inspection_of_plan', 'visit_cap',
                                'visit_merge', 'visit_merge_answer', 'visit_merge_end'] loop
        execute format('create trigger planning_is_never_changed before update or delete on %I '
                       'for each row execute function planning_is_never_changed()', name);
    end loop;
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on inspection_plan, inspection_plan_target, inspection_of_plan, visit_cap, visit_merge,
            visit_merge_answer, visit_merge_end to plumbline;
    end if;
end
$$;
