//! The relay: papers of county departments into the town's inboxes, with signed receipts (relay-and-sharing.md §8).
//!
//! - [`envelope`], [`screening`], [`addressing`], [`findings`]: pure parts: what a payload says, what its texts hold, where it goes.
//! - [`paper`]: from a request to an accepted paper.
//! - [`content`]: the attachments.
//! - [`receipts`]: what the sender takes home.
//! - [`delivery`], [`dispatcher`]: numbers, the queue, and its emptying.
//! - [`lanes`]: what an operator is told of lanes in which nothing moves.
//! - [`reactions`]: what the office's journal leads to.
//! - [`following`]: what a sender does about an accepted paper.
//! - [`dispatch`]: the town's own papers, to the county.

pub mod addressing;
pub mod content;
pub(crate) mod delivery;
pub mod dispatch;
pub(crate) mod dispatcher;
pub mod envelope;
pub mod findings;
pub mod following;
pub(crate) mod lanes;
pub mod paper;
pub(crate) mod reactions;
pub mod receipts;
pub mod screening;
