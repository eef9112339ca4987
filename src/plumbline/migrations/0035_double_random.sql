-- migrate:up
set local lock_timeout = '4s';

create table drawing (
    id             uuid primary key,
    unit_id        uuid not null references unit,
    title          text not null check (title <> ''),
    basis          text not null check (basis <> ''),
    beacon_source  text check (beacon_source <> ''),
    pools          bytea not null,
    pools_sha256   bytea not null,
    reasons        jsonb not null,
    made_at        timestamptz not null,
    made_by        uuid not null references person,
    constraint drawing_pools_as_hashed check (pools_sha256 = sha256(pools)),
    constraint drawing_by_pools unique (id, pools_sha256)
);
comment on table drawing is '双随机: who and what may be drawn, and how many. Never edited: other pools are another drawing.';
comment on column drawing.pools is 'Canonical JSON, published as it is.';
comment on column drawing.reasons is 'Why an officer may not inspect an enterprise; not published.';
create index drawing_unit on drawing (unit_id, made_at desc);
create index drawing_made_by on drawing (made_by);

create table drawing_commitment (
    drawing_id    uuid primary key,
    pools_sha256  bytea not null,
    commitment    bytea not null,
    seed          bytea not null check (octet_length(seed) = 32),
    frozen_at     timestamptz not null,
    frozen_by     uuid not null references person,
    constraint drawing_commits_to_its_pools foreign key (drawing_id, pools_sha256) references drawing (id, pools_sha256),
    constraint drawing_commits_to_its_seed check (commitment = sha256(seed)),
    constraint drawing_by_seed unique (drawing_id, seed)
);
comment on table drawing_commitment is 'From here on pools and seed are fixed. The seed is told with the result and never before.';
create index drawing_commitment_by on drawing_commitment (frozen_by);

create table drawing_result (
    drawing_id     uuid primary key,
    seed           bytea not null,
    result         bytea not null,
    result_sha256  bytea not null,
    drawn_at       timestamptz not null,
    drawn_by       uuid not null references person,
    constraint drawn_with_its_seed foreign key (drawing_id, seed) references drawing_commitment (drawing_id, seed),
    constraint drawing_result_as_hashed check (result_sha256 = sha256(result))
);
comment on table drawing_result is 'What was drawn, once: a key, so that nobody draws again until it suits.';
create index drawing_result_by on drawing_result (drawn_by);

create table drawing_publication (
    drawing_id    uuid primary key references drawing_result,
    published_at  timestamptz not null,
    published_by  uuid not null references person
);
create index drawing_publication_by on drawing_publication (published_by);

create function drawing_is_never_changed() returns trigger language plpgsql as $$
begin
    raise exception 'what was drawn, and from what, is never changed' using constraint = 'drawing_is_never_changed';
end
$$;
do $$
declare
    name text;
begin
    foreach name in array array['drawing', 'drawing_commitment', 'drawing_result', 'drawing_publication'] loop
        execute format('create trigger drawing_is_never_changed before update or delete on %I '
                       'for each row execute function drawing_is_never_changed()', name);
    end loop;
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on drawing, drawing_commitment, drawing_result, drawing_publication to plumbline;
    end if;
end
$$;
