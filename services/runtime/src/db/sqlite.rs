//! The one writer of a SQLite file.
//!
//! Jobs that wait are committed together, so that one sync of the disk serves them all: that is where the speed comes from. Each
//! runs in a savepoint, so that one that fails or panics takes nothing of its neighbours with it.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::job::{Attempt, Job};
use super::trouble::Shared;
use super::{ATTEMPTS_MAX, Backend, News, Tx, open};

/// How many jobs are committed together at most: more would make the first wait for too long.
const BATCH_MAX: usize = 64;

const BEGIN: &str = "begin immediate; savepoint job";
const NEXT_JOB: &str = "release job; savepoint job";
/// The savepoint stays open after this, for the next job.
const UNDO_JOB: &str = "rollback to job";
const COMMIT: &str = "commit";

/// The journal's rows are only ever appended, one at a time, and a rollback gives the row number back, so row numbers are
/// already dense and in commit order: they are the positions.
const COMMIT_WITH_POSITIONS: &str = "insert into journal_positions (position, entry_id) \
     select j.rowid, j.id from journal j \
     where j.rowid > (select coalesce(max(position), 0) from journal_positions) order by j.rowid; commit";

/// The task that owns the writing connection.
pub(super) struct Writer {
    url: String,
    tx: Option<Tx>,
    waiting: mpsc::Receiver<Box<dyn Job>>,
    news: News,
    closing: CancellationToken,
}

impl Writer {
    pub(super) async fn open(
        url: &str,
        waiting: mpsc::Receiver<Box<dyn Job>>,
        news: News,
        closing: CancellationToken,
    ) -> Result<Self, sqlx::Error> {
        let tx = Some(Tx::new(open::connect(url, Backend::Sqlite).await?, Backend::Sqlite));
        Ok(Self { url: url.to_owned(), tx, waiting, news, closing })
    }

    pub(super) async fn run(mut self) {
        while let Some(first) = self.next().await {
            self.commit_batch(first).await;
        }
        if let Some(tx) = self.tx {
            tx.close().await;
        }
    }

    /// The next job; none once the database is closing and all that waited is done.
    async fn next(&mut self) -> Option<Box<dyn Job>> {
        tokio::select! {
            biased;
            job = self.waiting.recv() => job,
            () = self.closing.cancelled() => {
                self.waiting.close();
                self.waiting.recv().await
            }
        }
    }

    async fn commit_batch(&mut self, first: Box<dyn Job>) {
        let mut batch = Vec::new();
        let end = match self.run_batch(first, &mut batch).await {
            Ok(0) => Ok(()),
            Ok(_) => {
                News::tell(&self.news.committed);
                News::tell(&self.news.positioned);
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, jobs = batch.len(), "a commit failed, and every job of its batch with it");
                self.reopen().await;
                Err(Shared::new(error))
            }
        };
        metrics::histogram!("townlink_db_batch_jobs").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        for job in batch {
            job.finish(end.clone());
        }
    }

    /// Runs the first job and those that wait by then, and commits. Gives the number of journal entries.
    async fn run_batch(&mut self, first: Box<dyn Job>, batch: &mut Vec<Box<dyn Job>>) -> Result<usize, sqlx::Error> {
        batch.push(first);
        let tx = match &mut self.tx {
            Some(tx) => tx,
            none => none.insert(Tx::new(open::connect(&self.url, Backend::Sqlite).await?, Backend::Sqlite)),
        };
        tx.control(BEGIN).await?;
        let mut entries = 0;
        while let Some(job) = batch.last_mut() {
            let kept = run_job(tx, job.as_mut()).await?;
            entries += kept.unwrap_or(0);
            if batch.len() == BATCH_MAX {
                break;
            }
            let Ok(next) = self.waiting.try_recv() else { break };
            batch.push(next);
            if kept.is_some() {
                tx.control(NEXT_JOB).await?;
            }
        }
        tx.control(if entries > 0 { COMMIT_WITH_POSITIONS } else { COMMIT }).await?;
        Ok(entries)
    }

    /// After an error outside a job the state of the connection is unknown; a new one begins clean.
    async fn reopen(&mut self) {
        if let Some(tx) = self.tx.take() {
            tx.close().await;
        }
        match open::connect(&self.url, Backend::Sqlite).await {
            Ok(connection) => self.tx = Some(Tx::new(connection, Backend::Sqlite)),
            Err(error) => tracing::error!(%error, "the database cannot be opened again; the next job tries"),
        }
    }
}

/// Runs a job in the open savepoint. Gives the number of its journal entries, or none where it was undone.
async fn run_job(tx: &mut Tx, job: &mut dyn Job) -> Result<Option<usize>, sqlx::Error> {
    for attempt in 1..=ATTEMPTS_MAX {
        tx.start();
        let outcome = AssertUnwindSafe(job.run(tx)).catch_unwind().await;
        if matches!(outcome, Ok(Attempt::Done)) {
            return Ok(Some(tx.entries_written()));
        }
        tx.control(UNDO_JOB).await?;
        match outcome {
            Ok(Attempt::Again) if attempt < ATTEMPTS_MAX => metrics::counter!("townlink_db_repeats_total").increment(1),
            Ok(_) => break,
            Err(panic) => {
                job.panicked(panic.as_ref());
                break;
            }
        }
    }
    Ok(None)
}
