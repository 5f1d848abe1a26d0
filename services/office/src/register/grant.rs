//! Grants (下放关系): who holds a power, under which document, since when.
//!
//! - [`state`]: a grant, its interval, its suspensions and its end.
//! - [`csv`]: the file format of authority.md §2.7.
//! - [`check`]: the row checks, in order, and the grants that a file makes.
//! - [`rules`]: the rules of kind and mode of authority.md §2.2.
//! - [`rpc`]: the contract of grants and imports.
//! - [`wire`]: grants as messages.

pub(crate) mod check;
pub(crate) mod csv;
pub(crate) mod rpc;
pub(crate) mod rules;
pub(crate) mod state;
pub(crate) mod wire;
