-- migrate:up
set local lock_timeout = '4s';

-- What the public may search sites by: never the search column of device_overview, which would tell serial numbers.
create index site_version_words
    on site_version using gin (bigrams(lower(address || ' ' || coalesce(road, '') || ' ' || coalesce(direction, ''))));
