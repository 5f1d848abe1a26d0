//! Supervision and joint reviews, through the contracts, with the reference as the service that holds cases.

mod courier;
mod opinions;
mod supervision;
mod town;
