//! Whole-system tests: the real program, real databases, clients over mutual TLS.

mod access;
mod away;
mod county;
mod crash;
mod journey;
mod papers;
mod readme;
mod stranger;

/// Makes of one body a test on each database.
macro_rules! both_databases {
    ($($(#[$attribute:meta])* async fn $name:ident($backend:ident: Backend) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                async fn body($backend: runtime::db::Backend) $body

                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    body(runtime::db::Backend::Sqlite).await;
                }

                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    body(runtime::db::Backend::Postgres).await;
                }
            }
        )*
    };
}
pub(crate) use both_databases;
