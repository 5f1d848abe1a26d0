//! Directives: the machine-readable part of a paper that changes the register.
//!
//! Their form is part of the contract (`townlink.receiver.v1.ApplyRequest.directive`). An unknown key is refused: whoever wrote
//! it meant something that would silently not happen.
//!
//! - [`form`]: the JSON objects.
//! - [`apply`]: what a directive does to the register.
//! - [`adjust`]: suspending, resuming and withdrawing grants.

pub(crate) mod adjust;
pub(crate) mod apply;
pub(crate) mod form;
