//! Whether the log keeps up with the journal.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::db::{Columns as _, Connection, Db};
use crate::refusal::Failure;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// How far the log is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// The last position of the journal.
    pub journal: i64,
    /// The size of the newest checkpoint.
    pub log: i64,
    /// Whether entries wait for a position.
    pub unpositioned: bool,
}

/// Waits for the log to cover what the journal holds now; gives how far it is behind where it does not within `patience`. Town
/// time cannot tell, since it may stand still.
pub(crate) async fn stalled(db: &Db, patience: Duration) -> Result<Option<Stall>, Failure> {
    let until = Instant::now() + patience;
    let (wanted, waiting, _) = look(db.read().await?.sql()).await?;
    loop {
        let (journal, first, log) = look(db.read().await?.sql()).await?;
        let unpositioned = waiting.is_some() && waiting == first;
        if log >= wanted && !unpositioned {
            return Ok(None);
        }
        if Instant::now() >= until {
            return Ok(Some(Stall { journal, log, unpositioned }));
        }
        sleep(PAUSE).await;
    }
}

/// The last position, the first entry that waits for one, and the size of the newest checkpoint.
async fn look(sql: &mut Connection) -> Result<(i64, Option<i64>, i64), Failure> {
    let row = sqlx::query(
        "select (select coalesce(max(position), 0) from journal_positions), (select min(arrival) from journal_pending), \
         (select coalesce(max(tree_size), 0) from log_checkpoint)",
    );
    let row = row.fetch_one(sql).await?;
    Ok((row.int(0)?, row.maybe_int(1)?, row.int(2)?))
}
