-- migrate:up
set local lock_timeout = '4s';

create table log_publication (
    size          bigint primary key references log_checkpoint,
    published_at  timestamptz not null
);
comment on table log_publication is 'Checkpoints that stand in the object store, locked, with the leaf hashes they cover.';

create table log_cosignature (
    size       bigint not null references log_checkpoint,
    witness    text not null,
    signature  text not null,
    at         timestamptz not null,
    primary key (size, witness)
);
comment on table log_cosignature is
    'A witness saw that checkpoint, and that it follows all that it saw before (C2SP tlog-cosignature).';
comment on column log_cosignature.witness is 'Verifier key of the witness.';
comment on column log_cosignature.signature is 'The line under the note.';

create table log_time_token (
    size       bigint not null references log_checkpoint,
    authority  text not null,
    token      bytea not null,
    at         timestamptz not null,
    primary key (size, authority)
);
comment on table log_time_token is 'Time-stamp responses (RFC 3161) over the text of the checkpoint, as they came.';
comment on column log_time_token.at is 'What the authority says the time was.';

do $$
declare
    name text;
begin
    foreach name in array array['log_publication', 'log_cosignature', 'log_time_token'] loop
        execute format('create trigger custody_is_never_changed before update or delete on %I '
                       'for each row execute function custody_is_never_changed()', name);
    end loop;
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on log_publication, log_cosignature, log_time_token to plumbline;
    end if;
end
$$;
