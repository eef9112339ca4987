-- migrate:up
set local lock_timeout = '4s';

-- Of the register: the windows that bad findings lay open. Never edited, never deleted: a window does not shrink.

create table reverse_trace (
    id          uuid primary key default uuidv7(),
    device_id   uuid not null references device,
    cause       text not null check (cause in ('FAILURE', 'OUT_OF_TOLERANCE', 'CLOCK', 'SEAL_BROKEN', 'RESULT_WITHDRAWN')),
    cause_fact  uuid not null,
    channel     text not null,
    span        tstzrange not null check (not isempty(span) and not lower_inf(span) and not upper_inf(span)),
    good_fact   uuid,
    opened_at   timestamptz not null,
    opened_by   uuid references person,
    constraint reverse_trace_opened_once unique (cause_fact)
);
comment on table reverse_trace is
    'From the last good result to a bad finding: nobody can say any more that the device was good in between.';
comment on column reverse_trace.cause_fact is 'The bad finding, or for RESULT_WITHDRAWN the good result that was taken back.';
comment on column reverse_trace.good_fact is 'The last good result before; null: none is known, and the window reaches back to the first day.';
create index reverse_trace_device on reverse_trace using gist (device_id, span);
create index reverse_trace_opener on reverse_trace (opened_by);

-- Of evidence: what was captured in such a window waits for a person's conclusion, which a second person confirms.

create table trace_item (
    trace_id     uuid not null references reverse_trace,
    evidence_id  uuid not null references reception,
    queued_at    timestamptz not null,
    constraint trace_item_pkey primary key (trace_id, evidence_id)
);
create index trace_item_evidence on trace_item (evidence_id);

create table trace_conclusion (
    trace_id      uuid not null,
    evidence_id   uuid not null,
    ordinal       integer not null check (ordinal > 0),
    conclusion    text not null check (conclusion in ('KEEP', 'EXCLUDE', 'DECISION_TO_CORRECT')),
    reason        text not null check (reason <> ''),
    concluded_by  uuid not null references person,
    concluded_at  timestamptz not null,
    constraint trace_conclusion_pkey primary key (trace_id, evidence_id, ordinal),
    constraint trace_conclusion_by unique (trace_id, evidence_id, ordinal, concluded_by),
    constraint trace_conclusion_of_item foreign key (trace_id, evidence_id) references trace_item
);
comment on table trace_conclusion is 'KEEP: it may count all the same. EXCLUDE: it may not. DECISION_TO_CORRECT: it may not, and what was decided with it must be corrected.';
create index trace_conclusion_person on trace_conclusion (concluded_by);

create table trace_confirmation (
    trace_id      uuid not null,
    evidence_id   uuid not null,
    ordinal       integer not null,
    concluded_by  uuid not null,
    confirmed     boolean not null,
    reason        text,
    confirmed_by  uuid not null references person,
    confirmed_at  timestamptz not null,
    constraint trace_confirmation_pkey primary key (trace_id, evidence_id, ordinal),
    constraint trace_confirmation_of_conclusion foreign key (trace_id, evidence_id, ordinal, concluded_by)
        references trace_conclusion (trace_id, evidence_id, ordinal, concluded_by),
    constraint trace_needs_second_person check (confirmed_by <> concluded_by),
    constraint trace_sent_back_with_reason check (confirmed or coalesce(reason, '') <> '')
);
comment on table trace_confirmation is 'A second person confirms a conclusion, or sends it back (not confirmed) for another.';
create unique index trace_concluded_for_good on trace_confirmation (trace_id, evidence_id) where confirmed;
create index trace_confirmation_person on trace_confirmation (confirmed_by);

create view trace_item_state as
select trace_item.trace_id, trace_item.evidence_id, trace_item.queued_at,
       case when latest.confirmed then 'CONFIRMED'
            when latest.ordinal is null or not latest.confirmed then 'OPEN'
            else 'CONCLUDED' end as state,
       latest.ordinal, latest.conclusion, latest.reason, latest.concluded_by, latest.concluded_at,
       latest.confirmed, latest.answer, latest.confirmed_by, latest.confirmed_at
  from trace_item
  left join lateral (
       select conclusion.ordinal, conclusion.conclusion, conclusion.reason, conclusion.concluded_by,
              conclusion.concluded_at, confirmation.confirmed, confirmation.reason as answer,
              confirmation.confirmed_by, confirmation.confirmed_at
         from trace_conclusion as conclusion
         left join trace_confirmation as confirmation using (trace_id, evidence_id, ordinal)
        where conclusion.trace_id = trace_item.trace_id and conclusion.evidence_id = trace_item.evidence_id
        order by conclusion.ordinal desc
        limit 1
  ) as latest on true;
comment on view trace_item_state is
    'OPEN: nobody has concluded, or it was sent back. CONCLUDED: a second person has yet to confirm. CONFIRMED: for good.';

-- What even a wrong program cannot do: let evidence count inside a window without a confirmed KEEP for it.

create function kept_in_trace(uuid, uuid) returns boolean
language sql volatile as $$
    select exists (
        select
          from trace_confirmation
          join trace_conclusion using (trace_id, evidence_id, ordinal)
         where trace_id = $1 and evidence_id = $2 and confirmed and conclusion = 'KEEP')
$$;
comment on function kept_in_trace is 'Whether it is concluded for good that the evidence (second) may count in spite of the trace (first).';

create function refuse_admission_in_trace() returns trigger
language plpgsql as $$
begin
    -- Facts about the device are recorded before this or after it, never beside it: then they see this admission.
    perform from device where id = new.device_id for share;
    if exists (select from reverse_trace
                where device_id = new.device_id and span && new.captured and not kept_in_trace(id, new.evidence_id)) then
        raise exception using
            errcode = 'check_violation', table = 'admission', constraint = 'admission_outside_reverse_trace',
            message = 'admission in the window of a reverse trace without a confirmed KEEP';
    end if;
    return null;
end
$$;

create function refuse_trace_over_admission() returns trigger
language plpgsql as $$
begin
    if exists (select from admission
                where device_id = new.device_id and captured && new.span and not kept_in_trace(new.id, evidence_id)) then
        raise exception using
            errcode = 'check_violation', table = 'reverse_trace', constraint = 'reverse_trace_suspends_admissions',
            message = 'reverse trace opened over admissions that stand';
    end if;
    return null;
end
$$;

create constraint trigger admission_outside_reverse_trace
    after insert or update on admission
    for each row when (new.device_id is not null) execute function refuse_admission_in_trace();
create constraint trigger reverse_trace_suspends_admissions
    after insert on reverse_trace deferrable initially deferred
    for each row execute function refuse_trace_over_admission();

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on reverse_trace, trace_item, trace_conclusion, trace_confirmation to plumbline;
        grant select on trace_item_state to plumbline;
    end if;
end
$$;
