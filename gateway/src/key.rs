//! The keys that sign: of the county's departments, each with the issuers it may sign for, and the town's own.
//!
//! Two persons of OFFICE act on every change (overview.md §1.7). What is registered never changes: another period or another
//! issuer is another key. Signatures are checked against an immutable snapshot in memory, swapped after each commit.

pub mod decide;
mod departments;
mod registry;
mod rpc;
pub(crate) mod senders;
pub mod state;
pub mod store;
mod wire;

pub use departments::Departments;
pub use registry::{LiveRegistry, Registry};
pub(crate) use rpc::KeyRpc;
