//! Evaluations (评估): whether the town exercises well what it was handed (行政处罚法 art. 24 para. 3; authority.md §2.4).
//!
//! Each grant of a penalty power has a day until which it is to be evaluated. An evaluation is recorded from its document as a
//! version of the grant; a day that passes without one is told once to those who supervise, and stops nothing.
//!
//! - [`state`]: what is due, and what is journalled when it is overdue.
//! - [`decide`]: recording an evaluation, and telling that one is overdue.
//! - [`unit`]: both on the write path, and the timer.
//! - [`store`], [`wire`], [`rpc`]: rows, messages, methods.

pub(crate) mod decide;
pub(crate) mod rpc;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod unit;
pub(crate) mod wire;
