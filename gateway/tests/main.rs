//! The gateway through its real client, its real layers and both databases. The office is a small one of these tests.

mod attachments;
mod county;
mod deliveries;
mod diagnosis;
mod dispatches;
mod following;
mod harness;
mod keys;
mod office;
mod papers;
mod reactions;
mod refusals;
mod replay;
mod upgrade;
