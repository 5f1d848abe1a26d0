-- One row a person: what guards that nobody is assigned to two posts at once by two officers.
create table roster_persons (
    person text primary key,
    version bigint not null,
    recorded_us bigint not null
);

-- Who holds which role at which post, on the days from_day up to but not including to_day.
create table roster_assignments (
    id text primary key,
    person text not null references roster_persons (person),
    post text not null,
    role text not null,
    from_day text not null,
    -- Null: open.
    to_day text,
    document_number text not null,
    -- Null: no document has ended it.
    end_document_number text,
    check (to_day is null or from_day <= to_day)
);

create index roster_assignments_person on roster_assignments (person, id);
