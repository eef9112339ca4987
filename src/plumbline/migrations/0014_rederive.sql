-- migrate:up
set local lock_timeout = '4s';

-- Periods and overviews follow from the facts by rules that are no SQL: a worker derives them for what is here already.
-- Nothing to do in an empty database.

insert into job (kind, payload, due_at)
select 'rederive-register', '{}', now()
 where exists (select from device);
