-- migrate:up
set local lock_timeout = '4s';

create table self_proof_canary (
    singular    boolean primary key default true check (singular),
    unit_id     uuid not null references unit,
    officer_id  uuid not null references person,
    device_id   uuid not null references device,
    lapsed_id   uuid not null references device
);
comment on table self_proof_canary is
    'Who captures for the self-proof. Its unit stands on no day (no unit_period), so nobody reaches it and no list counts it.';
create index self_proof_canary_unit on self_proof_canary (unit_id);
create index self_proof_canary_officer on self_proof_canary (officer_id);
create index self_proof_canary_device on self_proof_canary (device_id);
create index self_proof_canary_lapsed on self_proof_canary (lapsed_id);

create table self_proof_step (
    cycle_id  uuid not null,
    ordinal   integer not null check (ordinal > 0),
    step      text not null,
    held      boolean not null,
    detail    text not null,
    took_ms   integer not null check (took_ms >= 0),
    ended_at  timestamptz not null,
    primary key (cycle_id, ordinal),
    constraint self_proof_step_once unique (cycle_id, step)
);
comment on table self_proof_step is 'What each guard did when it was tried, all steps of a cycle at once; history, never changed.';
create index self_proof_step_newest on self_proof_step (ended_at);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on self_proof_canary, self_proof_step to plumbline;
    end if;
end
$$;
