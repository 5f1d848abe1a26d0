//! Supervision of the front desk by the back office (监督) and calling to account (问责); relay-and-sharing.md §8.8.
//!
//! A supervising institution draws a sample of the closed cases of its field each quarter, reviews them read-only, and acts by formal
//! instruments alone: a supervision opinion asks for reasons, re-examination, correction of procedure or a report, and a proposal to
//! call somebody to account goes to those who decide. Nothing here edits a case, fixes an outcome or decides about a person.
//!
//! - [`decide`]: the rules, one file a resource.
//! - [`cases`]: what the service that holds a case says.
//! - [`coverage`]: who has reviewed how many.

pub(crate) mod cases;
pub(crate) mod coverage;
pub(crate) mod decide;
pub(crate) mod rpc;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod wire;
