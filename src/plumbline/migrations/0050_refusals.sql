-- migrate:up
set local lock_timeout = '4s';

create index verdict_not_admitted on verdict (judged_at) where outcome <> 'ADMITTED';
create index custody_entry_same_bytes on custody_entry (at) where event = 'evidence:bytes:same-as-another';
