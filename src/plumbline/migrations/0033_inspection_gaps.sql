-- migrate:up
set local lock_timeout = '4s';

alter table inspection_current add column gaps integer check (gaps >= 0);
comment on column inspection_current.gaps is
    'What was still missing, and answered for by nobody, when this was derived; null before anybody asked to close it.';
create index inspection_current_gaps on inspection_current (changed_at) where gaps > 0;

create index officer_change_inspection on officer_change (inspection_id);
