-- migrate:up
set local lock_timeout = '4s';

create table evidence (
    id            uuid primary key,
    sha256        bytea not null check (octet_length(sha256) = 32),
    size          bigint not null check (size > 0),
    media_type    text not null,
    captured      tstzrange not null check (not isempty(captured) and not lower_inf(captured) and not upper_inf(captured)),
    device_tag    text check (device_tag <> ''),
    by_device     boolean not null generated always as (device_tag is not null) stored,
    officer_id    uuid not null references person,
    phone_id      uuid not null references phone,
    unit_id       uuid not null references unit,
    enrolled_at   timestamptz not null,
    facts         jsonb not null,
    commitment    text not null,
    algorithm     text not null,
    committed_at  timestamptz not null,
    constraint evidence_as_captured unique (id, by_device, captured),
    constraint evidence_by_tag unique (id, device_tag)
);
comment on table evidence is 'What a phone committed to, before its bytes arrived. Never edited.';
comment on column evidence.officer_id is 'Who captured it, by the key that signed the commitment; not who uploaded it.';
comment on column evidence.enrolled_at is 'Since when the key that signed the commitment has been known here.';
comment on column evidence.captured is 'Earliest and latest instant of capture, both included.';
comment on column evidence.commitment is 'The commitment as the phone signed it (JWS compact serialisation).';
create index evidence_officer on evidence (officer_id, committed_at desc);
create index evidence_phone on evidence (phone_id);
create index evidence_unit on evidence (unit_id, committed_at desc);
create index evidence_device on evidence using gist (device_tag, captured);
create index evidence_sha256 on evidence (sha256);

create table upload (
    evidence_id   uuid primary key references evidence,
    at            bigint not null default 0 check (at >= 0),
    epoch         integer not null default 0,
    next_part     integer not null default 1,
    multipart_id  text,
    parts         jsonb not null default '[]',
    courier_id    uuid not null references person,
    created_at    timestamptz not null,
    expires_at    timestamptz not null
);
comment on table upload is 'A transfer under way. Any worker may take it over by raising the epoch; part numbers are never reused.';
create index upload_expiry on upload (expires_at);
create index upload_courier on upload (courier_id);

create table upload_piece (
    evidence_id  uuid not null references upload on delete cascade,
    at           bigint not null,
    bytes        bytea not null,
    primary key (evidence_id, at)
);
comment on table upload_piece is 'Bytes that are too few for a part of the object store, until enough have come.';

create table upload_range (
    evidence_id  uuid not null references upload on delete cascade,
    begins       bigint not null,
    ends         bigint not null check (ends > begins),
    crc32        bigint not null,
    primary key (evidence_id, begins)
);
comment on table upload_range is
    'Checksums of the ranges as they came: a range sent again with other bytes is noticed. What is kept is decided by SHA-256.';

create table stored_object (
    sha256          bytea primary key check (octet_length(sha256) = 32),
    size            bigint not null check (size > 0),
    key             text not null,
    version_id      text not null,
    retained_until  timestamptz not null,
    stored_at       timestamptz not null
);
comment on table stored_object is 'Bytes that the object store has confirmed and locked. One row however many evidence ids share them.';

create table reception (
    evidence_id  uuid primary key references evidence,
    sha256       bytea not null references stored_object,
    media_type   text not null,
    trouble      text,
    metadata     jsonb not null,
    received_at  timestamptz not null
);
comment on table reception is 'The bytes of an evidence id are here, whole, as committed.';
comment on column reception.media_type is 'Decided by the bytes; application/octet-stream where they are of no accepted type.';
comment on column reception.trouble is 'Why the content could not be opened: code of the reason it is held for.';
create index reception_sha256 on reception (sha256);

create table verdict (
    evidence_id   uuid not null references evidence,
    ordinal       integer not null check (ordinal > 0),
    outcome       text not null check (outcome in ('ADMITTED', 'HELD', 'UNDETERMINED')),
    reasons       jsonb not null,
    inputs        jsonb not null,
    rule_version  text not null,
    cause         text not null,
    judged_at     timestamptz not null,
    primary key (evidence_id, ordinal)
);
comment on table verdict is 'Every judgement with all it rested on. The latest holds; earlier ones stay as they were.';

create table admission (
    evidence_id          uuid primary key references reception,
    by_device            boolean not null,
    device_tag           text,
    device_id            uuid,
    verification_needed  boolean,
    conclusion_id        uuid,
    captured             tstzrange not null,
    verified_during      tstzrange,
    admitted_at          timestamptz not null,
    constraint admission_of_capture foreign key (evidence_id, by_device, captured) references evidence (id, by_device, captured),
    constraint admission_of_tag foreign key (evidence_id, device_tag) references evidence (id, device_tag),
    constraint admission_of_device foreign key (device_id, device_tag, verification_needed)
        references device (id, tag, verification_needed),
    constraint admission_with_conclusion foreign key (conclusion_id, device_id) references written_conclusion (id, device_id),
    constraint admission_in_verified_period foreign key (device_id, period verified_during)
        references verified_period (device_id, period span) deferrable initially immediate,
    constraint admission_in_service_period foreign key (device_id, period captured)
        references service_period (device_id, period span) deferrable initially immediate,
    constraint admission_names_its_device check (
        case when by_device then num_nulls(device_tag, device_id, verification_needed) = 0
             else num_nonnulls(device_tag, device_id, verification_needed, conclusion_id, verified_during) = 0 end
    ),
    constraint admission_verified_or_concluded check (
        not by_device
        or (verification_needed and verified_during is not null and verified_during = captured)
        or (not verification_needed and verified_during is null and conclusion_id is not null)
    )
);
comment on table admission is
    'Evidence counts if and only if it has a row here; none can stand outside a verified period and a period in service.';
comment on constraint admission_names_its_device on admission is
    'A foreign key does not check a null: evidence captured by a device must therefore name it in full.';
create index admission_device on admission using gist (device_id, captured);
create index admission_conclusion on admission (conclusion_id);

create table receipt (
    evidence_id  uuid not null references evidence,
    kind         text not null check (kind in ('COMMITTED', 'SAFE_TO_WIPE')),
    jws          text not null,
    issued_at    timestamptz not null,
    primary key (evidence_id, kind)
);

create table custody_entry (
    id           bigint generated always as identity primary key,
    evidence_id  uuid references evidence,
    event        text not null,
    actor_id     uuid references person,
    phone_id     uuid references phone,
    at           timestamptz not null,
    details      jsonb not null
);
comment on table custody_entry is 'What happened, written in the transaction of what it tells. The application may only add.';
create index custody_entry_evidence on custody_entry (evidence_id, id);
create index custody_entry_actor on custody_entry (actor_id, id);
create index custody_entry_phone on custody_entry (phone_id, id);

create view evidence_state as
select evidence.id as evidence_id,
       case when verdict.outcome is not null then verdict.outcome
            when upload.at > 0 then 'RECEIVING'
            else 'COMMITTED' end as state,
       verdict.ordinal,
       coalesce(upload.at, 0) as received_bytes
  from evidence
  left join upload on upload.evidence_id = evidence.id
  left join lateral (
       select outcome, ordinal from verdict where verdict.evidence_id = evidence.id order by ordinal desc limit 1
  ) as verdict on true;

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on evidence, stored_object, reception, verdict, receipt, custody_entry to plumbline;
        grant select, insert, delete on admission, upload_piece, upload_range to plumbline;
        grant select, insert, update, delete on upload to plumbline;
        grant update (retained_until) on stored_object to plumbline;
        grant select on evidence_state to plumbline;
    end if;
end
$$;
