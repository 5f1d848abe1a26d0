-- The tiles of the Merkle log (C2SP tlog-tiles). The last tile of each level grows until it holds 256 hashes.
create table log_tiles (
    level bigint not null,
    tile bigint not null,
    hashes bytea not null,
    primary key (level, tile)
);

-- The newest checkpoint, as a signed note.
create table log_checkpoint (
    id bigint not null primary key check (id = 1),
    tree_size bigint not null check (tree_size >= 0),
    note text not null
);

-- Which log the database belongs to, written at the first start: its origin, and the ids of the keys that sign it.
create table log_identity (
    id bigint not null primary key check (id = 1),
    origin text not null,
    ed25519_key text not null,
    sm2_key text not null
);
