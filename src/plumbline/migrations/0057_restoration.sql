-- migrate:up
set local lock_timeout = '4s';

create table log_restoration (
    manifest_sha256  bytea primary key check (octet_length(manifest_sha256) = 32),
    backup_made_at   timestamptz not null,
    restored_at      timestamptz not null
);
comment on table log_restoration is
    'This database came out of that backup. What happened after the backup is not here: until somebody answers for that (log_parting) the log does not grow.';

create table log_parting (
    size             bigint primary key check (size >= 0),
    earlier_origin   text not null,
    later_origin     text not null,
    manifest_sha256  bytea unique references log_restoration,
    acknowledged_by  uuid not null references person,
    reason           text not null check (reason <> ''),
    lost_note        text,
    at               timestamptz not null
);
comment on table log_parting is
    'Somebody said that the log goes on after a restore under another name, because what was signed under the earlier one is lost here. Leaves below size belong to both.';
comment on column log_parting.lost_note is 'The newest checkpoint of the earlier name that is known of and does not lead here.';

create index log_parting_acknowledged_by on log_parting (acknowledged_by);

create table offer_call (
    id     uuid primary key default gen_random_uuid(),
    cause  text not null check (cause in ('RESTORED', 'RECONCILED')),
    at     timestamptz not null
);
comment on table offer_call is 'Since then phones are asked to offer again what they hold receipts for.';
create index offer_call_at on offer_call (at desc);
create index custody_entry_unbacked on custody_entry ((details ->> 'evidence_id'))
    where event = 'evidence:receipt:unbacked';

do $$
declare
    name text;
begin
    foreach name in array array['log_restoration', 'log_parting', 'offer_call'] loop
        execute format('create trigger custody_is_never_changed before update or delete on %I '
                       'for each row execute function custody_is_never_changed()', name);
        execute format('create trigger custody_is_never_emptied before truncate on %I '
                       'for each statement execute function custody_is_never_changed()', name);
    end loop;
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select on log_restoration, log_parting to plumbline;
        grant select, insert on offer_call to plumbline;
        -- an object that was lost is put back as another version; digest, size and key stay
        grant update (version_id) on stored_object to plumbline;
    end if;
end
$$;
