-- migrate:up
set local lock_timeout = '4s';

-- What waits for a manager is counted on every first page: devices by their last result, where it is none that holds.
create index device_overview_result on device_overview (last_result, unit_id) where last_result <> 'PASS';
