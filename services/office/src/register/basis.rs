//! Decisions of the province under which a town may hold penalty powers (行政处罚法 art. 24).
//!
//! A basis is a fact of its own: it edits no grant. It clears `BASIS_GAP` from the day of its publication on, for the powers or
//! fields that it names. Registering the same decision again records a new version of it.

pub(crate) mod check;
pub(crate) mod state;
pub(crate) mod wire;
