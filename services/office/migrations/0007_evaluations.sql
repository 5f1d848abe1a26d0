-- When each grant of a penalty power is to be evaluated next, and whether that was told to be overdue. Made of the versions of the
-- grants: a row for each grant that was ever to be evaluated.
create table evaluations (
    -- The serial of the grant.
    serial bigint primary key check (serial >= 1),
    -- The day until which it is to be evaluated; null where nothing is due any more.
    due text,
    -- When it becomes overdue; null once that was told, or where nothing is due.
    next_us bigint,
    -- When it was told; null: not yet.
    raised_us bigint,
    -- How often it was told, and when last; 0: never.
    version bigint not null check (version >= 0),
    recorded_us bigint not null
);

create index evaluations_due on evaluations (due, serial);
create index evaluations_next on evaluations (next_us, serial);
