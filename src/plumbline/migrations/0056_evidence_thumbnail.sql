-- migrate:up
set local lock_timeout = '4s';

create table evidence_thumbnail (
    evidence_id  uuid primary key references evidence,
    picture      bytea not null check (octet_length(picture) <= 16384),
    received_at  timestamptz not null
);
comment on table evidence_thumbnail is
    'A small JPEG that a phone made of its own picture, to be looked at until the original is here. Nobody verified it; '
    'it is never evidence, and nothing rests on it.';

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on evidence_thumbnail to plumbline;
    end if;
end
$$;
