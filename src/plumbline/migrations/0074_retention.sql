-- migrate:up
set local lock_timeout = '4s';

alter table jurisdiction_policy
    drop constraint jurisdiction_policy_value_check,
    add constraint jurisdiction_policy_value_check check (value between 0 and 36600);

-- Until when what is kept.

create table retention_basis (
    evidence_id  uuid not null references reception,
    category     text not null check (category in ('CAPTURE', 'INSPECTION', 'CASE')),
    starts_at    timestamptz not null,
    keep_until   timestamptz not null check (keep_until >= starts_at),
    known_at     timestamptz not null,
    primary key (evidence_id, category, keep_until)
);
comment on table retention_basis is 'Why and until when it is kept: the longest holds. Only added to, so nothing is ever kept shorter.';
comment on column retention_basis.starts_at is 'The end of the capture, or of the day on which the case was closed. Nobody types it.';

create table retention_awaited (
    evidence_id  uuid primary key references reception
);
comment on table retention_awaited is 'Its terms are to be written down, or the object locked longer: a job does it. Filled by the triggers below.';

create function retention_awaits() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    if tg_table_name = 'reception' then
        insert into retention_awaited (evidence_id) values (new.evidence_id) on conflict do nothing;
    else
        insert into retention_awaited (evidence_id)
        select evidence_id from case_evidence join reception using (evidence_id) where case_id = new.case_id
            on conflict do nothing;
    end if;
    return null;
end
$$;
create trigger retention_awaits after insert on reception for each row execute function retention_awaits();
create trigger retention_awaits after insert on case_file_closing for each row execute function retention_awaits();
insert into retention_awaited (evidence_id) select evidence_id from reception;

create function object_is_locked_longer_only() returns trigger language plpgsql as $$
begin
    if new.retained_until < old.retained_until then
        raise exception 'an object stays locked as long as was promised'
            using errcode = 'check_violation', constraint = 'stored_object_outward';
    end if;
    return new;
end
$$;
create trigger object_is_locked_longer_only before update on stored_object
    for each row execute function object_is_locked_longer_only();

-- What keeps it beyond that.

create table legal_hold (
    id           uuid primary key default uuidv7(),
    evidence_id  uuid not null references evidence,
    source       text not null check (source in ('COURT', 'COMPLAINT', 'REVIEW', 'OTHER')),
    reason       text not null check (reason <> ''),
    placed_by    uuid not null references person,
    placed_at    timestamptz not null
);
comment on table legal_hold is 'Held by hand, whatever its term. Cases and reverse traces hold by themselves: see evidence_hold.';
create index legal_hold_evidence on legal_hold (evidence_id);
create index legal_hold_placed_by on legal_hold (placed_by);

create table legal_hold_lifting (
    hold_id    uuid primary key references legal_hold,
    reason     text not null check (reason <> ''),
    lifted_by  uuid not null references person,
    lifted_at  timestamptz not null
);
create index legal_hold_lifting_by on legal_hold_lifting (lifted_by);

create index evidence_inspection on evidence (((facts ->> 'inspection_id')::uuid));

create view evidence_hold as
select evidence_id, source, id as reference, placed_at as since
  from legal_hold
 where not exists (select from legal_hold_lifting where hold_id = legal_hold.id)
union all
select evidence_id, 'CASE', case_id, attached_at
  from case_evidence
 where not exists (select from case_file_closing where case_file_closing.case_id = case_evidence.case_id)
union all
select evidence_id, 'QUARANTINE', trace_id, queued_at
  from trace_item_state
 where state <> 'CONFIRMED'
union all
select about.evidence_id, 'COMPLAINT', clue.id, clue.registered_at
  from clue
  join clue_channel on clue_channel.code = clue.channel and clue_channel.holds_from = clue.terms_from
  join (
       select clue_id, evidence_id from clue_reference where evidence_id is not null
       union
       select clue_id, case_evidence.evidence_id from clue_reference join case_evidence using (case_id)
       union
       select clue_id, evidence.id
         from clue_reference
         join evidence on (facts ->> 'inspection_id')::uuid = clue_reference.inspection_id
  ) as about on about.clue_id = clue.id
 where complaint
   and not exists (select from clue_step where clue_step.clue_id = clue.id and step = 'CLOSED');
comment on view evidence_hold is
    'What is held now, by hand, by an open case or complaint, or in the quarantine of a reverse trace. It reads as its owner '
    'on purpose: a hold that somebody does not reach holds all the same.';

create table object_hold (
    sha256      bytea primary key references stored_object,
    held        boolean not null,
    changed_at  timestamptz not null
);
comment on table object_hold is 'Legal holds as the object store confirmed them; a job makes them follow evidence_hold.';

-- Disposal: rehearsed, confirmed by somebody else, after a time of waiting.

create table disposal_list (
    id            uuid primary key default uuidv7(),
    unit_id       uuid not null references unit,
    reason        text not null check (reason <> ''),
    rehearsed_by  uuid not null references person,
    rehearsed_at  timestamptz not null,
    constraint disposal_list_by unique (id, rehearsed_by)
);
create index disposal_list_unit on disposal_list (unit_id, rehearsed_at desc);
create index disposal_list_rehearsed_by on disposal_list (rehearsed_by);

create table disposal_item (
    list_id      uuid not null references disposal_list,
    evidence_id  uuid not null references reception,
    kept_until   timestamptz not null,
    primary key (list_id, evidence_id)
);
comment on column disposal_item.kept_until is 'When its term had ended, as it was rehearsed.';
create index disposal_item_evidence on disposal_item (evidence_id);

create table disposal_confirmation (
    list_id       uuid primary key,
    rehearsed_by  uuid not null,
    confirmed_by  uuid not null references person,
    confirmed_at  timestamptz not null,
    due_at        timestamptz not null check (due_at >= confirmed_at),
    constraint disposal_confirmation_of_list foreign key (list_id, rehearsed_by) references disposal_list (id, rehearsed_by),
    constraint disposal_needs_second_person check (confirmed_by <> rehearsed_by)
);
comment on column disposal_confirmation.due_at is 'Nothing is disposed of before: the waiting time that policy asked for, frozen here.';
create index disposal_confirmation_by on disposal_confirmation (confirmed_by);

create table disposal_withdrawal (
    list_id       uuid primary key references disposal_list,
    reason        text not null check (reason <> ''),
    withdrawn_by  uuid not null references person,
    withdrawn_at  timestamptz not null
);
create index disposal_withdrawal_by on disposal_withdrawal (withdrawn_by);

create table disposal_strike (
    list_id      uuid not null,
    evidence_id  uuid not null,
    reason       text not null check (reason <> ''),
    struck_by    uuid not null references person,
    struck_at    timestamptz not null,
    primary key (list_id, evidence_id),
    foreign key (list_id, evidence_id) references disposal_item
);
create index disposal_strike_by on disposal_strike (struck_by);

create table object_disposal (
    sha256       bytea primary key references stored_object,
    list_id      uuid not null references disposal_list,
    disposed_at  timestamptz not null,
    deleted_at   timestamptz
);
comment on table object_disposal is 'Bytes that are gone for good. Everything that is known about them stays.';
comment on column object_disposal.deleted_at is 'When the object store had removed them; null: it is yet to.';
create index object_disposal_list on object_disposal (list_id);
create index object_disposal_left on object_disposal (sha256) where deleted_at is null;

create table disposal_result (
    list_id      uuid not null,
    evidence_id  uuid not null,
    kept_for     text,
    at           timestamptz not null,
    primary key (list_id, evidence_id),
    foreign key (list_id, evidence_id) references disposal_item
);
comment on column disposal_result.kept_for is 'Why it was not disposed of in the end; null: it was.';

create function lock_object(bytea) returns void language sql as $$
    select pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 74))
$$;
comment on function lock_object is 'Holding and disposing of the same bytes go one after the other, to the end of the transaction.';

create function refuse_to_hold_what_is_gone() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
declare
    bytes bytea;
begin
    select sha256 into bytes from reception where evidence_id = new.evidence_id;
    if found then
        perform lock_object(bytes);
        if exists (select from object_disposal where sha256 = bytes) then
            raise exception 'its bytes are disposed of'
                using errcode = 'check_violation', constraint = 'evidence_disposed';
        end if;
    end if;
    return new;
end
$$;
create trigger refuse_to_hold_what_is_gone before insert on legal_hold
    for each row execute function refuse_to_hold_what_is_gone();
create trigger refuse_to_hold_what_is_gone before insert on case_evidence
    for each row execute function refuse_to_hold_what_is_gone();

create function refuse_to_receive_what_is_gone() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    perform lock_object(new.sha256);
    if exists (select from object_disposal where sha256 = new.sha256) then
        raise exception 'these bytes were disposed of'
            using errcode = 'check_violation', constraint = 'reception_disposed';
    end if;
    return new;
end
$$;
comment on function refuse_to_receive_what_is_gone is
    'Otherwise a phone would be told that its bytes are safe, of an object that is about to be removed or is gone.';
create trigger refuse_to_receive_what_is_gone before insert on reception
    for each row execute function refuse_to_receive_what_is_gone();

create function refuse_early_disposal() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
declare
    broken text;
begin
    perform lock_object(new.sha256);
    select case
        when not exists (select from disposal_confirmation where list_id = new.list_id and due_at <= new.disposed_at)
            then 'disposal_waits'
        when exists (select from disposal_withdrawal where list_id = new.list_id) then 'disposal_withdrawn'
        when exists (
            select from reception where sha256 = new.sha256 and not exists (
                select from disposal_item as item
                 where item.list_id = new.list_id and item.evidence_id = reception.evidence_id and not exists (
                     select from disposal_strike as struck
                      where struck.list_id = item.list_id and struck.evidence_id = item.evidence_id)))
            then 'disposal_not_listed'
        when exists (select from reception join evidence_hold using (evidence_id) where sha256 = new.sha256)
            then 'disposal_held'
        when exists (
            select from reception where sha256 = new.sha256 and new.disposed_at < coalesce((
                select max(keep_until) from retention_basis as basis
                 where basis.evidence_id = reception.evidence_id), 'infinity'))
            or exists (
            select from reception
              join case_evidence using (evidence_id)
              join case_file_closing using (case_id)
             where sha256 = new.sha256 and not exists (
                 select from retention_basis as basis
                  where basis.evidence_id = reception.evidence_id and basis.category = 'CASE'))
            then 'disposal_early'
        end into broken;
    if broken is not null then
        raise exception 'not to be disposed of' using errcode = 'check_violation', constraint = broken;
    end if;
    return new;
end
$$;
comment on function refuse_early_disposal is
    'Only what a second person confirmed, after the waiting time, for every evidence id that shares the bytes.';
create trigger refuse_early_disposal before insert on object_disposal
    for each row execute function refuse_early_disposal();

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on retention_basis, legal_hold, legal_hold_lifting, disposal_list, disposal_item,
            disposal_confirmation, disposal_withdrawal, disposal_strike, disposal_result, object_disposal to plumbline;
        grant update (deleted_at) on object_disposal to plumbline;
        grant select, insert, update on object_hold to plumbline;
        grant select on evidence_hold to plumbline;
        grant select, delete on retention_awaited to plumbline;
    end if;
end
$$;

-- What happened stays, whoever asks otherwise; and tables are not emptied at once.
do $$
declare
    name text;
begin
    foreach name in array array['retention_basis', 'legal_hold', 'legal_hold_lifting', 'disposal_list', 'disposal_item',
                                'disposal_confirmation', 'disposal_withdrawal', 'disposal_strike', 'disposal_result'] loop
        execute format('create trigger retention_is_never_changed before update or delete on %I '
                       'for each row execute function custody_is_never_changed()', name);
        execute format('create trigger retention_is_never_emptied before truncate on %I '
                       'for each statement execute function custody_is_never_changed()', name);
    end loop;
end
$$;
