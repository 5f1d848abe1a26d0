//! The relay: papers from county departments into the town's inboxes, with receipts and proofs (relay-and-sharing.md §8).
pub mod addressing;
pub mod content;
pub mod envelope;
pub mod findings;
pub mod paper;
pub mod screening;
