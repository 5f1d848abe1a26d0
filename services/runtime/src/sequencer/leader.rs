//! Giving positions on PostgreSQL.

use std::time::Duration;

use sqlx::Connection as _;
use tokio::sync::watch;

use super::Sequencer;
use crate::db::{Backend, Columns as _, Connection, News, open};
use crate::refusal::Failure;
use crate::{journal, telemetry};

/// The key of the advisory lock that makes a leader. Held by a session, so it ends with the connection.
const LOCK: i64 = 7_310_579_304_412_392;

/// How many positions are given in one transaction at most.
const BATCH_MAX: i64 = 1_000;

/// How long the leader rests after it gave positions, so that the next transaction serves many entries.
const REST: Duration = Duration::from_millis(10);

/// How long a replica waits before it tries again to lead, or to connect.
const RETRY: Duration = Duration::from_secs(1);

/// Takes what was committed without a position, in order of arrival, and gives it the next positions. One statement sees one
/// state of the database; a second leader that saw the same state collides on the primary key and writes nothing.
const GIVE: &str = "with taken as ( \
         delete from journal_pending where arrival in (select arrival from journal_pending order by arrival limit $1) \
         returning arrival, entry_id) \
     insert into journal_positions (position, entry_id) \
     select (select coalesce(max(position), 0) from journal_positions) + row_number() over (order by arrival), entry_id \
     from taken";

/// Stands by and leads, for ever.
pub(super) async fn run(sequencer: &Sequencer, leading: &watch::Sender<bool>) {
    loop {
        if let Err(failure) = session(sequencer, leading).await {
            let cause = telemetry::chain(&failure);
            tracing::warn!(cause, "the sequencer lost its connection");
        }
        leading.send_replace(false);
        tokio::time::sleep(RETRY).await;
    }
}

/// Stands by, then leads, on one connection; ends when that breaks.
async fn session(sequencer: &Sequencer, leading: &watch::Sender<bool>) -> Result<(), Failure> {
    let mut connection = open::connect(sequencer.db.url(), Backend::Postgres).await?;
    let result = stand_by_and_lead(sequencer, leading, &mut connection).await;
    // Closing gives the lock back at once.
    let _ = connection.close().await;
    result
}

async fn stand_by_and_lead(
    sequencer: &Sequencer,
    leading: &watch::Sender<bool>,
    connection: &mut Connection,
) -> Result<(), Failure> {
    let mut seen = 0;
    let mut pause = sequencer.pace.poll_max;
    let mut tries = tokio::time::interval(RETRY);
    loop {
        tokio::select! {
            _ = tries.tick() => if try_lock(connection).await? { break },
            () = tokio::time::sleep(pause) => pause = look(sequencer, connection, &mut seen, pause).await?,
        }
    }
    tracing::info!("this replica leads the sequencing of its journal");
    leading.send_replace(true);
    lead(sequencer, connection).await
}

/// Looks for what the leader did, and tells those who wait here. Gives the next pause.
async fn look(
    sequencer: &Sequencer,
    connection: &mut Connection,
    seen: &mut i64,
    pause: Duration,
) -> Result<Duration, Failure> {
    let last = journal::last_position(connection).await?;
    let size = journal::published_size(connection).await?;
    let extended = sequencer.tree.send_if_modified(|known| size > std::mem::replace(known, size.max(*known)));
    if last > *seen {
        *seen = last;
        News::tell(&sequencer.db.news().positioned);
    } else if !extended {
        return Ok((pause * 2).min(sequencer.pace.poll_max));
    }
    Ok(sequencer.pace.poll_min)
}

async fn lead(sequencer: &Sequencer, connection: &mut Connection) -> Result<(), Failure> {
    let news = sequencer.db.news();
    let mut committed = news.committed.subscribe();
    let mut pause = sequencer.pace.poll_min;
    loop {
        committed.mark_unchanged();
        let given = give(connection).await?;
        if given > 0 {
            News::tell(&news.positioned);
            metrics::counter!("townlink_journal_positions_total").increment(given);
            pause = sequencer.pace.poll_min;
            tokio::time::sleep(REST).await;
            continue;
        }
        // What is committed here is told at once; what another replica commits is found by looking.
        tokio::select! {
            _ = committed.changed() => {}
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(sequencer.pace.poll_max),
        }
    }
}

/// Gives positions to what has none. Answers to how many entries.
pub(crate) async fn give(connection: &mut Connection) -> Result<u64, Failure> {
    Ok(sqlx::query(GIVE).bind(BATCH_MAX).execute(connection).await?.rows_affected())
}

async fn try_lock(connection: &mut Connection) -> Result<bool, Failure> {
    let row = sqlx::query("select case when pg_try_advisory_lock($1) then 1 else 0 end::bigint")
        .bind(LOCK)
        .fetch_one(connection)
        .await?;
    row.flag(0)
}
