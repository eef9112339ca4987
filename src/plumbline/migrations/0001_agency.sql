-- migrate:up
set local lock_timeout = '4s';

create extension if not exists btree_gist;

create table unit (
    id          uuid primary key default uuidv7(),
    created_at  timestamptz not null default now()
);
comment on table unit is 'An enforcement entity or government, for ever; what it is called and where it hangs is unit_period.';

create table unit_period (
    unit_id        uuid not null references unit,
    span           daterange not null check (not isempty(span)),
    parent_id      uuid references unit,
    kind           text not null check (kind in ('CITY', 'DISTRICT', 'FUNCTIONAL_ZONE', 'STREET', 'DEPARTMENT')),
    name_zh        text not null,
    name_en        text not null,
    division_code  text check (division_code ~ '^[0-9]{6}([0-9]{3})?$'),
    constraint unit_period_pkey primary key (unit_id, span without overlaps),
    check (kind = 'CITY' or parent_id is not null)
);
comment on column unit_period.span is 'Beijing civil days, half-open.';
create index unit_period_parent on unit_period (parent_id);

create table person (
    id          uuid primary key default uuidv7(),
    kind        text not null check (kind in ('OFFICER', 'AUXILIARY', 'STAFF')),
    name_zh     text not null,
    name_en     text not null,
    unit_id     uuid not null references unit,
    created_at  timestamptz not null default now(),
    unique (id, kind)
);
create index person_unit on person (unit_id);

create table credential (
    id             uuid primary key default uuidv7(),
    person_id      uuid not null,
    person_kind    text not null default 'OFFICER' check (person_kind = 'OFFICER'),
    credential_no  text not null,
    issuer         text not null,
    valid_from     date not null,
    valid_until    date not null check (valid_until >= valid_from),
    constraint credential_of_officer foreign key (person_id, person_kind) references person (id, kind),
    constraint credential_number_taken unique (issuer, credential_no)
);
comment on column credential.valid_until is 'Last valid Beijing civil day, inclusive.';
create index credential_person on credential (person_id);

create table role_grant (
    person_id  uuid not null references person,
    role       text not null
               check (role in ('FIELD_OFFICER', 'DEVICE_MANAGER', 'REVIEWER', 'SUPERVISOR', 'ADMINISTRATOR')),
    unit_id    uuid not null references unit,
    span       tstzrange not null check (not isempty(span)),
    constraint role_grant_pkey primary key (person_id, role, unit_id, span without overlaps)
);
comment on table role_grant is 'A role reaches the unit and its whole subtree.';
create index role_grant_unit on role_grant (unit_id);

create table account (
    sign_in_name   text primary key check (sign_in_name = lower(sign_in_name)),
    person_id      uuid not null unique references person,
    password_hash  text not null,
    closed_at      timestamptz
);

create table phone (
    id           uuid primary key default uuidv7(),
    person_id    uuid not null references person,
    label        text not null,
    algorithm    text not null,
    public_key   jsonb not null,
    thumbprint   text not null,
    enrolled_at  timestamptz not null,
    revoked_at   timestamptz,
    constraint phone_enrolled_once unique (person_id, thumbprint)
);
comment on column phone.algorithm is 'JWS algorithm of the key: ES256 now; SM2 signatures would be another value.';
comment on column phone.thumbprint is 'RFC 7638 SHA-256 thumbprint, base64url.';

create table access_token (
    token_hash  bytea primary key check (octet_length(token_hash) = 32),
    person_id   uuid not null references person,
    phone_id    uuid references phone,
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    revoked_at  timestamptz
);
create index access_token_person on access_token (person_id);
create index access_token_phone on access_token (phone_id);

create table sign_in_attempt (
    id            bigint generated always as identity primary key,
    sign_in_name  text not null,
    address       text not null,
    at            timestamptz not null,
    succeeded     boolean not null
);
create index sign_in_attempt_name on sign_in_attempt (sign_in_name, at);
create index sign_in_attempt_address on sign_in_attempt (address, at);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant usage on schema public to plumbline;
        grant select on schema_migrations to plumbline;
        grant select, insert on unit, person, credential, sign_in_attempt to plumbline;
        grant select, insert, update on unit_period, role_grant, account, phone, access_token to plumbline;
        grant update (succeeded) on sign_in_attempt to plumbline;
    end if;
end
$$;
