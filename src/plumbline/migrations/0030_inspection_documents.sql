-- migrate:up
set local lock_timeout = '4s';

create table inspection_document_count (
    unit_id  uuid not null references unit,
    kind     text not null,
    year     smallint not null check (year between 2000 and 9998),
    last     integer not null check (last > 0),
    primary key (unit_id, kind, year)
);
comment on table inspection_document_count is
    'The last number given to a document of the unit in a Beijing civil year. Raised in the transaction that uses it.';

create table inspection_document (
    id               uuid primary key default uuidv7(),
    inspection_id    uuid not null,
    unit_id          uuid not null,
    kind             text not null check (kind in
                         ('ON_SITE_RECORD', 'INSPECTION_NOTICE', 'ORDER_TO_CORRECT', 'NO_PENALTY_NOTICE')),
    year             smallint not null,
    ordinal          integer not null check (ordinal > 0),
    number           text not null check (number <> ''),
    document_sha256  bytea not null,
    content          text not null,
    signed           text not null,
    operation_id     uuid references inspection_operation,
    issued_by        uuid not null references person,
    issued_at        timestamptz not null,
    constraint inspection_document_of_unit foreign key (inspection_id, unit_id) references inspection (id, unit_id),
    constraint inspection_document_issued_once unique (inspection_id, document_sha256),
    constraint inspection_document_numbered unique (unit_id, kind, year, ordinal),
    constraint inspection_document_is_its_content check (document_sha256 = sha256(convert_to(content, 'UTF8')))
);
comment on table inspection_document is 'A numbered document: all that its file is made of. Never edited.';
comment on column inspection_document.content is 'Canonical JSON, as it was read to the party; signatures name its SHA-256.';
comment on column inspection_document.signed is 'Who signed or refused, as it is printed: JSON, frozen with the number.';
comment on column inspection_document.operation_id is 'The operation that handed the content in; null for one drawn up at a desk.';
create index inspection_document_operation on inspection_document (operation_id);
create index inspection_document_issuer on inspection_document (issued_by);
create index inspection_document_unit on inspection_document (inspection_id, unit_id);

create table inspection_document_file (
    document_id     uuid primary key references inspection_document,
    pdf_sha256      bytea not null check (octet_length(pdf_sha256) = 32),
    size            bigint not null check (size > 0),
    key             text not null,
    version_id      text not null,
    retained_until  timestamptz not null,
    stored_at       timestamptz not null
);
comment on table inspection_document_file is
    'The PDF that the object store has confirmed and locked. A document without one is printed again: the bytes are the same.';

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on inspection_document, inspection_document_file to plumbline;
        grant select, insert, update on inspection_document_count to plumbline;
    end if;
end
$$;
