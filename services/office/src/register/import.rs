//! Imports by hand of the power catalogue and of grants (authority.md §2.7): drafted by one person and confirmed by another, all
//! or nothing.

pub(crate) mod decide;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod unit;
pub(crate) mod wire;
