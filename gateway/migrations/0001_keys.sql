-- The registry of keys. Every change passes its one head row, so that a reader knows by the revision whether he is up to date.
create table key_registry (
    id bigint not null primary key check (id = 1),
    revision bigint not null
);

insert into key_registry (id, revision) values (1, 0);

create table keys (
    id text not null primary key,
    owner text not null,
    public_key bytea not null unique,
    valid_from text not null,
    valid_to text,
    software bigint not null check (software in (0, 1)),
    document_number text not null,
    registrar text not null,
    state text not null check (state in ('PENDING', 'ACTIVE', 'REVOCATION_PENDING', 'REVOKED')),
    confirmer text,
    revoke_registrar text,
    revoke_reason text,
    revoke_document_number text,
    revoke_us bigint,
    revoker text,
    version bigint not null,
    recorded_us bigint not null
);

create table key_issuers (
    key_id text not null references keys (id),
    place bigint not null,
    issuer text not null,
    from_day text not null,
    to_day text,
    primary key (key_id, place)
);
