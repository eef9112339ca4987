-- migrate:up
set local lock_timeout = '4s';

create index bundle_download_person on bundle_download (person_id);
create index export_stamp_token on export_stamp (size, authority);
