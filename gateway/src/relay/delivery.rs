//! The way of an accepted paper into the town's inboxes (relay-and-sharing.md §8.6).
//!
//! Deliveries are numbered for each sender and recipient in the order of the journal. A paper that is held for OFFICE's look gets
//! its number when OFFICE lets it go on: what waits for a person is not in the queue, and so keeps no urgent paper behind it
//! waiting. A number once given is never given again: a paper that goes no further is delivered as a tombstone.
//!
//! - [`store`]: deliveries and later receipts, as rows.
//! - [`numbering`]: the gateway's own journal, turned into numbered deliveries.
//! - [`wire`]: what the office and the journal are told.

pub(crate) mod numbering;
pub(crate) mod store;
pub(crate) mod wire;
