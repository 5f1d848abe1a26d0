//! Supervision and joint reviews, through the contracts, with the reference as the service that holds cases.

mod opinions;
pub(crate) mod replay;
mod supervision;
mod town;
