-- The papers that the town sends, and how far each is.
create table dispatches (
    id text not null primary key,
    institution text not null,
    stage text not null check (stage in ('DRAFT', 'COSIGNED', 'OFFICE_REVIEWED', 'LEGAL_REVIEWED', 'SIGNED', 'NUMBERED',
        'SEALED', 'SENT', 'DELIVERED', 'REPLIED', 'CLOSED', 'VOID', 'WITHDRAWN')),
    -- Whether it has not ended.
    open bigint not null check (open in (0, 1)),
    -- Whether it is a sent request without an answer.
    awaiting bigint not null check (awaiting in (0, 1)),
    -- Null until it has a number; a void number stays.
    document_number text,
    -- By what two requests on one matter to one superior are told to be the same; null for another paper.
    request_key text,
    -- The number of the document that it refers to, in its right spelling; empty where there is none.
    ref_key text not null,
    drafted_us bigint not null,
    -- What it says, as an encoded DispatchContent.
    content bytea not null,
    -- Everything else, as an encoded Dispatch without text and files.
    dispatch bytea not null,
    -- When a missing answer is told next; null where none is awaited, or the calendar of a year is missing.
    next_us bigint,
    version bigint not null,
    recorded_us bigint not null,
    check (open = 1 or awaiting = 0),
    check (awaiting = 1 or next_us is null)
);

create index dispatches_newest on dispatches (drafted_us, id);
create index dispatches_institution on dispatches (institution, drafted_us, id);
create index dispatches_stage on dispatches (stage, drafted_us, id);
create unique index dispatches_number on dispatches (document_number) where document_number is not null;
create index dispatches_ref on dispatches (ref_key) where ref_key <> '';
-- One request on a matter to a superior waits at a time.
create unique index dispatches_awaiting on dispatches (request_key) where awaiting = 1;
create index dispatches_next on dispatches (next_us) where next_us is not null;

-- Who was asked to agree and has not answered, until the review.
create table dispatch_cosigns (
    institution text not null,
    dispatch text not null,
    primary key (institution, dispatch)
);

create index dispatch_cosigns_dispatch on dispatch_cosigns (dispatch);

-- The numbers that stand for no paper: every gap in a series has its record.
create table void_numbers (
    dispatch text not null primary key,
    voided_us bigint not null,
    -- The number, who voided it and why, as an encoded VoidNumber.
    record bytea not null
);

create index void_numbers_newest on void_numbers (voided_us, dispatch);

-- The incoming papers by the numbers that lead from one paper of a correspondence to another. Derived from what arrived.
create table thread_papers (
    name text not null primary key,
    inbox text not null,
    document_key text not null,
    ref_key text not null,
    arrived_us bigint not null,
    -- What is shown of it, as an encoded ThreadPaper.
    paper bytea not null
);

create index thread_papers_number on thread_papers (document_key) where document_key <> '';
create index thread_papers_ref on thread_papers (ref_key) where ref_key <> '';
