//! The office, through its contracts, on both databases.

mod coordination;
mod delivery;
mod dispatch;
mod guidance;
mod harness;
mod inbox;
mod inbox_before;
mod inbox_clock;
mod inbox_county;
mod inbox_steps;
mod inbox_work;
mod oversight;
mod register;
mod replay;
mod roster;
