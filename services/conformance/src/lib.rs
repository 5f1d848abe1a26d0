//! What a service must do that holds cases or asks for opinions, as suites that its own tests run against its own server, and a
//! reference that passes them.
//!
//! - [`clause`]: what a suite says where a clause is broken.
//! - [`reference`]: a small service that holds cases, for tests.
//! - [`supervision`]: what supervisors may see, and what they may not change.
//! - [`opinion`]: the opinions of a joint review, taken once.

pub mod clause;
pub mod opinion;
pub mod reference;
pub mod supervision;
