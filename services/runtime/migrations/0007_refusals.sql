-- What was refused, newest first, for those who supervise.
create index journal_refusals on journal (recorded_us, id) where kind = 'townlink.journal.v1.Refused';
