-- A completed paper earns its receipt too. A check cannot be altered, so the rows move into a table with the new one.
create table receipts_with_completions (
    sender text not null,
    message_id text not null,
    place bigint not null,
    office_entry text not null unique,
    accepted_us bigint not null,
    type text not null check (type in ('SIGNED_FOR', 'RETURNED', 'COMPLETED')),
    institution text not null,
    person text not null,
    reason text not null,
    result text not null,
    on_time bigint not null check (on_time in (0, 1)),
    act_us bigint not null,
    receipt bytea not null,
    primary key (sender, message_id, place),
    foreign key (sender, message_id) references papers (sender, message_id)
);

insert into receipts_with_completions (sender, message_id, place, office_entry, accepted_us, type, institution, person, reason,
    result, on_time, act_us, receipt)
    select sender, message_id, place, office_entry, accepted_us, type, institution, person, reason, '', 0, act_us, receipt
    from receipts;

drop table receipts;

alter table receipts_with_completions rename to receipts;

create index receipts_by_time on receipts (sender, accepted_us);

-- What a sender does about an accepted paper, and the office is told of. A paper is recalled once at most.
create table notices (
    sender text not null,
    message_id text not null,
    notice text not null,
    kind text not null check (kind in ('URGE', 'RECALL')),
    accepted_us bigint not null,
    note text not null,
    document_number text not null,
    act_us bigint not null,
    state text not null check (state in ('QUEUED', 'TOLD', 'REFUSED')),
    refusal_code text not null,
    ended_us bigint,
    recorded_us bigint not null,
    primary key (sender, message_id, notice),
    foreign key (sender, message_id) references papers (sender, message_id)
);

create unique index notices_recall on notices (sender, message_id) where kind = 'RECALL';
create index notices_queued on notices (sender, act_us, notice) where state = 'QUEUED';
create index notices_by_time on notices (sender, accepted_us);

-- What the office did with a paper besides what earns a receipt: it extended a due date of the sender, or replied.
create table paper_marks (
    sender text not null,
    message_id text not null,
    place bigint not null,
    office_entry text not null unique,
    accepted_us bigint not null,
    kind text not null check (kind in ('EXTENDED', 'REPLIED')),
    institution text not null,
    due text not null,
    document_number text not null,
    dispatch text not null,
    act_us bigint not null,
    primary key (sender, message_id, place),
    foreign key (sender, message_id) references papers (sender, message_id)
);

create index paper_marks_by_time on paper_marks (sender, accepted_us);

-- The town's own papers. A row never changes. `summary` is an encoded townlink.values.v1.PaperSummary, `particulars` the encoded
-- townlink.gateway.v1.DispatchWritten without its payload.
create table dispatches (
    dispatch text not null primary key,
    message_id text not null unique,
    sent_us bigint not null,
    payload bytea not null,
    payload_digest bytea not null,
    summary bytea not null,
    particulars bytea not null
);

-- Which contents dispatches hold, so that the sweep knows what it may take.
create table dispatch_attachments (
    dispatch text not null references dispatches (dispatch),
    place bigint not null,
    digest bytea not null,
    primary key (dispatch, place)
);

create index dispatch_attachments_by_digest on dispatch_attachments (digest);

-- The way of a dispatch to one department.
create table outgoing (
    department text not null,
    number bigint not null,
    dispatch text not null references dispatches (dispatch),
    previous_digest bytea,
    copy bigint not null check (copy in (0, 1)),
    state text not null check (state in ('QUEUED', 'RECEIVED', 'SIGNED_FOR', 'RETURNED', 'COMPLETED')),
    version bigint not null,
    recorded_us bigint not null,
    primary key (department, number),
    unique (department, dispatch)
);

create index outgoing_queued on outgoing (department, number) where state = 'QUEUED';
create index outgoing_by_dispatch on outgoing (dispatch);

-- The receipts of departments, by their place. `receipt` is the department's own, as it came.
create table outgoing_receipts (
    department text not null,
    number bigint not null,
    place bigint not null,
    type text not null check (type in ('RECEIVED', 'SIGNED_FOR', 'RETURNED', 'COMPLETED')),
    reason text not null,
    act_us bigint not null,
    receipt_digest text not null,
    receipt bytea not null,
    primary key (department, number, place),
    unique (department, number, type),
    foreign key (department, number) references outgoing (department, number)
);
