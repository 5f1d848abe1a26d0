-- Accepted papers. A row never changes. `summary` is an encoded townlink.values.v1.PaperSummary, `particulars` the encoded
-- townlink.gateway.v1.PaperAccepted without its payload, `receipt` the encoded townlink.gateway.v1.Receipt as it was answered.
create table papers (
    sender text not null,
    message_id text not null,
    accepted_us bigint not null,
    payload bytea not null,
    payload_digest bytea not null,
    summary bytea not null,
    particulars bytea not null,
    receipt bytea not null,
    primary key (sender, message_id)
);

create index papers_by_time on papers (sender, accepted_us, message_id);

-- Which contents papers hold, so that the sweep knows what it may take.
create table paper_attachments (
    sender text not null,
    message_id text not null,
    place bigint not null,
    digest bytea not null,
    primary key (sender, message_id, place),
    foreign key (sender, message_id) references papers (sender, message_id)
);

create index paper_attachments_by_digest on paper_attachments (digest);

-- The way of a paper into one inbox. `number` is 0 while it is held; a tombstone is a number whose paper goes no further.
create table deliveries (
    sender text not null,
    message_id text not null,
    recipient text not null,
    accepted_us bigint not null,
    copy bigint not null check (copy in (0, 1)),
    state text not null check (state in ('HELD', 'QUEUED', 'DELIVERED', 'RETURNED')),
    tombstone bigint not null check (tombstone in (0, 1)),
    number bigint not null,
    payload_digest bytea not null,
    previous_digest bytea,
    ended_us bigint,
    return_code text,
    recorded_us bigint not null,
    primary key (sender, message_id, recipient),
    foreign key (sender, message_id) references papers (sender, message_id)
);

create unique index deliveries_in_order on deliveries (sender, recipient, number) where number > 0;
create index deliveries_queued on deliveries (sender, recipient, number) where state = 'QUEUED';
create index deliveries_by_time on deliveries (sender, accepted_us);

-- Receipts after the first, by their place among those of their paper. `receipt` is the encoded townlink.gateway.v1.Receipt.
create table receipts (
    sender text not null,
    message_id text not null,
    place bigint not null,
    office_entry text not null unique,
    accepted_us bigint not null,
    type text not null check (type in ('SIGNED_FOR', 'RETURNED')),
    institution text not null,
    person text not null,
    reason text not null,
    act_us bigint not null,
    receipt bytea not null,
    primary key (sender, message_id, place),
    foreign key (sender, message_id) references papers (sender, message_id)
);

create index receipts_by_time on receipts (sender, accepted_us);
