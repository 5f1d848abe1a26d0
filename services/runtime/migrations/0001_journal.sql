-- The append-only record. Nothing is updated but by erasure, which clears subject, salt and payload past retention.
create table journal (
    id text not null primary key,
    kind text not null,
    -- Empty after erasure.
    subject text not null,
    -- The code of the institution that acted; empty where none did.
    institution text not null,
    act_us bigint not null,
    recorded_us bigint not null,
    salt bytea,
    -- The encoded townlink.journal.v1.Payload.
    payload bytea,
    -- SM3 of salt and payload; it stays after erasure, so that the leaf can be made again.
    payload_digest bytea not null,
    -- The RFC 6962 hash of the leaf.
    leaf_hash bytea not null unique,
    check ((salt is null) = (payload is null))
);

-- Dense positions in commit order, from 1.
create table journal_positions (
    position bigint not null primary key check (position > 0),
    entry_id text not null unique
);

-- Entries that are committed and have no position yet. Only PostgreSQL uses it.
create table journal_pending (
    arrival bigint not null primary key,
    entry_id text not null
);
