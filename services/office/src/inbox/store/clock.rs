//! What the clock asks of the papers.

use runtime::db::{Columns as _, Connection, Row};
use runtime::refusal::Failure;
use vocabulary::{Timestamp, time};

use super::super::state::PaperName;

/// When the clock has something to say next; none where nothing waits.
pub(crate) async fn next(sql: &mut Connection) -> Result<Option<Timestamp>, Failure> {
    let row = sqlx::query("select min(next_us) from inbox_papers where next_us is not null").fetch_one(sql).await?;
    row.maybe_instant(0)
}

/// The paper of which something was due first, up to an instant.
pub(crate) async fn earliest(sql: &mut Connection, now: Timestamp) -> Result<Option<PaperName>, Failure> {
    let row = sqlx::query(
        "select inbox, sender, message_id from inbox_papers where next_us <= $1 and next_us is not null \
         order by next_us, inbox, sender, message_id limit 1",
    )
    .bind(time::to_us(now))
    .fetch_optional(sql)
    .await?;
    row.as_ref().map(name).transpose()
}

/// Open papers whose alarms were set by other rules than these, so many at most.
pub(crate) async fn set_by_others(sql: &mut Connection, version: &str, limit: i64) -> Result<Vec<PaperName>, Failure> {
    let rows = sqlx::query(
        "select inbox, sender, message_id from inbox_papers where open = 1 and rules <> $1 \
         order by inbox, sender, message_id limit $2",
    )
    .bind(version)
    .bind(limit)
    .fetch_all(sql)
    .await?;
    rows.iter().map(name).collect()
}

fn name(row: &Row) -> Result<PaperName, Failure> {
    Ok(PaperName { inbox: row.parsed(0)?, sender: row.parsed(1)?, message: row.parsed(2)? })
}
