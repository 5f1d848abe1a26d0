-- The town time of a manual clock.
create table town_clock (
    id bigint not null primary key check (id = 1),
    now_us bigint not null
);
