-- Samples, reviews of cases, supervision opinions, proposals to call to account, and joint reviews. What is on each stands in
-- content; the other columns are what it is found by.
create table oversight_records (
    type text not null check (type in ('SAMPLE', 'CASE_REVIEW', 'SUPERVISION_OPINION', 'ACCOUNTABILITY', 'JOINT_REVIEW')),
    id text not null,
    -- What there may be one of at a time: a sample of a quarter, a review of a case, an open joint review of an application.
    unique_key text,
    -- Quarter, field and service, of a sample and of a review.
    scope text,
    -- The case, the application or the person that it is about; null for a sample.
    subject text,
    institution text not null,
    stage text not null,
    open bigint not null check (open in (0, 1)),
    -- Whether an opinion of a joint review was escalated.
    escalated bigint not null check (escalated in (0, 1)),
    opened_us bigint not null,
    -- The instant at which something falls due next; null where nothing does.
    next_us bigint,
    -- The year whose calendar is missing; null where every last day is known.
    missing_year bigint,
    -- Whether another service is still to be told.
    untold bigint not null check (untold in (0, 1)),
    content bytea not null,
    version bigint not null,
    recorded_us bigint not null,
    primary key (type, id)
);

create index oversight_records_newest on oversight_records (type, opened_us, id);
create unique index oversight_records_unique on oversight_records (type, unique_key) where unique_key is not null;
create index oversight_records_scope on oversight_records (type, scope) where scope is not null;
create index oversight_records_next on oversight_records (next_us) where next_us is not null;
create index oversight_records_missing on oversight_records (missing_year) where missing_year is not null;
create index oversight_records_untold on oversight_records (type, id) where untold = 1;

-- Who may see a record, and who has to act on it.
create table oversight_parties (
    type text not null,
    id text not null,
    party text not null,
    -- Whether the party has to act.
    owes bigint not null check (owes in (0, 1)),
    -- The first instant at which that is overdue; null where no last day is set or known.
    overdue_us bigint,
    primary key (type, id, party),
    foreign key (type, id) references oversight_records (type, id)
);

create index oversight_parties_party on oversight_parties (party, type, id);
