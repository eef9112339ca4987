-- migrate:up
set local lock_timeout = '4s';

-- Whatever units whoever draws reaches: a conflict that cannot be seen is one all the same.
alter function case_review_without_conflict() security definer set search_path = public, pg_temp;
