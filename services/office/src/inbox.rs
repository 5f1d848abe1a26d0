//! The inboxes of the eight institutions (收文): what arrived, and how far it has been worked.
//!
//! A paper is signed for (签收), registered (登记) and then passes the first check (初审) or goes back to its sender. It is then
//! assigned (分办), handled (承办), completed (办结), answered where its sender asks for it (答复), and archived (归档)
//! (relay-and-sharing.md §8.4). OFFICE works its own inbox and reads all; a bureau works and reads its own, and takes its part in
//! what OFFICE assigns to it. A directive takes no effect here: a checked paper becomes a document, which a second person confirms.
//!
//! - [`state`], [`work`]: a paper, and what was done about it.
//! - [`decide`], [`event`]: what may happen, and what a paper is afterwards.
//! - [`rules`], [`timing`], [`alarm`]: until when, and what the clock says.

pub(crate) mod alarm;
pub(crate) mod annex;
mod answering;
pub(crate) mod decide;
pub(crate) mod event;
pub(crate) mod refusal;
mod returning;
pub(crate) mod rpc;
pub(crate) mod rules;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod step;
pub(crate) mod store;
pub(crate) mod timing;
pub(crate) mod unasked;
pub(crate) mod wire;
pub(crate) mod work;

pub(crate) use answering::{answered, guided};
pub(crate) use returning::return_for_faults;
