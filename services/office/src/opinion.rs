//! Joint reviews (组团审批、并联审批): the desk on which the service centre asks for opinions, and the others give theirs;
//! service-centre.md §3.8.
//!
//! SERVICE leads and asks all institutions at once; each has its own clock. An opinion never changes; a revised one takes its place until
//! the decision. Silence is urged, then escalated, and is agreement only where a registered document says so and no law asks for the
//! opinion. What the application comes to is not known here.

pub(crate) mod decide;
pub(crate) mod rpc;
pub(crate) mod state;
mod store;
pub(crate) mod wire;
