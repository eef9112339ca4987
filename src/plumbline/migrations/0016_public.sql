-- migrate:up
set local lock_timeout = '4s';

create table public_channel (
    unit_id      uuid not null references unit,
    purpose      text not null check (purpose in ('QUERY', 'STATEMENT', 'COMPLAINT')),
    words_zh     text not null check (words_zh <> ''),
    words_en     text not null check (words_en <> ''),
    span         daterange not null check (not isempty(span)),
    known_from   timestamptz not null,
    recorded_by  uuid references person,
    constraint public_channel_pkey primary key (unit_id, purpose, span without overlaps)
);
comment on table public_channel is
    'Where people ask, state their case (Administrative Penalty Law, art. 41) and complain, on which Beijing civil days, half-open; the nearest unit above a device that says so decides.';

create index announcement_published on announcement (device_id) where notice = 'PUBLISHED';
create index announcement_taken_back on announcement (announced_on desc) where notice <> 'PUBLISHED';

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on public_channel to plumbline;
        grant update (span) on public_channel to plumbline;
    end if;
end
$$;
