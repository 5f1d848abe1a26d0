//! The writers of a PostgreSQL database: each runs one job at a time, on a connection of its own.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::{Mutex, MutexGuard, RwLock, mpsc};
use tokio_util::sync::CancellationToken;

use super::job::{Attempt, Job};
use super::trouble::{Shared, is_race};
use super::{ATTEMPTS_MAX, Backend, News, Tx, open};

/// What the workers share.
struct Common {
    url: String,
    waiting: Mutex<mpsc::Receiver<Box<dyn Job>>>,
    news: News,
    closing: CancellationToken,
    /// Held by a job that runs again: losers of a race go one by one, or they would beat each other until their attempts are
    /// spent.
    repeating: Mutex<()>,
    /// Held together by all jobs, and alone by one that has lost [`PATIENCE`] times, which nobody here then beats.
    floor: RwLock<()>,
}

/// How long one attempt may take. Far above any job, so that it cuts off only those whose server is gone.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(120);

/// How often a job loses before it runs alone.
const PATIENCE: u32 = 3;

/// One writer.
pub(super) struct Worker {
    common: Arc<Common>,
    tx: Option<Tx>,
}

impl Common {
    /// The next job; none once the database is closing and all that waited is done.
    async fn next(&self) -> Option<Box<dyn Job>> {
        let mut waiting = self.waiting.lock().await;
        tokio::select! {
            biased;
            job = waiting.recv() => job,
            () = self.closing.cancelled() => {
                waiting.close();
                waiting.recv().await
            }
        }
    }
}

/// Makes the writers. They connect when their first job comes.
pub(super) fn workers(
    url: &str,
    count: u32,
    waiting: mpsc::Receiver<Box<dyn Job>>,
    news: &News,
    closing: &CancellationToken,
) -> Vec<Worker> {
    let common = Arc::new(Common {
        url: url.to_owned(),
        waiting: Mutex::new(waiting),
        news: news.clone(),
        closing: closing.clone(),
        repeating: Mutex::new(()),
        floor: RwLock::new(()),
    });
    (0..count).map(|_| Worker { common: Arc::clone(&common), tx: None }).collect()
}

/// How one attempt ended.
enum End {
    Committed {
        entries: usize,
    },
    Undone,
    /// Nothing was committed, and another attempt may succeed.
    Again(Option<sqlx::Error>),
    /// The server is away, or broke off while it committed, so that the fate of the job is unknown. Whoever wanted it asks
    /// again with the same request id.
    Lost(sqlx::Error),
}

impl Worker {
    pub(super) async fn run(mut self) {
        let common = Arc::clone(&self.common);
        while let Some(job) = common.next().await {
            self.answer(job).await;
        }
        if let Some(tx) = self.tx {
            tx.close().await;
        }
    }

    async fn answer(&mut self, mut job: Box<dyn Job>) {
        let common = Arc::clone(&self.common);
        let mut turn: Option<MutexGuard<'_, ()>> = None;
        let mut end = Ok(());
        for attempt in 1..=ATTEMPTS_MAX {
            let outcome = if attempt > PATIENCE {
                let _alone = common.floor.write().await;
                self.bounded_attempt(job.as_mut()).await
            } else {
                let _together = common.floor.read().await;
                self.bounded_attempt(job.as_mut()).await
            };
            match outcome {
                End::Committed { entries } => {
                    if entries > 0 {
                        News::tell(&common.news.committed);
                    }
                    break;
                }
                End::Undone => break,
                End::Again(_) if attempt < ATTEMPTS_MAX => {
                    metrics::counter!("townlink_db_repeats_total").increment(1);
                    if turn.is_none() {
                        turn = Some(common.repeating.lock().await);
                    }
                }
                End::Again(None) => break,
                End::Again(Some(error)) | End::Lost(error) => {
                    tracing::error!(%error, "a job was not committed");
                    end = Err(Shared::new(error));
                    break;
                }
            }
        }
        drop(turn);
        job.finish(end);
    }

    /// An attempt that ends even where the server has vanished without a word.
    async fn bounded_attempt(&mut self, job: &mut dyn Job) -> End {
        match tokio::time::timeout(ATTEMPT_TIMEOUT, self.attempt(job)).await {
            Ok(end) => end,
            Err(_) => {
                self.tx = None;
                End::Lost(sqlx::Error::PoolTimedOut)
            }
        }
    }

    /// Runs the job once in a transaction of its own.
    async fn attempt(&mut self, job: &mut dyn Job) -> End {
        let tx = match &mut self.tx {
            Some(tx) => tx,
            none => match open::connect(&self.common.url, Backend::Postgres).await {
                Ok(connection) => none.insert(Tx::new(connection, Backend::Postgres)),
                Err(error) => return End::Lost(error),
            },
        };
        tx.start();
        if let Err(error) = tx.control("begin").await {
            // The connection was broken while it was idle.
            self.tx = None;
            return End::Again(Some(error));
        }
        let outcome = AssertUnwindSafe(job.run(tx)).catch_unwind().await;
        if matches!(outcome, Ok(Attempt::Done)) {
            return match tx.control("commit").await {
                Ok(()) => End::Committed { entries: tx.entries_written() },
                Err(error) => self.uncommitted(error),
            };
        }
        let undone = tx.control("rollback").await;
        if undone.is_err() {
            self.tx = None;
        }
        match (outcome, undone) {
            (Err(panic), _) => {
                job.panicked(panic.as_ref());
                End::Undone
            }
            // What the job was told came from a connection that broke under it.
            (Ok(_), Err(error)) => End::Again(Some(error)),
            (Ok(Attempt::Again), Ok(())) => End::Again(None),
            (Ok(Attempt::Undone | Attempt::Done), Ok(())) => End::Undone,
        }
    }

    /// A commit that the server refused was rolled back; one that broke the connection may have been done.
    fn uncommitted(&mut self, error: sqlx::Error) -> End {
        if error.as_database_error().is_none() {
            self.tx = None;
            End::Lost(error)
        } else if is_race(&error) {
            End::Again(Some(error))
        } else {
            End::Lost(error)
        }
    }
}
