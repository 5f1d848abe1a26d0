//! What becomes of open work when the authority that it rests on ends (authority.md §2.4).
//!
//! - [`suite`]: what every service that holds cases must do.
//! - [`reference`]: the smallest service that does.

pub mod reference;
pub mod suite;
