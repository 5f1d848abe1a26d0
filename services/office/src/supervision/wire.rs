//! Supervision between the contract and the state.
//!
//! - [`line`]: the status line of a case.
//! - [`sample`], [`review`], [`opinion`], [`accountability`]: how each is kept and shown.
//! - [`requests`]: what is asked.

pub(crate) mod accountability;
pub(crate) mod line;
pub(crate) mod opinion;
pub(crate) mod requests;
pub(crate) mod review;
pub(crate) mod sample;
