-- The exact bytes that were answered to each request, kept for good.
create table answers (
    principal text not null,
    request_id text not null,
    fingerprint bytea not null,
    method text not null,
    -- 0: an encoded reply. 1: the encoded google.rpc.Status of a refusal.
    refused bigint not null check (refused in (0, 1)),
    outcome bytea not null,
    primary key (principal, request_id)
);
