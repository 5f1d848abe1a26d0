//! Grant documents (政府文件): every grant and every withdrawal is by one, nothing is ad hoc (authority.md §2.1).
//!
//! A document is registered by one person, by hand or by passing the check of the paper that brought it, and confirmed by
//! another; only then does its directive take effect, all or nothing.
//!
//! The inbox registers the document of a checked paper inside its own transaction: [`registration_of_paper`] decides, the
//! event [`Registered`] goes into the journal, and [`store::insert`] writes the row.

pub(crate) mod decide;
pub(crate) mod owner;
pub(crate) mod rpc;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod unit;
pub(crate) mod wire;

pub(crate) use decide::{FromPaper, Registered, registration_of_paper};
