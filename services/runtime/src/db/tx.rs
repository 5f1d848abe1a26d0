//! The transaction that a job writes in.

use sqlx::any::AnyArguments;
use sqlx::{Connection as _, Execute as _};

use vocabulary::Sm3Digest;

use super::{Backend, Connection, Statement};
use crate::execute::{SaveError, guard};
use crate::journal::{self, AnswerRow, Prepared, Stored};
use crate::refusal::Failure;

/// The transaction handed to a job. It begins and ends outside the job.
pub struct Tx {
    connection: Connection,
    backend: Backend,
    entries: Vec<Prepared>,
    written: usize,
    held: Option<Held>,
}

/// How a job stands to the others that name the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Beside others that say the same, and never beside one that is alone.
    Together,
    /// While no other is there.
    Alone,
}

/// A statement that is sent together with the entries of its job.
pub(crate) struct Held {
    pub text: &'static str,
    pub arguments: AnyArguments,
}

impl Tx {
    pub(super) fn new(connection: Connection, backend: Backend) -> Self {
        Self { connection, backend, entries: Vec::new(), written: 0, held: None }
    }

    /// The connection, for `sqlx`: `sqlx::query("…").bind("…").execute(tx.sql()).await?`.
    pub fn sql(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Writes the one row of a change, guarded like every save: where no row is written, the command is decided again. SQLite gets
    /// the statement in one message with the entries of the job, which spares a change of thread; until then nothing of the job
    /// finds the row.
    ///
    /// # Errors
    /// [`SaveError::Moved`] where no row was written, here or when the job ends.
    pub async fn write_one(
        &mut self,
        text: &'static str,
        bind: impl FnOnce(Statement) -> Statement,
    ) -> Result<(), SaveError> {
        self.send_held().await?;
        let mut query = bind(sqlx::query(text));
        if self.backend == Backend::Postgres {
            return guard(&query.execute(&mut self.connection).await?);
        }
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?.unwrap_or_default();
        self.held = Some(Held { text, arguments });
        Ok(())
    }

    async fn send_held(&mut self) -> Result<(), SaveError> {
        let Some(Held { text, arguments }) = self.held.take() else { return Ok(()) };
        guard(&sqlx::query_with(text, arguments).execute(&mut self.connection).await?)
    }

    /// Waits for this job's turn in the thing that `name` stands for, and keeps it until the job ends. For what no row and no
    /// constraint can guard: two jobs each of which looks for the row that only the other writes. It must come before the job
    /// reads: what is read afterwards holds whatever ended before. SQLite runs one job at a time, and there is nothing to wait for.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] where the turn does not come in time.
    pub async fn take_turn(&mut self, name: &str, turn: Turn) -> Result<(), Failure> {
        if self.backend == Backend::Sqlite {
            return Ok(());
        }
        let text = match turn {
            Turn::Together => "select pg_advisory_xact_lock_shared($1)::text",
            Turn::Alone => "select pg_advisory_xact_lock($1)::text",
        };
        sqlx::query(text).bind(lock_of(name)).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Appends an entry to the journal, where the job ends well.
    pub fn append(&mut self, entry: Prepared) {
        self.entries.push(entry);
    }

    /// Which database it is.
    pub(crate) fn backend(&self) -> Backend {
        self.backend
    }

    /// Forgets what an earlier job or attempt left.
    pub(super) fn start(&mut self) {
        self.entries.clear();
        self.written = 0;
        self.held = None;
    }

    /// How many entries this job wrote into the journal.
    pub(super) fn entries_written(&self) -> usize {
        self.written
    }

    /// Writes the entries that the job appended.
    pub(super) async fn write_entries(&mut self) -> Result<(), SaveError> {
        self.send_held().await?;
        if self.entries.is_empty() {
            return Ok(());
        }
        let entries = std::mem::take(&mut self.entries);
        self.written += entries.len();
        Ok(journal::write(self, &entries).await?)
    }

    /// Writes entries and the answer that they belong to.
    pub(crate) async fn write_with_answer(
        &mut self,
        entries: &[Prepared],
        answer: &AnswerRow<'_>,
    ) -> Result<Stored, sqlx::Error> {
        self.written += entries.len();
        let held = self.held.take();
        journal::write_with_answer(self, held, entries, answer).await
    }

    /// Begins or ends a transaction.
    pub(super) async fn control(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        match self.backend {
            // Kept prepared, also where it is several statements.
            Backend::Sqlite => sqlx::query(statement).execute(&mut self.connection).await?,
            // One message, without a round trip to prepare it.
            Backend::Postgres => sqlx::raw_sql(statement).execute(&mut self.connection).await?,
        };
        Ok(())
    }

    pub(super) async fn close(self) {
        // Whatever was open is rolled back by the database; there is nobody to tell about a failed farewell.
        let _ = self.connection.close().await;
    }
}

/// The number of the lock that a name stands for. Two names that meet by chance would only wait for each other.
fn lock_of(name: &str) -> i64 {
    let digest = Sm3Digest::of(name.as_bytes());
    digest.as_bytes().iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
}
