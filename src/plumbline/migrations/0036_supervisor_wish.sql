-- migrate:up
set local lock_timeout = '4s';

create table evidence_wish (
    inspection_id  uuid not null references inspection,
    evidence_id    uuid not null references evidence,
    asked_by       uuid not null references person,
    asked_at       timestamptz not null,
    primary key (inspection_id, evidence_id)
);
comment on table evidence_wish is
    'What a supervisor asked to be sent before all else of an inspection, while its bytes were still on a phone. Asked '
    'once; never taken back, as it ends by itself once the bytes are in.';
create index evidence_wish_evidence on evidence_wish (evidence_id);
create index evidence_wish_asked_by on evidence_wish (asked_by);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on evidence_wish to plumbline;
    end if;
end
$$;
