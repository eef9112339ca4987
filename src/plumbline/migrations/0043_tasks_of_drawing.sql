-- migrate:up
set local lock_timeout = '4s';

create table inspection_of_drawing (
    inspection_id  uuid primary key references inspection,
    drawing_id     uuid not null references drawing_publication,
    uscc           text not null,
    constraint inspection_of_drawing_once unique (drawing_id, uscc)
);
comment on table inspection_of_drawing is 'The task that follows from one drawn enterprise; only a published result has any.';
create trigger drawing_is_never_changed before update or delete on inspection_of_drawing
    for each row execute function drawing_is_never_changed();

do $$
begin
    if exists (select from pg_roles where rolname = 'plumbline') then
        grant select, insert on inspection_of_drawing to plumbline;
    end if;
end
$$;
