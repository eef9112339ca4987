-- migrate:up
set local lock_timeout = '4s';

-- The program knows the names; a constraint that listed them would have to be changed with each.
alter table jurisdiction_policy drop constraint jurisdiction_policy_name_check;
alter table jurisdiction_policy add constraint jurisdiction_policy_name_check check (name ~ '^[A-Z][A-Z_]*$');

create table content_review (
    evidence_id     uuid not null references reception,
    reviewer_id     uuid not null references person,
    ordinal         integer not null,
    is_true         boolean not null,
    is_clear        boolean not null,
    is_complete     boolean not null,
    is_accurate     boolean not null,
    passed          boolean not null generated always as (is_true and is_clear and is_complete and is_accurate) stored,
    reason          text not null,
    reviewed_at     timestamptz not null,
    primary key (evidence_id, reviewer_id),
    constraint content_review_of_verdict foreign key (evidence_id, ordinal) references verdict (evidence_id, ordinal),
    constraint content_review_says_why check (is_true and is_clear and is_complete and is_accurate or reason <> '')
);
comment on table content_review is '行政处罚法 Art. 41: what a device recorded is judged true, clear, complete, accurate. Each reviewer once.';
comment on column content_review.ordinal is 'The verdict that stood when it was reviewed.';
create index content_review_reviewer on content_review (reviewer_id);

create table content_review_conclusion (
    evidence_id   uuid primary key references reception,
    passed        boolean not null,
    concluded_at  timestamptz not null,
    constraint content_review_conclusion_names_outcome unique (evidence_id, passed)
);
comment on table content_review_conclusion is 'Enough have reviewed it: passed by as many as policy asks for, or failed by one.';

create table content_review_awaited (
    evidence_id  uuid primary key references evidence,
    unit_id      uuid not null references unit,
    received_at  timestamptz not null
);
comment on table content_review_awaited is 'Admitted, captured by a device, not concluded: what a reviewer sees. Derived by the triggers below.';
create index content_review_awaited_unit on content_review_awaited (unit_id, received_at);
create index content_review_awaited_age on content_review_awaited (received_at);

create function content_review_awaits() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        delete from content_review_awaited where evidence_id = old.evidence_id;
    elsif tg_table_name = 'content_review_conclusion' then
        delete from content_review_awaited where evidence_id = new.evidence_id;
    elsif new.by_device then
        insert into content_review_awaited (evidence_id, unit_id, received_at)
        select evidence.id, evidence.unit_id, reception.received_at
          from evidence
          join reception on reception.evidence_id = evidence.id
         where evidence.id = new.evidence_id
           and not exists (select from content_review_conclusion where evidence_id = new.evidence_id)
            on conflict do nothing;
    end if;
    return null;
end
$$;
create trigger content_review_awaits after insert or delete on admission
    for each row execute function content_review_awaits();
create trigger content_review_awaits after insert on content_review_conclusion
    for each row execute function content_review_awaits();

insert into content_review_awaited (evidence_id, unit_id, received_at)
select evidence.id, evidence.unit_id, reception.received_at
  from admission
  join evidence on evidence.id = admission.evidence_id
  join reception on reception.evidence_id = evidence.id
 where admission.by_device;

create table case_file (
    id         uuid primary key,
    number     text not null check (number <> ''),
    unit_id    uuid not null references unit,
    title      text not null check (title <> ''),
    opened_on  date not null,
    opened_by  uuid not null references person,
    opened_at  timestamptz not null,
    constraint case_file_number_taken unique (unit_id, number)
);
create index case_file_opened_by on case_file (opened_by);

create table case_evidence (
    case_id      uuid not null references case_file,
    evidence_id  uuid not null references evidence,
    attached_by  uuid not null references person,
    attached_at  timestamptz not null,
    primary key (case_id, evidence_id)
);
comment on table case_evidence is 'What a case rests on. Only what counts when it is attached; see the trigger.';
create index case_evidence_evidence on case_evidence (evidence_id);
create index case_evidence_by on case_evidence (attached_by);

create function case_rests_on_what_counts() returns trigger language plpgsql as $$
declare
    device boolean;
begin
    select by_device into device from admission where evidence_id = new.evidence_id;
    if not found then
        raise exception 'evidence that does not count cannot be attached' using constraint = 'case_evidence_admitted';
    end if;
    if device and not exists (select from content_review_conclusion where evidence_id = new.evidence_id and passed) then
        raise exception 'what a device recorded is attached once its content has been reviewed'
            using constraint = 'case_evidence_reviewed';
    end if;
    return new;
end
$$;
create trigger case_rests_on_what_counts before insert on case_evidence
    for each row execute function case_rests_on_what_counts();

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on content_review, content_review_conclusion, case_file, case_evidence to plumbline;
        grant select on content_review_awaited to plumbline;
    end if;
end
$$;
