//! The inboxes of the eight institutions (收文): what arrived, and how far it has been worked.
//!
//! A paper is signed for (签收), registered (登记) and then passes the first check (初审) or goes back to its sender
//! (relay-and-sharing.md §8.4). OFFICE works its own inbox and reads all; a bureau works and reads its own. A directive takes no
//! effect here: a checked paper becomes a document, which a second person confirms.

pub(crate) mod annex;
pub(crate) mod decide;
mod returning;
pub(crate) mod rpc;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod wire;

pub(crate) use returning::return_for_faults;
