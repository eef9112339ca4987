-- migrate:up
set local lock_timeout = '4s';

alter table inspection_operation add column latest_by_clock timestamptz;
comment on column inspection_operation.latest_by_clock is
    'The latest instant at which it can have been told by the phone''s clock under a time anchor, whatever the phone '
    'claims; null where it sent no readings.';

create table operation_vouched (
    operation_id  uuid primary key references inspection_operation,
    vouched_by    uuid not null references person,
    vouched_at    timestamptz not null,
    reason        text not null check (reason <> '')
);
comment on table operation_vouched is
    'What a phone told after its revocation and somebody in charge answers for: it counts like any other.';
create index operation_vouched_by on operation_vouched (vouched_by);

alter table inspection_current add column after_revocation integer not null default 0 check (after_revocation >= 0);
comment on column inspection_current.after_revocation is
    'How many operations are kept that do not count: told by a phone after its revocation, and vouched for by nobody.';

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on operation_vouched to plumbline;
    end if;
end
$$;
