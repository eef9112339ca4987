-- migrate:up
set local lock_timeout = '4s';

create table object_last_read (
    sha256   bytea primary key references stored_object,
    read_at  timestamptz not null,
    outcome  text not null check (outcome in ('SAME', 'CHANGED', 'MISSING', 'UNREADABLE'))
);
comment on table object_last_read is
    'When the bytes of an object were last read back whole, and whether they were what they must be. Every reading that finds or ends a fault is a custody entry.';
create index object_last_read_age on object_last_read (read_at);
create index object_last_read_fault on object_last_read (outcome) where outcome <> 'SAME';

create function object_is_read_when_stored() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    insert into object_last_read (sha256, read_at, outcome) values (new.sha256, new.stored_at, 'SAME')
        on conflict do nothing;
    return null;
end
$$;
comment on function object_is_read_when_stored is 'The store compared the digest, or we read it back, before this row was written.';
create trigger object_is_read_when_stored after insert on stored_object
    for each row execute function object_is_read_when_stored();

insert into object_last_read (sha256, read_at, outcome)
select sha256, stored_at, 'SAME' from stored_object;

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select on object_last_read to plumbline;
        grant update (read_at, outcome) on object_last_read to plumbline;
    end if;
end
$$;
