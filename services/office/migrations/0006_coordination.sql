-- Guidance of the back office to the front desk. What is on it stands in content; the other columns are what it is found by.
create table guidances (
    id text primary key,
    institution text not null,
    -- Null until it is issued.
    year bigint,
    serial bigint,
    stage text not null check (stage in ('DRAFT', 'REVIEWED', 'ISSUED', 'WITHDRAWN', 'SUPERSEDED')),
    -- The days on which it is or was in force, the last one included; null until it is issued. Where it ended before it began, the
    -- last one is before the first.
    force_from text,
    force_to text,
    drafted_us bigint not null,
    -- The guidance whole, as an encoded Guidance.
    content bytea not null,
    version bigint not null,
    recorded_us bigint not null,
    check ((year is null) = (serial is null)),
    check ((serial is null) = (force_from is null)),
    check ((force_from is null) = (force_to is null)),
    check (stage <> 'ISSUED' or serial is not null),
    check (stage not in ('DRAFT', 'REVIEWED') or serial is null)
);

create index guidances_newest on guidances (drafted_us, id);
create index guidances_stage on guidances (stage, drafted_us, id);
create index guidances_force on guidances (force_to, force_from);
create unique index guidances_number on guidances (institution, year, serial) where serial is not null;

-- The fields of guidance; one row with the empty field where it is for all matters of its institution.
create table guidance_fields (
    field text not null,
    guidance text not null references guidances (id),
    primary key (field, guidance)
);

-- Work information, clues, consultations and external supervision.
create table coordination_items (
    id text primary key,
    type text not null check (type in ('WORK_INFO', 'CLUE', 'CONSULTATION', 'EXTERNAL_SUPERVISION')),
    stage text not null check (stage in ('OPEN', 'ANSWERED', 'CLOSED')),
    opened_us bigint not null,
    -- The paper of external supervision; null for others.
    source_paper text,
    -- The matter whole, as an encoded CoordinationItem.
    content bytea not null,
    version bigint not null,
    recorded_us bigint not null,
    check ((source_paper is null) = (type <> 'EXTERNAL_SUPERVISION'))
);

create index coordination_items_newest on coordination_items (opened_us, id);
create index coordination_items_type on coordination_items (type, opened_us, id);
-- A paper is opened once.
create unique index coordination_items_paper on coordination_items (source_paper) where source_paper is not null;

-- Who takes part in a matter, and so may see it.
create table coordination_parties (
    party text not null,
    item text not null references coordination_items (id),
    primary key (party, item)
);

-- Who must act next about what, and by when. Rows follow what they are about: where nothing is to be done, there is none.
create table coordination_duties (
    -- guidances/{id} or coordinationItems/{id}
    subject text not null,
    place bigint not null,
    party text not null,
    type text not null,
    -- The first instant at which it is overdue; null where no last day is set or known.
    overdue_us bigint,
    -- The year whose calendar is missing; null where the last day is known or none is set.
    missing_year bigint,
    -- When the alarm is to be raised; null once it was, or where none is to be.
    next_us bigint,
    primary key (subject, place)
);

create index coordination_duties_party on coordination_duties (party, subject);
create index coordination_duties_overdue on coordination_duties (overdue_us) where overdue_us is not null;
create index coordination_duties_next on coordination_duties (next_us) where next_us is not null;
create index coordination_duties_missing on coordination_duties (missing_year) where missing_year is not null;
