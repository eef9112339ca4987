-- migrate:up
set local lock_timeout = '4s';

create table log_identity (
    single  boolean primary key default true check (single),
    origin  text not null
);
comment on table log_identity is 'The name of this log in its checkpoints: no two installations share one.';
insert into log_identity (origin) values ('plumbline/custody/' || gen_random_uuid());

create table log_key (
    verifier_key   text primary key,
    introduced_at  timestamptz not null
);
comment on table log_key is 'Public keys that sign, or signed, checkpoints (C2SP signed-note verifier keys). Their coming is itself an entry.';

create table log_pending (
    entry_id  bigint primary key
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
comment on table log_pending is
    'Custody entries that are committed and not yet in the log. A row each, because ids do not commit in their order: '
    'whoever reads on from a highest id skips what commits late.';
insert into log_pending (entry_id) select id from custody_entry;

create function custody_entry_awaits_log() returns trigger language plpgsql as $$
begin
    insert into log_pending (entry_id) select id from added;
    return null;
end
$$;
create trigger custody_entry_awaits_log after insert on custody_entry
    referencing new table as added for each statement execute function custody_entry_awaits_log();

create table log_leaf (
    index         bigint primary key check (index >= 0),
    entry_id      bigint not null unique,
    hash          bytea not null check (octet_length(hash) = 32),
    actor_salt    bytea check (octet_length(actor_salt) = 16),
    phone_salt    bytea check (octet_length(phone_salt) = 16),
    details_salt  bytea check (octet_length(details_salt) = 16)
);
comment on table log_leaf is 'Which custody entry is the leaf of which index. Indices begin at 0 and leave nothing out.';
comment on column log_leaf.hash is 'RFC 9162: SHA-256 of 00 and the canonical bytes of the entry (docs/log.md).';
comment on column log_leaf.actor_salt is 'With it the commitment in the leaf opens to the value; null once that is erased.';

create function log_leaf_follows() returns trigger language plpgsql as $$
begin
    if exists (
        select from (select min(index) as first, max(index) as last, count(*) as number from added) as added
         where last - first + 1 <> number
            or first > 0 and not exists (select from log_leaf where index = first - 1)
    ) then
        raise exception 'the log has no gaps' using constraint = 'log_leaf_follows', errcode = 'check_violation';
    end if;
    return null;
end
$$;
create trigger log_leaf_follows after insert on log_leaf
    referencing new table as added for each statement execute function log_leaf_follows();

create table log_subtree (
    level  smallint not null check (level > 0 and level % 8 = 0),
    index  bigint not null check (index >= 0),
    hash   bytea not null check (octet_length(hash) = 32),
    primary key (level, index)
);
comment on table log_subtree is
    'Merkle tree hash of the 2^level leaves from index * 2^level on. Every eighth level is kept; what lies between is '
    'made of 256 hashes below.';

create table log_checkpoint (
    size  bigint primary key check (size > 0),
    root  bytea not null check (octet_length(root) = 32),
    note  text not null,
    at    timestamptz not null
);
comment on table log_checkpoint is 'What was signed (C2SP tlog-checkpoint), in the transaction of the leaves it counts.';

create table erased_field (
    entry_id    bigint not null references custody_entry,
    field       text not null check (field in ('actor', 'phone', 'details')),
    commitment  bytea not null check (octet_length(commitment) = 32),
    erased_at   timestamptz not null,
    primary key (entry_id, field)
);
comment on table erased_field is
    'What stands in the leaf for a value that was erased with its salt. Nobody can tell from it what the value was.';

create function custody_is_never_changed() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and current_setting('plumbline.erasing', true) = 'on' then
        return new;
    end if;
    raise exception 'what happened is never changed' using constraint = 'custody_is_never_changed';
end
$$;
comment on function custody_is_never_changed() is
    'Against carelessness; who owns the tables can get past it, and the log shows it. Erasing a person goes on purpose.';
do $$
declare
    name text;
begin
    foreach name in array array['custody_entry', 'log_leaf', 'log_subtree', 'log_checkpoint', 'log_key', 'erased_field'] loop
        execute format('create trigger custody_is_never_changed before update or delete on %I '
                       'for each row execute function custody_is_never_changed()', name);
    end loop;
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select on log_identity, erased_field to plumbline;
        grant select, insert on log_key, log_leaf, log_subtree, log_checkpoint to plumbline;
        grant select, insert, delete on log_pending to plumbline;
    end if;
end
$$;
