-- migrate:up
set local lock_timeout = '4s';

-- Triggers for each row do not see a table emptied at once.
do $$
declare
    name text;
begin
    foreach name in array array['custody_entry', 'log_leaf', 'log_subtree', 'log_checkpoint', 'log_key', 'erased_field',
                                'log_publication', 'log_cosignature', 'log_time_token'] loop
        execute format('create trigger custody_is_never_emptied before truncate on %I '
                       'for each statement execute function custody_is_never_changed()', name);
    end loop;
end
$$;
