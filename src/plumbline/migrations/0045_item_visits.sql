-- migrate:up
set local lock_timeout = '4s';

create table enforcement_item_visit (
    code           text not null references enforcement_item,
    inspection_id  uuid not null references inspection,
    unit_id        uuid not null references unit,
    visited_on     date not null,
    primary key (code, inspection_id)
);
comment on table enforcement_item_visit is
    'Each inspection that a unit closed under the item, once however often it was closed. The day is a Beijing civil day.';
create index enforcement_item_visit_unit on enforcement_item_visit (unit_id);
create index enforcement_item_visit_inspection on enforcement_item_visit (inspection_id);

insert into enforcement_item_visit (code, inspection_id, unit_id, visited_on)
select distinct enforcement_item.code, inspection.id, unit_id,
       (select min(told_earliest) at time zone 'Asia/Shanghai' from inspection_operation as told
         where told.inspection_id = inspection.id)::date
  from inspection
  join inspection_current on inspection_current.inspection_id = inspection.id
  join enforcement_item on enforcement_item.code = any (items)
 where state = 'CLOSED';

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on enforcement_item_visit to plumbline;
    end if;
end
$$;
