-- migrate:up
set local lock_timeout = '4s';

create table case_file_officer (
    case_id    uuid not null references case_file,
    person_id  uuid not null references person,
    added_by   uuid not null references person,
    added_at   timestamptz not null,
    primary key (case_id, person_id)
);
comment on table case_file_officer is 'Who handles the case (办案人员). Whoever did so once is never its reviewer.';
create index case_file_officer_person on case_file_officer (person_id);
create index case_file_officer_by on case_file_officer (added_by);

create table case_file_closing (
    case_id    uuid primary key references case_file,
    closed_on  date not null,
    closed_by  uuid not null references person,
    closed_at  timestamptz not null
);
comment on table case_file_closing is '结案: once, on a Beijing civil day.';
create index case_file_closing_day on case_file_closing (closed_on);
create index case_file_closing_by on case_file_closing (closed_by);
create index case_file_opened_on on case_file (unit_id, opened_on);

create table review_sheet (
    sha256        bytea primary key,
    code          text not null check (code <> ''),
    version       integer not null check (version > 0),
    body          bytea not null,
    published_at  timestamptz not null,
    published_by  uuid not null references person,
    constraint review_sheet_as_hashed check (sha256 = sha256(body)),
    constraint review_sheet_version_taken unique (code, version)
);
comment on table review_sheet is '评查标准: canonical JSON. A version is never edited; what changes is another version.';
create index review_sheet_by on review_sheet (published_by);

create table case_review (
    id                uuid primary key,
    unit_id           uuid not null references unit,
    terms             bytea not null,
    terms_sha256      bytea not null,
    sheet_sha256      bytea not null references review_sheet,
    ends_at           timestamptz not null,
    seed              bytea not null check (octet_length(seed) = 32),
    commitment        bytea not null,
    committed_at      timestamptz not null,
    committed_by      uuid not null references person,
    custody_entry_id  bigint not null references custody_entry,
    constraint case_review_terms_as_hashed check (terms_sha256 = sha256(terms)),
    constraint case_review_commits_to_its_seed check (commitment = sha256(seed)),
    constraint case_review_committed_before_the_end check (committed_at < ends_at),
    constraint case_review_by_seed unique (id, seed, ends_at)
);
comment on table case_review is '案卷评查: what is reviewed, and the seed that was committed to before the period ended.';
comment on column case_review.terms is 'Canonical JSON, published as it is.';
comment on column case_review.ends_at is 'The instant at which the period is over; before it nothing is drawn.';
comment on column case_review.custody_entry_id is 'The entry that brings the commitment into the log.';
create index case_review_unit on case_review (unit_id, committed_at desc);
create index case_review_sheet on case_review (sheet_sha256);
create index case_review_by on case_review (committed_by);
create index case_review_entry on case_review (custody_entry_id);

create function case_review_is_in_the_log() returns trigger language plpgsql as $$
begin
    if not exists (
        select from custody_entry
         where id = new.custody_entry_id and event = 'case:review:committed' and at = new.committed_at
           and details ->> 'review_id' = new.id::text
           and details ->> 'commitment' = encode(new.commitment, 'hex')
           and details ->> 'terms_sha256' = encode(new.terms_sha256, 'hex')
    ) then
        raise exception 'the commitment must stand in the log, as it is here'
            using constraint = 'case_review_is_in_the_log', errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger case_review_is_in_the_log before insert on case_review
    for each row execute function case_review_is_in_the_log();

create table case_review_reviewer (
    review_id  uuid not null references case_review,
    person_id  uuid not null references person,
    added_at   timestamptz not null,
    added_by   uuid not null references person,
    primary key (review_id, person_id)
);
create index case_review_reviewer_person on case_review_reviewer (person_id);
create index case_review_reviewer_by on case_review_reviewer (added_by);

create table case_review_conflict (
    review_id    uuid not null,
    person_id    uuid not null,
    unit_id      uuid not null references unit,
    reason       text not null check (reason <> ''),
    declared_at  timestamptz not null,
    declared_by  uuid not null references person,
    primary key (review_id, person_id, unit_id),
    constraint case_review_conflict_of_reviewer foreign key (review_id, person_id) references case_review_reviewer
);
comment on table case_review_conflict is 'Declared: this reviewer reviews nothing of this unit. The reason is not published.';
create index case_review_conflict_unit on case_review_conflict (unit_id);
create index case_review_conflict_by on case_review_conflict (declared_by);

create table case_review_draw (
    review_id      uuid primary key,
    seed           bytea not null,
    ends_at        timestamptz not null,
    frame          bytea not null,
    frame_sha256   bytea not null,
    result         bytea not null,
    result_sha256  bytea not null,
    drawn_at       timestamptz not null,
    drawn_by       uuid not null references person,
    constraint case_review_drawn_with_its_seed foreign key (review_id, seed, ends_at)
        references case_review (id, seed, ends_at),
    constraint case_review_drawn_after_the_end check (drawn_at >= ends_at),
    constraint case_review_frame_as_hashed check (frame_sha256 = sha256(frame)),
    constraint case_review_result_as_hashed check (result_sha256 = sha256(result))
);
comment on table case_review_draw is 'Once: a key, so that nobody draws again until it suits. From here on the seed is public.';
create index case_review_draw_by on case_review_draw (drawn_by);

create table case_review_file (
    review_id  uuid not null references case_review_draw,
    case_id    uuid not null references case_file,
    unit_id    uuid not null references unit,
    primary key (review_id, case_id),
    constraint case_review_file_of_unit unique (review_id, case_id, unit_id)
);
create index case_review_file_case on case_review_file (case_id);
create index case_review_file_unit on case_review_file (unit_id);

create table case_review_assignment (
    review_id    uuid not null,
    case_id      uuid not null,
    reviewer_id  uuid not null,
    primary key (review_id, case_id, reviewer_id),
    foreign key (review_id, case_id) references case_review_file,
    foreign key (review_id, reviewer_id) references case_review_reviewer (review_id, person_id)
);
create index case_review_assignment_reviewer on case_review_assignment (reviewer_id);

create function case_review_without_conflict() returns trigger language plpgsql as $$
begin
    if exists (select from case_file_officer where case_id = new.case_id and person_id = new.reviewer_id)
       or exists (select from case_evidence where case_id = new.case_id and attached_by = new.reviewer_id)
       or exists (select from case_file
                    join person on person.id = new.reviewer_id
                   where case_file.id = new.case_id
                     and (case_file.opened_by = new.reviewer_id or case_file.unit_id = person.unit_id))
       or exists (select from case_review_conflict as declared
                    join case_file on case_file.unit_id = declared.unit_id
                   where case_file.id = new.case_id
                     and declared.review_id = new.review_id and declared.person_id = new.reviewer_id) then
        raise exception 'nobody reviews what they had a hand in'
            using constraint = 'case_review_without_conflict', errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger case_review_without_conflict before insert on case_review_assignment
    for each row execute function case_review_without_conflict();

create table case_review_judgement (
    review_id    uuid not null,
    case_id      uuid not null,
    reviewer_id  uuid not null,
    items        jsonb not null,
    score        integer not null check (score between 0 and 100),
    vetoed       boolean not null,
    findings     integer not null check (findings >= 0),
    judged_at    timestamptz not null,
    primary key (review_id, case_id, reviewer_id),
    constraint case_review_judged_by_whom_was_drawn foreign key (review_id, case_id, reviewer_id)
        references case_review_assignment,
    constraint case_review_veto_is_a_finding check (not vetoed or findings > 0)
);
create index case_review_judgement_reviewer on case_review_judgement (reviewer_id);

create table case_review_order (
    id          uuid primary key,
    review_id   uuid not null,
    case_id     uuid not null,
    unit_id     uuid not null,
    demand      text not null check (demand <> ''),
    due_on      date not null,
    ordered_at  timestamptz not null,
    ordered_by  uuid not null references person,
    constraint case_review_order_of_file foreign key (review_id, case_id, unit_id)
        references case_review_file (review_id, case_id, unit_id),
    constraint case_review_order_once unique (review_id, case_id)
);
comment on table case_review_order is '责令整改: one for a file, with everything that was found in it. `due_on` is the last day, inclusive.';
create index case_review_order_unit on case_review_order (unit_id, due_on);
create index case_review_order_case on case_review_order (case_id);
create index case_review_order_by on case_review_order (ordered_by);

create table case_review_reply (
    order_id           uuid not null references case_review_order,
    ordinal            integer not null check (ordinal > 0),
    previous           integer generated always as (case when ordinal > 1 then ordinal - 1 end) stored,
    previous_accepted  boolean generated always as (case when ordinal > 1 then false end) stored,
    text               text not null check (text <> ''),
    replied_at         timestamptz not null,
    replied_by         uuid not null references person,
    primary key (order_id, ordinal),
    constraint case_review_reply_by_whom unique (order_id, ordinal, replied_by)
);
create index case_review_reply_by on case_review_reply (replied_by);

create table case_review_reply_document (
    order_id  uuid not null,
    ordinal   integer not null,
    sha256    bytea not null references document,
    primary key (order_id, ordinal, sha256),
    foreign key (order_id, ordinal) references case_review_reply
);
create index case_review_reply_document_digest on case_review_reply_document (sha256);

create table case_review_decision (
    order_id    uuid not null,
    ordinal     integer not null,
    replied_by  uuid not null,
    accepted    boolean not null,
    reason      text not null,
    decided_at  timestamptz not null,
    decided_by  uuid not null references person,
    primary key (order_id, ordinal),
    constraint case_review_decision_of_reply foreign key (order_id, ordinal, replied_by)
        references case_review_reply (order_id, ordinal, replied_by),
    constraint case_review_decision_outcome unique (order_id, ordinal, accepted),
    constraint case_review_decision_by_whom unique (order_id, ordinal, accepted, replied_by, decided_by),
    constraint case_review_nobody_accepts_their_own check (decided_by <> replied_by),
    constraint case_review_return_says_why check (accepted or reason <> '')
);
create index case_review_decision_by on case_review_decision (decided_by);
alter table case_review_reply add constraint case_review_reply_follows_a_return
    foreign key (order_id, previous, previous_accepted) references case_review_decision (order_id, ordinal, accepted);

create table case_review_order_closing (
    order_id    uuid primary key references case_review_order,
    ordinal     integer not null,
    accepted    boolean not null check (accepted),
    replied_by  uuid not null,
    decided_by  uuid not null,
    closed_at   timestamptz not null,
    closed_by   uuid not null references person,
    constraint case_review_closed_once_accepted foreign key (order_id, ordinal, accepted, replied_by, decided_by)
        references case_review_decision (order_id, ordinal, accepted, replied_by, decided_by),
    constraint case_review_closed_by_somebody_other check (closed_by <> decided_by and closed_by <> replied_by)
);
comment on table case_review_order_closing is '销号: by somebody who neither replied nor accepted the reply.';
create index case_review_order_closing_by on case_review_order_closing (closed_by);

create function case_review_is_never_changed() returns trigger language plpgsql as $$
begin
    raise exception 'what a review rests on, and what it found, is never changed'
        using constraint = 'case_review_is_never_changed';
end
$$;
do $$
declare
    name text;
begin
    foreach name in array array['case_file_officer', 'case_file_closing', 'review_sheet', 'case_review',
        'case_review_reviewer', 'case_review_conflict', 'case_review_draw', 'case_review_file',
        'case_review_assignment', 'case_review_judgement', 'case_review_order', 'case_review_reply',
        'case_review_reply_document', 'case_review_decision', 'case_review_order_closing'] loop
        execute format('create trigger case_review_is_never_changed before update or delete on %I '
                       'for each row execute function case_review_is_never_changed()', name);
        if exists (select from pg_roles where rolname = 'plumbline') then
            execute format('grant select, insert on %I to plumbline', name);
        end if;
    end loop;
end
$$;
