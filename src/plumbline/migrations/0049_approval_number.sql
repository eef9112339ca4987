-- migrate:up
set local lock_timeout = '4s';

alter table inspection_approval add column number text check (number <> '');
comment on column inspection_approval.number is
    'As documents of the inspection name it; null for an approval from before approvals were numbered.';
