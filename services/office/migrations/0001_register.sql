-- The register of powers. Every write that a look-up could notice passes the one head row, so that revisions order record time.
create table register_head (
    id bigint primary key check (id = 1),
    revision bigint not null check (revision >= 0),
    -- When the last of the rows of the revision was recorded; 0 before the first.
    recorded_us bigint not null,
    -- The serials given last.
    last_grant bigint not null,
    last_basis bigint not null
);

insert into register_head (id, revision, recorded_us, last_grant, last_basis) values (1, 0, 0, 0, 0);

-- Versions of powers. A version never changes.
create table powers (
    code text not null,
    revision bigint not null check (revision >= 1),
    recorded_us bigint not null,
    -- The power, as an encoded Power.
    power bytea not null,
    primary key (code, revision)
);

create index powers_revision on powers (revision);

-- Versions of grants. A version never changes; where a grant stands on a day follows from its dates.
create table grants (
    serial bigint not null check (serial >= 1),
    revision bigint not null check (revision >= 1),
    recorded_us bigint not null,
    -- What the version changes, as the number of a GrantChange.
    change bigint not null check (change >= 1),
    -- The grant, as an encoded Grant.
    body bytea not null,
    primary key (serial, revision)
);

create index grants_revision on grants (revision);

-- Versions of the province's decisions.
create table provincial_bases (
    serial bigint not null check (serial >= 1),
    revision bigint not null check (revision >= 1),
    recorded_us bigint not null,
    -- The basis, as an encoded ProvincialBasis.
    basis bytea not null,
    primary key (serial, revision)
);

create index provincial_bases_revision on provincial_bases (revision);

-- Grant documents.
create table documents (
    id text primary key,
    number text not null,
    state text not null check (state in ('REGISTERED', 'CONFIRMED', 'REFUSED')),
    -- The revision of the register that saw it last; 0 until it is confirmed.
    revision bigint not null check (revision >= 0),
    registered_us bigint not null,
    -- The document, as an encoded Document.
    document bytea not null,
    -- The annex, byte for byte; null where there is none.
    annex bytea,
    version bigint not null,
    recorded_us bigint not null
);

-- A refused document leaves its number to the one that mends it.
create unique index documents_number on documents (number) where state <> 'REFUSED';
create index documents_newest on documents (registered_us, id);
create index documents_state on documents (state, registered_us, id);
create index documents_revision on documents (revision);

-- Imports by hand.
create table imports (
    id text primary key,
    -- What is brought in: POWERS, GRANTS or CORRECTIONS. The same file brought in again as the same is the same import.
    type text not null check (type in ('POWERS', 'GRANTS', 'CORRECTIONS')),
    file_digest bytea not null,
    -- The import, as an encoded Import.
    import bytea not null,
    -- The file, byte for byte; null where it was refused at once.
    csv bytea,
    -- The first day of changed powers; null for grants.
    valid_from text,
    drafted_us bigint not null,
    version bigint not null,
    recorded_us bigint not null
);

create unique index imports_file on imports (type, file_digest);
create index imports_newest on imports (drafted_us, id);
