//! The office, through its contracts, on both databases.

mod delivery;
mod dispatch;
mod harness;
mod inbox;
mod register;
mod replay;
mod roster;
