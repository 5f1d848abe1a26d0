//! The office, through its contracts, on both databases.

mod coordination;
mod delivery;
mod dispatch;
mod guidance;
mod harness;
mod inbox;
mod register;
mod replay;
mod roster;
