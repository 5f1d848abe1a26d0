//! How papers come into the inboxes: in the order of each sender and each recipient, each once (relay-and-sharing.md §8.6).
//!
//! Every delivery carries its number and the digest of the payload before it, so that neither a gap nor an exchanged paper goes
//! unseen. A number is used up by whatever ends its delivery: a paper, a tombstone, or a return.

pub(crate) mod decide;
pub(crate) mod queue;
pub(crate) mod recall;
pub(crate) mod rpc;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod wire;
