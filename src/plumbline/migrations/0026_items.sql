-- migrate:up
set local lock_timeout = '4s';

create table enforcement_item (
    code         text primary key check (code <> ''),
    first_known  timestamptz not null default now()
);
comment on table enforcement_item is 'An enforcement item 执法事项 by its code, for ever; what it says and when is enforcement_item_version.';

create table enforcement_item_version (
    code         text not null references enforcement_item,
    span         daterange not null check (not isempty(span) and not lower_inf(span)),
    act          text not null check (act in ('INSPECTION', 'PENALTY', 'COERCION', 'OTHER')),
    name_zh      text not null check (name_zh <> ''),
    name_en      text not null check (name_en <> ''),
    legal_basis  text not null check (legal_basis <> ''),
    unit_id      uuid not null references unit,
    known_from   timestamptz not null,
    recorded_by  uuid references person,
    ended_at     timestamptz,
    ended_by     uuid references person,
    end_reason   text,
    constraint enforcement_item_version_overlaps primary key (code, span without overlaps),
    constraint enforcement_item_version_end_told check (num_nonnulls(ended_at, end_reason) in (0, 2))
);
comment on column enforcement_item_version.span is 'Beijing civil days on which it is published, half-open.';
comment on column enforcement_item_version.unit_id is 'Whose catalogue it stands in.';
create index enforcement_item_version_unit on enforcement_item_version (unit_id);
create index enforcement_item_version_ended_by on enforcement_item_version (ended_by);

create table enforcement_item_use (
    code          text not null references enforcement_item,
    unit_id       uuid not null references unit,
    last_used_on  date not null,
    primary key (code, unit_id)
);
comment on table enforcement_item_use is 'The last Beijing civil day on which a unit did something under the item.';
create index enforcement_item_use_unit on enforcement_item_use (unit_id);

create table empowerment_grant (
    id           uuid primary key default uuidv7(),
    unit_id      uuid not null references unit,
    code         text not null references enforcement_item,
    span         daterange not null check (not isempty(span) and not lower_inf(span)),
    basis        text not null check (basis <> ''),
    known_from   timestamptz not null,
    recorded_by  uuid references person,
    ended_at     timestamptz,
    ended_by     uuid references person,
    end_reason   text,
    constraint empowerment_overlaps unique (unit_id, code, span without overlaps),
    constraint empowerment_end_told check (num_nonnulls(ended_at, end_reason) in (0, 2))
);
comment on table empowerment_grant is '街道赋权: on these Beijing civil days, half-open, the street may carry out the item.';
create index empowerment_grant_code on empowerment_grant (code);
create index empowerment_grant_ended_by on empowerment_grant (ended_by);

create table no_penalty_entry (
    code         text not null check (code <> ''),
    span         daterange not null check (not isempty(span) and not lower_inf(span)),
    kind         text not null check (kind in ('FIRST_OFFENCE', 'MINOR')),
    unit_id      uuid not null references unit,
    item         text not null references enforcement_item,
    text         text not null check (text <> ''),
    conditions   text not null check (conditions <> ''),
    known_from   timestamptz not null,
    recorded_by  uuid references person,
    constraint no_penalty_entry_overlaps primary key (code, span without overlaps)
);
comment on table no_penalty_entry is '首违不罚、轻微免罚 lists: which offence under which item stays without penalty, on what conditions, on which Beijing civil days.';
create index no_penalty_entry_unit on no_penalty_entry (unit_id);
create index no_penalty_entry_item on no_penalty_entry (item);

create table checklist (
    code         text not null check (code <> ''),
    version      integer not null check (version > 0),
    span         daterange not null check (not isempty(span) and not lower_inf(span)),
    unit_id      uuid not null references unit,
    title        text not null check (title <> ''),
    items        jsonb not null check (jsonb_typeof(items) = 'array' and items <> '[]'),
    item_codes   text[] not null check (item_codes <> '{}'),
    known_from   timestamptz not null,
    recorded_by  uuid references person,
    primary key (code, version),
    constraint checklist_overlaps unique (code, span without overlaps)
);
comment on table checklist is 'What officers go through on site, point by point, version by version; spans are Beijing civil days, half-open.';
comment on column checklist.items is 'Points in their order: code, text, basis.';
comment on column checklist.item_codes is 'Enforcement items it serves; each is in enforcement_item, from which nothing is ever deleted.';
create index checklist_unit on checklist (unit_id);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on enforcement_item, enforcement_item_version, empowerment_grant, no_penalty_entry, checklist
            to plumbline;
        grant update (span, ended_at, ended_by, end_reason) on enforcement_item_version, empowerment_grant to plumbline;
        grant update (span) on no_penalty_entry, checklist to plumbline;
        grant select, insert, update on enforcement_item_use to plumbline;
    end if;
end
$$;
