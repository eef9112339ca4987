-- migrate:up
set local lock_timeout = '4s';

alter table export
    add column made_by_name  text,
    add column log_keys      text[],
    add column receipt_keys  jsonb;
comment on column export.made_by_name is 'As the name was then.';
comment on column export.log_keys is 'Verifier keys of the log that were known then.';
comment on column export.receipt_keys is 'Public keys of receipts (JWK) that were known then; null in exports made before these were kept.';
update export set made_by_name = (select name_zh from person where id = made_by),
                  log_keys = array(select verifier_key from log_key where introduced_at <= made_at
                                    order by introduced_at, verifier_key);

alter table export_evidence
    add column officer       text,
    add column receipts      text[],
    add column size          bigint,
    add column read_at       timestamptz,
    add column read_outcome  text;
comment on table export_evidence is 'What was known of each piece when it was ordered and is not fixed by the checkpoint, so that the bundle is the same whenever it is made.';
comment on column export_evidence.officer is 'As the name was then.';
comment on column export_evidence.receipts is 'Kinds of receipts issued by then.';
comment on column export_evidence.size is 'Of the original; null where its bytes had not come.';
comment on column export_evidence.read_outcome is 'What the last reading of the original found, at read_at.';
update export_evidence
   set officer = person.name_zh,
       receipts = array(select kind from receipt where receipt.evidence_id = evidence.id
                           and issued_at <= export.made_at order by kind),
       size = (select evidence.size from reception where reception.evidence_id = evidence.id
                  and received_at <= export.made_at)
  from export, evidence, person
 where export.id = export_id
   and evidence.id = export_evidence.evidence_id
   and person.id = evidence.officer_id;
alter table export alter column made_by_name set not null, alter column log_keys set not null;
alter table export_evidence alter column officer set not null, alter column receipts set not null;

create table export_stamp (
    export_id   uuid primary key references export,
    size        bigint,
    authority   text,
    trust       text,
    settled_at  timestamptz not null,
    constraint export_stamp_token foreign key (size, authority) references log_time_token (size, authority)
);
comment on table export_stamp is 'The time token that a bundle holds, settled when it was first made; none where size is null.';
comment on column export_stamp.size is 'Leaves under the checkpoint that was stamped, which may be before or after that of the export.';
comment on column export_stamp.trust is 'Certificates (PEM) that vouch for the authority, as they were configured then.';

create table bundle (
    export_id    uuid primary key references export,
    state        text not null check (state in ('WAITING', 'WORKING', 'READY', 'FAILED', 'DROPPED')),
    epoch        integer not null default 0,
    upload       text,
    pieces       integer not null,
    pieces_done  integer not null default 0,
    bytes        bigint not null,
    bytes_done   bigint not null default 0,
    sha256       bytea,
    size         bigint,
    failure      text,
    changed_at   timestamptz not null,
    constraint bundle_is_whole_when_ready check ((state = 'READY') = (sha256 is not null and size is not null)),
    constraint bundle_fails_for_a_reason check ((state = 'FAILED') = (failure is not null))
);
comment on table bundle is 'How far the file of an export is. It can be made again, so it is no evidence and is dropped after a while.';
comment on column bundle.epoch is 'How often somebody began to make it; whoever finds a higher one than theirs lets go.';
comment on column bundle.bytes is 'Of the originals.';
create index bundle_state on bundle (state, changed_at);

create table bundle_made (
    export_id        uuid not null references export,
    epoch            integer not null,
    made_at          timestamptz not null,
    sha256           bytea not null,
    size             bigint not null,
    verifier_sha256  bytea not null,
    primary key (export_id, epoch)
);
comment on table bundle_made is 'Each file that was ever made of an export: the same export is expected to give the same bytes.';
comment on column bundle_made.verifier_sha256 is 'Of verify.py in it: another program makes other bytes.';

create table bundle_download (
    export_id  uuid not null references export,
    person_id  uuid not null references person,
    at         timestamptz not null
);
comment on table bundle_download is 'Downloads that were told in the custody chain. Parts fetched within the hour belong to the same.';
create index bundle_download_last on bundle_download (export_id, person_id, at desc);

do $$
declare
    name text;
begin
    foreach name in array array['export_stamp', 'bundle_made', 'bundle_download'] loop
        execute format('create trigger custody_is_never_changed before update or delete on %I '
                       'for each row execute function custody_is_never_changed()', name);
    end loop;
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on export_stamp, bundle_made, bundle_download to plumbline;
        grant select, insert, update on bundle to plumbline;
    end if;
end
$$;
