//! What supervision and joint reviews have in common: how their records are kept, who may see them, and what falls due.
//!
//! A record is kept whole, as the message that its contract shows; each step journals it whole, so that the journal holds every
//! column. What another service is to be told of is told until it has taken it.
//!
//! - [`limit`]: time limits in working days.
//! - [`record`]: what a record is, and the pure decision around it.
//! - [`store`]: records as rows.
//! - [`wire`]: what requests and records share on the wire.
//! - [`facts`]: what a decision knows of the world.
//! - [`timer`]: what falls due.
//! - [`courier`]: tells other services.
//! - [`refusal`]: why the office says no.
//! - [`settings`]: sizes, limits and designations.

pub(crate) mod courier;
pub(crate) mod facts;
pub(crate) mod limit;
pub(crate) mod record;
pub(crate) mod refusal;
pub(crate) mod settings;
pub(crate) mod store;
pub(crate) mod timer;
pub(crate) mod wire;
