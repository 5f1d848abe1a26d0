//! The power catalogue: what the law provides. A power in it gives nobody authority until a grant is in force.
//!
//! - [`state`]: powers, their bases, unlawful acts and measures, and their versions.
//! - [`csv`]: the file format of authority.md §2.7.
//! - [`check`]: the row checks, in order, and which powers a file lists anew.
//! - [`rpc`]: the contract of powers.
//! - [`wire`]: powers as messages.

pub(crate) mod check;
pub(crate) mod csv;
pub(crate) mod rpc;
pub(crate) mod state;
pub(crate) mod wire;
