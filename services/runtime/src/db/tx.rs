//! The transaction that a job writes in.

use sqlx::Connection as _;

use super::{Backend, Connection};
use crate::journal::{self, AnswerRow, Prepared, Stored};

/// The transaction handed to a job. It begins and ends outside the job.
pub struct Tx {
    connection: Connection,
    backend: Backend,
    entries: Vec<Prepared>,
    written: usize,
}

impl Tx {
    pub(super) fn new(connection: Connection, backend: Backend) -> Self {
        Self { connection, backend, entries: Vec::new(), written: 0 }
    }

    /// The connection, for `sqlx`: `sqlx::query("…").bind("…").execute(tx.sql()).await?`.
    pub fn sql(&mut self) -> &mut Connection {
        &mut self.connection
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
    }

    /// How many entries this job wrote into the journal.
    pub(super) fn entries_written(&self) -> usize {
        self.written
    }

    /// Writes the entries that the job appended.
    pub(super) async fn write_entries(&mut self) -> Result<(), sqlx::Error> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let entries = std::mem::take(&mut self.entries);
        self.written += entries.len();
        journal::write(self, &entries).await
    }

    /// Writes entries and the answer that they belong to.
    pub(crate) async fn write_with_answer(
        &mut self,
        entries: &[Prepared],
        answer: &AnswerRow<'_>,
    ) -> Result<Stored, sqlx::Error> {
        self.written += entries.len();
        journal::write_with_answer(self, entries, answer).await
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
