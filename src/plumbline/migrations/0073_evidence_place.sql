-- migrate:up
set local lock_timeout = '4s';

create index evidence_place on evidence using gist (
    point((facts -> 'place' ->> 'longitude')::float8, (facts -> 'place' ->> 'latitude')::float8)
) where jsonb_typeof(facts -> 'place') = 'object';
comment on index evidence_place is 'Longitude and latitude as the phone claimed them, each in the datum it named.';
