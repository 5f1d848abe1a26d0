//! A paper of a county department: examined, accepted with a signed receipt, or refused (relay-and-sharing.md §8.1–8.6).

pub(crate) mod check;
pub mod decide;
mod rpc;
pub mod state;
pub(crate) mod store;
mod upload;
pub(crate) mod wire;

pub(crate) use rpc::PaperRpc;
