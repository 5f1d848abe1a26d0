//! What a service says of its state: the pure decision around which the write path is built.

use std::future::Future;

use sqlx::any::AnyQueryResult;
use vocabulary::{Timestamp, time};

use crate::db::{Tx, Violated, violated};
use crate::etag;
use crate::journal::{Author, Event, Prepared};
use crate::refusal::{Denial, Failure, Refusal};

/// How often a thing was changed, and when last. Loaded with the state, and guarded by its save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    number: i64,
    recorded: Option<Timestamp>,
}

impl Version {
    /// The version of what does not exist yet.
    pub const ABSENT: Self = Self { number: 0, recorded: None };

    /// The version in the columns `version` and `recorded_us` of a row.
    ///
    /// # Errors
    /// [`Failure::Internal`] where they hold no version.
    pub fn of(number: i64, recorded_us: i64) -> Result<Self, Failure> {
        if number < 1 {
            return Err(Failure::internal(format!("a row has the version {number}")));
        }
        Ok(Self { number, recorded: Some(time::from_us(recorded_us).map_err(Failure::internal)?) })
    }

    /// The number, for the guard `… where version = $n`; 0 where there is no row yet.
    #[must_use]
    pub const fn number(&self) -> i64 {
        self.number
    }

    /// The number after one more change, for the column.
    #[must_use]
    pub const fn next(&self) -> i64 {
        self.number.saturating_add(1)
    }

    /// When the thing was changed last.
    #[must_use]
    pub const fn recorded(&self) -> Option<Timestamp> {
        self.recorded
    }
}

/// What one decision sees whole: a case, the register, a fund's year.
///
/// Every function may run more than once for one command, so none has an effect but [`Unit::save`], on the transaction.
pub trait Unit: Sized + Send + Sync + 'static {
    /// What is wanted.
    type Command: Send + Sync + 'static;
    /// What the outside world knows: time, calendar, authority, the answers of other services.
    type Facts: Send + Sync + 'static;
    /// What happened.
    type Event: Event + Send + Sync + 'static;
    /// What is answered.
    type Reply: prost::Message + Default + 'static;

    /// Loads the unit that the command is about, with its version. Only reads.
    fn load(
        tx: &mut Tx,
        command: &Self::Command,
        facts: &Self::Facts,
    ) -> impl Future<Output = Result<(Self, Version), Denial>> + Send;

    /// Says what happens, or why it must not. Pure.
    ///
    /// # Errors
    /// The first refusal that applies, in the order of the contract.
    fn decide(&self, command: &Self::Command, facts: &Self::Facts) -> Result<Vec<Self::Event>, Refusal>;

    /// The unit after an event. Total: what was decided can be applied.
    #[must_use]
    fn apply(self, event: &Self::Event) -> Self;

    /// Writes the unit where its version is still `saving.version`. Not called where nothing happened.
    fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> impl Future<Output = Result<(), SaveError>> + Send;

    /// The answer.
    fn reply(&self, saving: &Saving<'_, Self>) -> Self::Reply;

    /// The etag that the caller saw; empty where the command carries none.
    fn etag(command: &Self::Command) -> &str {
        let _ = command;
        ""
    }

    /// The entry of the first event, where it was fixed before the job so that a receipt may name its leaf.
    fn prepared<'a>(command: &'a Self::Command, facts: &'a Self::Facts) -> Option<&'a Prepared> {
        let _ = (command, facts);
        None
    }

    /// Told once the change is durable, before the answer, also where the caller has hung up: the place to swap an index in
    /// memory. Must not block.
    fn committed(&self, command: &Self::Command, facts: &Self::Facts) {
        let _ = (command, facts);
    }
}

/// What a save and a reply know besides the unit after the events.
pub struct Saving<'a, U: Unit> {
    /// The command.
    pub command: &'a U::Command,
    /// The facts.
    pub facts: &'a U::Facts,
    /// Who acts.
    pub author: &'a Author,
    /// What was decided, in order, with the numbers that were taken.
    pub events: &'a [U::Event],
    /// The journal entries of the events, in the same order.
    pub entries: &'a [Prepared],
    /// The version that was loaded. `version.next()` is what is saved.
    pub version: Version,
    /// When the change is recorded: the recorded time of the last entry, for the column `recorded_us`.
    pub recorded: Timestamp,
}

impl<U: Unit> Saving<'_, U> {
    /// The etag of the unit as it stands after the change.
    #[must_use]
    pub fn etag(&self) -> String {
        etag::of(self.version_after())
    }

    /// The number of the version after the change; the loaded one where nothing happened.
    #[must_use]
    pub fn version_after(&self) -> i64 {
        if self.events.is_empty() { self.version.number() } else { self.version.next() }
    }

    /// The recorded time in microseconds, for the column.
    #[must_use]
    pub fn recorded_us(&self) -> i64 {
        time::to_us(self.recorded)
    }
}

/// Why a unit was not saved.
#[derive(Debug)]
pub enum SaveError {
    /// Another job was faster: the version moved, or the row that was absent exists now. The command is decided again.
    Moved,
    /// The machine could not.
    Failed(Failure),
}

/// Turns "the guarded statement changed no row" into [`SaveError::Moved`].
///
/// # Errors
/// [`SaveError::Moved`] where no row was changed.
pub fn guard(result: &AnyQueryResult) -> Result<(), SaveError> {
    if result.rows_affected() == 0 { Err(SaveError::Moved) } else { Ok(()) }
}

impl From<sqlx::Error> for SaveError {
    fn from(error: sqlx::Error) -> Self {
        if violated(&error) == Some(Violated::Unique) {
            tracing::debug!(%error, "a row exists that was absent when the unit was loaded");
            return Self::Moved;
        }
        Self::Failed(error.into())
    }
}

impl From<Failure> for SaveError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Moved => Self::Contention,
            SaveError::Failed(failure) => failure,
        }
    }
}
