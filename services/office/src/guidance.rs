//! Guidance of the back office to the front desk (政策指导), and what holds it in check (制衡); relay-and-sharing.md §8.8.
//!
//! A back institution guides in the fields that it supervises, the leaders in all; OFFICE relays. Guidance sets general rules and never
//! the outcome of a case. A second person reviews its legality before it is issued under a number of its own. Each front institution
//! signs for it, and may object: until the leaders settle that, it is not applied to the disputed points.
//!
//! - [`objection`]: the rules of objections.

pub(crate) mod decide;
mod objection;
pub(crate) mod rpc;
pub(crate) mod sources;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod wire;
