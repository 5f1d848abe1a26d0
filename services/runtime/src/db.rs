//! SQLite and PostgreSQL behind one SQL text.
//!
//! A service writes plain `sqlx` with `$1` placeholders and columns of `text`, `bigint` and `bytea`; both databases serve it.
//! Reads take a connection from [`Db::read`]. Every write is a job handed to [`Db::write`], or to [`crate::execute`], which is
//! built on it. A job belongs to the writer, so a client that hangs up cannot leave it half done; it may run more than once, so
//! it takes its input by reference and awaits nothing but SQL.
//!
//! SQLite has one writer task that owns the writing connection and commits waiting jobs together. PostgreSQL has several, each
//! with a connection of its own, that run one job in one transaction and repeat it where it lost a race.

mod create;
mod holder;
mod inspect;
mod job;
mod lead;
mod log_identity;
mod migrate;
pub(crate) mod open;
mod postgres;
mod row;
mod sqlite;
mod trouble;
mod tx;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{Any, Transaction};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::refusal::Failure;
use job::{Job, TypedJob};

pub use create::{create, remove};
pub use holder::Holder;
pub use inspect::{BoundLog, DatabaseFault, Inspection, inspect};
pub use job::Retry;
pub use lead::Lead;
pub use migrate::{Migrations, SchemaError};
pub use row::Columns;
pub use trouble::{Violated, violated};
pub(crate) use tx::Held;
pub use tx::{Turn, Tx};

/// A connection, as `sqlx` wants it: `.execute(connection)`. Reads and transactions both give one.
pub use sqlx::AnyConnection as Connection;
/// A row. [`Columns`] reads it.
pub use sqlx::any::AnyRow as Row;

/// A statement, with what was bound to it.
pub type Statement = sqlx::query::Query<'static, Any, sqlx::any::AnyArguments>;

/// A boxed future that may borrow.
pub type BoxFuture<'t, T> = Pin<Box<dyn Future<Output = T> + Send + 't>>;

/// How often a job may run before it is answered with [`Failure::Contention`].
pub(crate) const ATTEMPTS_MAX: u32 = 5;

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections that write on PostgreSQL, and so the number of jobs at work at once. SQLite always has one.
    pub writers: u32,
    /// Connections that read. SQLite has at most two.
    pub readers: u32,
    /// Jobs that may wait; a caller that finds the queue full waits for a place, within its own deadline.
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { writers: 16, readers: 4, queue: 1024 }
    }
}

/// Which database it is. Only the runtime's own few statements differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One file on this machine.
    Sqlite,
    /// A server.
    Postgres,
}

/// A database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    backend: Backend,
    jobs: mpsc::Sender<Box<dyn Job>>,
    readers: sqlx::Pool<Any>,
    news: News,
    closing: CancellationToken,
    writers: TaskTracker,
}

/// Tells that the journal has grown. Carries no position: whoever hears it asks the database.
#[derive(Clone)]
pub(crate) struct News {
    /// Entries were committed here.
    pub(crate) committed: watch::Sender<u64>,
    /// Positions were given, here or by another replica.
    pub(crate) positioned: watch::Sender<u64>,
}

impl News {
    fn new() -> Self {
        Self { committed: watch::Sender::new(0), positioned: watch::Sender::new(0) }
    }

    pub(crate) fn tell(channel: &watch::Sender<u64>) {
        channel.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// A connection for reading, given back when it is dropped.
pub struct Reader {
    connection: PoolConnection<Any>,
}

/// A view of the whole database at one moment, for reads of several statements.
pub struct Snapshot {
    transaction: Transaction<'static, Any>,
}

// === impl Db ===

impl Db {
    /// Opens `sqlite:path`, created where absent, or `postgres://…`, without touching the schema.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] where the database cannot be reached or its file cannot be opened.
    pub async fn open(url: &str, options: Options) -> Result<Self, Failure> {
        let backend = open::backend(url)?;
        let (jobs, waiting) = mpsc::channel(options.queue.max(1));
        let news = News::new();
        let closing = CancellationToken::new();
        let writers = TaskTracker::new();
        let readers = match backend {
            Backend::Sqlite => {
                let writer = sqlite::Writer::open(url, waiting, news.clone(), closing.clone()).await?;
                writers.spawn(writer.run());
                open::readers(url, backend, options.readers.clamp(1, 2)).await?
            }
            Backend::Postgres => {
                for worker in postgres::workers(url, options.writers.max(1), waiting, &news, &closing) {
                    writers.spawn(worker.run());
                }
                open::readers(url, backend, options.readers.max(1)).await?
            }
        };
        writers.close();
        let url = url.to_owned();
        Ok(Self { inner: Arc::new(Inner { url, backend, jobs, readers, news, closing, writers }) })
    }

    /// Brings the schema up to date: the runtime's own part first, then the service's. All or nothing, and safe to run from
    /// several processes at once.
    ///
    /// # Errors
    /// [`SchemaError`] where the database knows a migration that this program does not, where a migration was edited after it
    /// ran, or where one fails.
    pub async fn migrate(&self, service: &Migrations) -> Result<(), SchemaError> {
        migrate::run(&self.inner.url, self.inner.backend, service).await
    }

    /// Finds out whether the schema is the one that this program knows, for a process that may not change it.
    ///
    /// # Errors
    /// [`SchemaError::Older`] where a migration has not run; [`SchemaError::Newer`] and [`SchemaError::Edited`] as
    /// [`Db::migrate`].
    pub async fn check_schema(&self, service: &Migrations) -> Result<(), SchemaError> {
        let mut connection = self.inner.readers.acquire().await?;
        migrate::check(&mut connection, service).await
    }

    /// Which database it is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.inner.backend
    }

    /// Takes a connection for reading.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] where none comes free or the database is away.
    pub async fn read(&self) -> Result<Reader, Failure> {
        Ok(Reader { connection: self.inner.readers.acquire().await? })
    }

    /// Takes a consistent view for several reads.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] where no connection comes free or the database is away.
    pub async fn snapshot(&self) -> Result<Snapshot, Failure> {
        let begin = match self.inner.backend {
            Backend::Sqlite => "begin",
            Backend::Postgres => "begin isolation level repeatable read read only",
        };
        Ok(Snapshot { transaction: self.inner.readers.begin_with(begin).await? })
    }

    /// Runs a job in one transaction and answers once it is durable. An error rolls everything back.
    ///
    /// ```text
    /// db.write(name, |name, tx| Box::pin(async move {
    ///     sqlx::query("insert into seen (name) values ($1)").bind(name.as_str()).execute(tx.sql()).await?;
    ///     Ok::<_, Failure>(())
    /// })).await
    /// ```
    ///
    /// # Errors
    /// What the job gives; or the failure of the commit, or of the database.
    pub async fn write<I, T, E, F>(&self, input: I, job: F) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<Failure> + Retry + Send + 'static,
        F: for<'t> Fn(&'t I, &'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        self.write_then(input, job, |_, _| ()).await
    }

    /// As [`Db::write`]; `after` is called once the job is durable, before its answer, also where the caller has hung up.
    pub(crate) async fn write_then<I, T, E, F, A>(&self, input: I, job: F, after: A) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<Failure> + Retry + Send + 'static,
        F: for<'t> Fn(&'t I, &'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        A: FnOnce(&I, &T) + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(TypedJob::new(input, job, after, answer));
        if self.inner.jobs.send(job).await.is_err() {
            return Err(trouble::closing().into());
        }
        answered.await.unwrap_or_else(|_| Err(trouble::closing().into()))
    }

    /// A channel that changes whenever the journal of this database has grown by positions. Whoever hears it asks the journal.
    #[must_use]
    pub fn journal_grown(&self) -> watch::Receiver<u64> {
        self.inner.news.positioned.subscribe()
    }

    pub(crate) fn news(&self) -> &News {
        &self.inner.news
    }

    pub(crate) fn url(&self) -> &str {
        &self.inner.url
    }

    /// Completes when [`Db::close`] was called.
    pub(crate) fn closing(&self) -> &CancellationToken {
        &self.inner.closing
    }

    /// Takes no new jobs, finishes those that wait, and closes every connection.
    pub async fn close(&self) {
        self.inner.closing.cancel();
        self.inner.writers.wait().await;
        self.inner.readers.close().await;
    }
}

// === impl Reader, Snapshot ===

impl Reader {
    /// The connection, for `sqlx`.
    pub fn sql(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl Snapshot {
    /// The connection, for `sqlx`.
    pub fn sql(&mut self) -> &mut Connection {
        &mut self.transaction
    }
}
