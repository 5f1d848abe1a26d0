//! The parts of accepting a paper, each measured alone: what the limits are made of.

pub mod commits;
pub mod crypto;
pub mod empty_rpc;
pub mod rows;
