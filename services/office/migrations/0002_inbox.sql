-- The order of each sender into each inbox. A number is used up by a paper, a tombstone or a return; nothing here ever changes.
create table deliveries (
    recipient text not null,
    sender text not null,
    number bigint not null check (number >= 1),
    message_id text not null,
    -- Null for the first of its order.
    previous_digest bytea,
    payload_digest bytea not null,
    tombstone bigint not null check (tombstone in (0, 1)),
    -- Null where the paper was taken in, or is a tombstone of the gateway's.
    return_code text,
    -- The payload, byte for byte as it was signed; null where no paper came.
    payload bytea,
    arrived_us bigint not null,
    primary key (recipient, sender, number),
    check ((payload is null) = (tombstone = 1)),
    check (return_code is null or tombstone = 1)
);

-- The papers in the inboxes, and how far each has been worked.
create table inbox_papers (
    inbox text not null,
    sender text not null,
    message_id text not null,
    number bigint not null,
    -- Whether it is a copy for information.
    copy bigint not null check (copy in (0, 1)),
    accepted_us bigint not null,
    arrived_us bigint not null,
    issuer text not null,
    -- The document number in its right spelling, by which papers of one issuer are compared.
    document_key text not null,
    payload_digest bytea not null,
    -- What is on the face and beside it: summary, findings, attachments and signatures, as an encoded PaperArrived.
    face bytea not null,
    stage text not null check (stage in ('ARRIVED', 'SIGNED_FOR', 'REGISTERED', 'CHECKED', 'RETURNED')),
    signed_for_by text,
    signed_us bigint,
    book_year bigint,
    serial bigint,
    registered_us bigint,
    -- The resolutions of findings, as an encoded PaperChecked.
    resolutions bytea,
    document text,
    checked_us bigint,
    return_code text,
    return_reason text,
    returned_us bigint,
    version bigint not null,
    recorded_us bigint not null,
    primary key (inbox, sender, message_id),
    check ((stage = 'ARRIVED') = (signed_us is null)),
    check (stage not in ('ARRIVED', 'SIGNED_FOR') or serial is null),
    check (stage not in ('REGISTERED', 'CHECKED') or serial is not null),
    check ((stage = 'RETURNED') = (returned_us is not null))
);

create index inbox_papers_newest on inbox_papers (inbox, arrived_us, sender, number);
create index inbox_papers_stage on inbox_papers (inbox, stage, arrived_us, sender, number);
create unique index inbox_papers_book on inbox_papers (inbox, book_year, serial) where serial is not null;
-- One number of an issuer stands in a book with one content only. A paper that went back stands there no longer.
create unique index inbox_papers_document on inbox_papers (inbox, issuer, document_key)
    where stage in ('REGISTERED', 'CHECKED') and document_key <> '';
