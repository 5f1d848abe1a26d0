//! The gateway between the county and the town: the keys of senders, the relay of papers, receipts.
mod fields;
pub mod key;
pub mod refusal;
pub mod relay;
mod rows;
pub mod settings;
