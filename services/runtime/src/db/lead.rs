//! One replica of several does a thing alone, such as making deliveries in order.
//!
//! On SQLite there is one process and nothing to agree on. On PostgreSQL the leader is whoever holds an advisory lock on a
//! connection of its own: the lock ends with the connection, so a replica that dies is followed at once. A leader whose
//! connection breaks may go on for a second before it knows; what it does alone must therefore be harmless when done twice.

use std::time::Duration;

use sqlx::Connection as _;

use super::{Backend, Columns as _, Connection, Db, open};
use crate::refusal::Failure;

/// How long a replica waits before it tries again to lead, and how often a leader looks whether it still does.
const RETRY: Duration = Duration::from_secs(1);

/// That this replica leads. Ends when it is dropped.
pub struct Lead {
    /// The session that holds the lock; none on SQLite.
    session: Option<Connection>,
}

impl Db {
    /// Waits until this replica leads in the thing that `lock` stands for. The same number means the same thing in every replica.
    ///
    /// # Errors
    /// [`Failure`] where the database is away.
    pub async fn lead(&self, lock: i64) -> Result<Lead, Failure> {
        match self.backend() {
            Backend::Sqlite => Ok(Lead { session: None }),
            Backend::Postgres => {
                let mut session = open::connect(self.url(), Backend::Postgres).await?;
                while !try_lock(&mut session, lock).await? {
                    tokio::time::sleep(RETRY).await;
                }
                Ok(Lead { session: Some(session) })
            }
        }
    }
}

impl Lead {
    /// Completes when this replica leads no more.
    pub async fn lost(&mut self) {
        let Some(session) = &mut self.session else { return std::future::pending().await };
        while session.ping().await.is_ok() {
            tokio::time::sleep(RETRY).await;
        }
    }
}

async fn try_lock(session: &mut Connection, lock: i64) -> Result<bool, Failure> {
    let row = sqlx::query("select case when pg_try_advisory_lock($1) then 1 else 0 end::bigint")
        .bind(lock)
        .fetch_one(session)
        .await?;
    row.flag(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NO_MIGRATIONS;

    const LOCK: i64 = 7_310_579_304_412_499;

    crate::both_databases! {
        async fn one_replica_leads_and_another_follows_it(db: TestDb) {
            let (one, other) = (db.open(&NO_MIGRATIONS).await, db.open(&NO_MIGRATIONS).await);
            let first = one.lead(LOCK).await.expect("it leads");
            if db.backend() == Backend::Postgres {
                let second = tokio::time::timeout(Duration::from_millis(300), other.lead(LOCK)).await;
                assert!(second.is_err(), "nobody else leads meanwhile");
            }
            drop(first);
            let second = tokio::time::timeout(Duration::from_secs(10), other.lead(LOCK)).await;
            let mut second = second.expect("in time").expect("it leads");
            let kept = tokio::time::timeout(Duration::from_millis(300), second.lost()).await;
            assert!(kept.is_err(), "it goes on leading");
            drop(second);
            one.close().await;
            other.close().await;
        }
    }
}
