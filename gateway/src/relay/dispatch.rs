//! The town's own papers on their way to the county (发文 and its transport, relay-and-sharing.md §8.5, §8.6).
//!
//! The office says in its journal that a paper is sent, with all that the envelope needs. Here its payload is written once, by the
//! one writer of envelopes, signed with the town's SM2 key, and numbered for each department that it goes to: dense from 1, with
//! the SM3 of the payload before. A department takes its dispatches in either of two ways: the gateway pushes them to an endpoint
//! that the department serves, or the department pulls them. Its receipts end what the gateway does, and tell the office.
//!
//! - [`state`], [`decide`]: what a department may acknowledge.
//! - [`compose`]: from what the office says to the payload.
//! - [`sending`]: the reaction that writes, signs and numbers.
//! - [`store`]: dispatches and receipts, as rows.
//! - [`wire`]: between the contract and the state.
//! - [`rpc`]: the contract for departments; `pull` is its live stream.
//! - [`push`]: delivery to endpoints of the county.

pub(crate) mod compose;
pub mod decide;
mod pull;
pub(crate) mod push;
pub(crate) mod rpc;
pub(crate) mod sending;
pub mod state;
pub(crate) mod store;
pub(crate) mod wire;
