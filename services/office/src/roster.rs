//! Who may do what, on which days, by which document (任免), until the personnel service owns it.
//!
//! Access comes only from assignments that are active on the town's day (personnel.md §5.7); a role begins and ends at midnight
//! in the town. An assignment is never edited: it is ended, and another begins.

mod answering;
mod bootstrap;
pub(crate) mod decide;
pub(crate) mod rpc;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod wire;

pub(crate) use answering::Roster;
pub(crate) use bootstrap::{first_assignments, take_over};
