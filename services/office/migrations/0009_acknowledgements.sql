-- Which dispatches a department has not acknowledged, and what is overdue. What was sent before is not told of: it has no day by
-- which it was to be acknowledged.

-- Whether a department that is reached electronically has not acknowledged it, though it is to.
alter table dispatches add column silent bigint not null default 0 check (silent in (0, 1));
-- When that is told; null where nobody is silent, it was told, or the calendar of a year is missing.
alter table dispatches add column silence_us bigint;
-- Whether its answer or an acknowledgement was told to be overdue and is still missing.
alter table dispatches add column overdue bigint not null default 0 check (overdue in (0, 1));

create index dispatches_silence on dispatches (silence_us) where silence_us is not null;
create index dispatches_overdue on dispatches (drafted_us, id) where overdue = 1;
