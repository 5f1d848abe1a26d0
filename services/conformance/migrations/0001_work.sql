-- Work that rests on a power.
create table works (
    name text primary key,
    kind text not null,
    power_code text not null,
    filed text not null,
    -- Null: not decided.
    decided text,
    holder text not null,
    -- The digest of the file that was handed over; null: it was not.
    file_digest bytea,
    version bigint not null,
    recorded_us bigint not null
);

create index works_power on works (power_code, name);

-- Authorities that ended. How work stands follows from their dates.
create table ends (
    grant_name text primary key,
    power_code text not null,
    end_date text not null,
    transition text not null check (transition in ('TRANSFER', 'FINISH_BY_TOWN', 'FINISH_UNTIL')),
    until text,
    document_number text not null,
    clause text not null,
    version bigint not null,
    recorded_us bigint not null
);

create index ends_power on ends (power_code, end_date);
