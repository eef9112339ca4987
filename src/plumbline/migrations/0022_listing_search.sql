-- migrate:up
set local lock_timeout = '4s';

-- Pairs of neighbouring characters: what trigrams are for words of letters, for words of two Chinese characters as well.
create function bigrams(text) returns text[] language sql immutable strict parallel safe
return (select coalesce(array_agg(distinct pair), '{}')
          from (select character || lead(character) over (order by place) as pair
                  from string_to_table($1, null) with ordinality as characters (character, place)) as pairs
         where pair is not null);
comment on function bigrams(text) is 'For a GIN index: a text that contains another has all its pairs.';

create index device_overview_search on device_overview using gin (bigrams(search));
create index device_overview_valid_until on device_overview ((coalesce(verified_until, '-infinity'::timestamptz)), tag);
create index device_overview_results
    on device_overview (last_result, (coalesce(verified_until, '-infinity'::timestamptz)), tag);

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant execute on function bigrams to plumbline;
    end if;
end
$$;
