//! The office, through its contracts, on both databases.

mod delivery;
mod harness;
mod inbox;
mod oversight;
mod register;
mod replay;
mod roster;
