-- migrate:up
set local lock_timeout = '4s';

create table document (
    sha256          bytea primary key check (octet_length(sha256) = 32),
    size            bigint not null check (size > 0),
    media_type      text not null,
    key             text not null,
    version_id      text not null,
    retained_until  timestamptz not null,
    stored_at       timestamptz not null
);
comment on table document is
    'A scan that the object store has confirmed and locked. One row however often the same bytes are added.';

create table document_addition (
    sha256     bytea not null references document,
    added_by   uuid not null references person,
    file_name  text,
    added_at   timestamptz not null,
    primary key (sha256, added_by)
);
comment on table document_addition is 'Who brought the bytes first, under which name: as long as no fact names them, only they may read them.';
create index document_addition_person on document_addition (added_by);

create index verification_certificate_document on verification_certificate (document_sha256) where document_sha256 is not null;
create index verification_failure_notice_document on verification_failure_notice (document_sha256) where document_sha256 is not null;
create index review_document on review (document_sha256) where document_sha256 is not null;
create index announcement_document on announcement (snapshot_sha256) where snapshot_sha256 is not null;
create index sign_check_document on sign_check (photo_sha256) where photo_sha256 is not null;

-- Not valid: what was recorded before documents were kept stays as it is, new facts are checked.
alter table verification_certificate
    add constraint verification_certificate_document_kept foreign key (document_sha256) references document not valid;
alter table verification_failure_notice
    add constraint verification_failure_notice_document_kept foreign key (document_sha256) references document not valid;
alter table review
    add constraint review_document_kept foreign key (document_sha256) references document not valid;
alter table announcement
    add constraint announcement_document_kept foreign key (snapshot_sha256) references document not valid;
alter table sign_check
    add constraint sign_check_document_kept foreign key (photo_sha256) references document not valid;

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on document, document_addition to plumbline;
        grant update (retained_until) on document to plumbline;
    end if;
end
$$;
