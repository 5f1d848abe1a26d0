-- The work on a paper after its first check. The stages grow, and no database changes a check in place: the table is made anew.
create table inbox_papers_worked (
    inbox text not null,
    sender text not null,
    message_id text not null,
    -- The inbox into which it was delivered, whose delivery has the payload: another one, where it was transferred.
    delivered_to text not null,
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
    stage text not null check (stage in ('ARRIVED', 'SIGNED_FOR', 'REGISTERED', 'CHECKED', 'RETURNED', 'ASSIGNED', 'ACCEPTED',
        'IN_PROGRESS', 'GUIDANCE_ISSUED', 'REPORTED', 'COMPLETED', 'REPLIED', 'ARCHIVED', 'MERGED', 'TRANSFERRED', 'RECALLED')),
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
    -- What was done about it, and until when it is due, as an encoded PaperWork; null where there is nothing.
    work bytea,
    -- What lists are asked by, each told by the columns above: whether it has come to no end, whether its due still runs, the last
    -- day, whether it lies on the leaders' desk, and whether the book has its number.
    open bigint not null check (open in (0, 1)),
    runs bigint not null check (runs in (0, 1)),
    due_day text,
    with_leaders bigint not null check (with_leaders in (0, 1)),
    stands bigint not null check (stands in (0, 1)),
    -- When the clock has something to say next, and the version of the rules that say so. Both are derived from the columns above,
    -- and derived anew at a start with other rules; no event holds them.
    next_us bigint,
    rules text not null,
    version bigint not null,
    recorded_us bigint not null,
    primary key (inbox, sender, message_id),
    check ((stage in ('ARRIVED', 'RECALLED')) = (signed_us is null)),
    check (stage not in ('ARRIVED', 'SIGNED_FOR', 'RECALLED') or serial is null),
    check (stage in ('ARRIVED', 'SIGNED_FOR', 'RECALLED', 'RETURNED') or serial is not null),
    check ((stage = 'RETURNED') = (returned_us is not null)),
    check (open = 1 or runs = 0)
);

insert into inbox_papers_worked (inbox, sender, message_id, delivered_to, number, copy, accepted_us, arrived_us, issuer,
    document_key, payload_digest, face, stage, signed_for_by, signed_us, book_year, serial, registered_us, resolutions, document,
    checked_us, return_code, return_reason, returned_us, open, runs, with_leaders, stands, rules, version, recorded_us)
select inbox, sender, message_id, inbox, number, copy, accepted_us, arrived_us, issuer,
    document_key, payload_digest, face, stage, signed_for_by, signed_us, book_year, serial, registered_us, resolutions, document,
    checked_us, return_code, return_reason, returned_us, case when stage = 'RETURNED' then 0 else 1 end,
    case when stage = 'RETURNED' then 0 else 1 end, 0, case when stage in ('REGISTERED', 'CHECKED') then 1 else 0 end, '', version,
    recorded_us
from inbox_papers;

drop table inbox_papers;
alter table inbox_papers_worked rename to inbox_papers;

create index inbox_papers_newest on inbox_papers (inbox, arrived_us, sender, number, message_id);
create index inbox_papers_stage on inbox_papers (inbox, stage, arrived_us, sender, number, message_id);
create index inbox_papers_open on inbox_papers (inbox, arrived_us, sender, number, message_id) where open = 1;
create index inbox_papers_overdue on inbox_papers (inbox, due_day) where runs = 1;
create index inbox_papers_leaders on inbox_papers (arrived_us, inbox, sender, number, message_id) where with_leaders = 1;
create index inbox_papers_next on inbox_papers (next_us, inbox, sender, message_id) where next_us is not null;
create index inbox_papers_rules on inbox_papers (rules) where open = 1;
create index inbox_papers_message on inbox_papers (sender, message_id);
create unique index inbox_papers_book on inbox_papers (inbox, book_year, serial) where serial is not null;
-- One number of an issuer stands in a book with one content only.
create unique index inbox_papers_document on inbox_papers (inbox, issuer, document_key)
    where stands = 1 and document_key <> '';

-- Which institution has which part in an assigned paper.
create table inbox_parts (
    institution text not null,
    inbox text not null,
    sender text not null,
    message_id text not null,
    part text not null check (part in ('LEAD', 'CO_HANDLER', 'READER')),
    primary key (institution, inbox, sender, message_id)
);

create index inbox_parts_paper on inbox_parts (inbox, sender, message_id);

-- The county's recalls: a later delivery of such a paper brings nothing.
create table paper_recalls (
    sender text not null,
    message_id text not null,
    document_number text not null,
    reason text not null,
    recalled_us bigint not null,
    primary key (sender, message_id)
);

-- The county's urges, each once for each inbox.
create table inbox_urges (
    inbox text not null,
    sender text not null,
    message_id text not null,
    urge text not null,
    note text not null,
    urged_us bigint not null,
    primary key (inbox, sender, message_id, urge)
);
