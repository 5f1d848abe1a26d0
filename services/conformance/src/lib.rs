//! Contracts that several services serve: a suite that each of them must pass, and a reference that passes it.
//!
//! A contract lies here when more than one service implements it, or when the one that does comes later than those who call it. Each
//! has a folder with two parts:
//!
//! - a *suite*: a plain async function that takes a [`Subject`]-like struct of channels and functions, and panics with what does not
//!   hold. It knows the service by its contract only. What it needs and the contract cannot give, such as work that was filed last
//!   year, it asks of a *seed* function that each service brings along. There is no trait to implement: a service's test builds the
//!   struct out of closures over its own harness and awaits the suite, on both databases.
//! - a *reference*: the smallest service that passes. It shows that the suite can be passed, it stands in for services that are not
//!   there yet, and it is where an implementer looks first. Its rules come from the vocabulary, which every real service calls too.
//!
//! A rule of the contract that the suite does not fail for is not part of the contract.
//!
//! [`Subject`]: transition::suite::Subject
//!
//! - [`clause`]: what a suite says where a clause is broken.
//! - [`opinion`]: the opinions of a joint review, taken once.
//! - [`reference`]: a small service that holds cases, for the suites of supervision and opinions.
//! - [`supervision`]: what supervisors may see, and what they may not change.
//! - [`transition`]: what becomes of open work when an authority ends.

pub mod clause;
pub mod opinion;
pub mod reference;
pub mod supervision;
pub mod transition;
