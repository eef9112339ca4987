-- migrate:up
set local lock_timeout = '4s';

alter table enforcement_item_version add column end_decided_on date;
alter table empowerment_grant add column end_decided_on date;
comment on column empowerment_grant.end_decided_on is
    'Beijing civil day of the decision to end it, where that was recorded later: nothing ends before it was decided.';
comment on column enforcement_item_version.end_decided_on is
    'Beijing civil day of the decision to end it, where that was recorded later: nothing ends before it was decided.';

create index evidence_item on evidence ((facts ->> 'item'), id) where facts ->> 'item' is not null;

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant update (end_decided_on) on enforcement_item_version, empowerment_grant to plumbline;
    end if;
end
$$;
