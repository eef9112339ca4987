-- migrate:up
set local lock_timeout = '4s';

-- Which names there are stands in the program (`PolicyName`), once; a list of them here had to be written anew with each.
alter table jurisdiction_policy
    drop constraint jurisdiction_policy_name_check,
    add constraint jurisdiction_policy_name_check check (name ~ '^[A-Z_]{3,40}$');

create index custody_entry_at on custody_entry (at, id);
comment on index custody_entry_at is 'Who did what in a span of time, newest first.';
