//! The runtime's storage: the write path, the journal and what stands on them, on both databases.
#![expect(clippy::disallowed_methods, reason = "tests kill tasks, which the task set of a process would not let them")]

mod clock;
mod counter;
mod failures;
mod journal;
mod locked;
mod log;
mod migrations;
mod numbers;
mod races;
mod served;
mod subscriptions;
mod timers;
mod write_path;
