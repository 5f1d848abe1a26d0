//! What a sender does about a paper that was accepted: he watches what becomes of it, urges it (催办), and recalls it (撤回) while
//! nobody has signed for it (relay-and-sharing.md §8.6).
//!
//! An urge or a recall is journalled here and then told to the office as a *notice*, which is repeated like a delivery until it is
//! answered. A notice waits until no delivery of its paper is under way any more, so that the office is never told of a paper that
//! it has yet to see.
//!
//! - [`state`], [`decide`]: whether it may be.
//! - [`store`]: notices, and what the office said of papers besides receipts, as rows.
//! - [`wire`]: between the contract and the state.
//! - [`rpc`]: the methods of the contract.
//! - [`watch`]: the journal as the sender of a paper sees it.
//! - [`notices`]: what the office is told.

pub mod decide;
pub(crate) mod notices;
pub(crate) mod rpc;
pub mod state;
pub(crate) mod store;
pub(crate) mod watch;
pub(crate) mod wire;
