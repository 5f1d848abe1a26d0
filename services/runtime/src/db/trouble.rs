//! What an error of the database means.

use std::borrow::Cow;
use std::sync::Arc;

use sqlx::error::ErrorKind;

use crate::refusal::{Denial, Failure};

/// What the failure messages call the database.
const WHAT: &str = "the database";

/// The SQLSTATE of a lock that did not come in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// What a statement violated. SQLite gives no constraint names, so services branch on the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violated {
    /// A unique index or a primary key.
    Unique,
    /// A check, or a `not null`.
    Check,
    /// A foreign key.
    ForeignKey,
}

/// The kind of constraint that a statement violated, if that is why it failed.
#[must_use]
pub fn violated(error: &sqlx::Error) -> Option<Violated> {
    let kind = error.as_database_error()?.kind();
    if matches!(kind, ErrorKind::UniqueViolation) {
        Some(Violated::Unique)
    } else if matches!(kind, ErrorKind::CheckViolation | ErrorKind::NotNullViolation) {
        Some(Violated::Check)
    } else if matches!(kind, ErrorKind::ForeignKeyViolation) {
        Some(Violated::ForeignKey)
    } else {
        None
    }
}

/// Whether the transaction lost a race and may run again.
pub(super) fn is_race(error: &sqlx::Error) -> bool {
    /// SQLITE_BUSY.
    const BUSY: i32 = 5;
    match code(error) {
        Some(Code::Sqlite(primary)) => primary == BUSY,
        // A serialization failure, a deadlock.
        Some(Code::Postgres(code)) => matches!(&*code, "40001" | "40P01"),
        None => false,
    }
}

/// Whether the database itself cannot work for now: no room, no resources, going down, a disk that fails.
fn is_absence(error: &sqlx::Error) -> bool {
    /// SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN.
    const ABSENT: [i32; 3] = [10, 13, 14];
    match code(error) {
        Some(Code::Sqlite(primary)) => ABSENT.contains(&primary),
        // Connection, resources, operator, system; and a lock that did not come.
        Some(Code::Postgres(code)) => ["08", "53", "57", "58"].contains(&&code[..2]) || code == LOCK_NOT_AVAILABLE,
        None => false,
    }
}

/// The code of an error of the database itself.
enum Code<'a> {
    /// A result code, without its extension.
    Sqlite(i32),
    /// An SQLSTATE: five characters.
    Postgres(Cow<'a, str>),
}

fn code(error: &sqlx::Error) -> Option<Code<'_>> {
    let code = error.as_database_error()?.code()?;
    if code.len() == 5 {
        return Some(Code::Postgres(code));
    }
    code.parse::<i32>().ok().map(|extended| Code::Sqlite(extended & 0xFF))
}

/// The result code of SQLite, where the error is its.
pub(super) fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    match code(error)? {
        Code::Sqlite(primary) => Some(primary),
        Code::Postgres(_) => None,
    }
}

/// Whether a lock did not come in time, for somebody else holds it.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    match code(error) {
        // SQLITE_BUSY, SQLITE_LOCKED.
        Some(Code::Sqlite(primary)) => matches!(primary, 5 | 6),
        Some(Code::Postgres(code)) => code == LOCK_NOT_AVAILABLE,
        None => false,
    }
}

/// Whether a statement names a table that is not there.
pub(super) fn is_no_table(error: &sqlx::Error) -> bool {
    match code(error) {
        // SQLITE_ERROR, which of a statement that is right elsewhere means just this.
        Some(Code::Sqlite(primary)) => primary == 1,
        Some(Code::Postgres(code)) => code == "42P01",
        None => false,
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        if is_race(&error) {
            Self::Contention
        } else if is_transport(&error) || is_absence(&error) {
            Self::Unavailable { what: WHAT, cause: Some(Box::new(error)) }
        } else {
            Self::Internal(Box::new(error))
        }
    }
}

/// Whether the connection, rather than the statement, is at fault.
fn is_transport(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
    )
}

impl From<sqlx::Error> for Denial {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// The failure of whoever comes while the database is being closed.
pub(super) fn closing() -> Failure {
    Failure::Unavailable { what: WHAT, cause: Some("this process is closing it".into()) }
}

/// One error that several jobs share: a commit that failed fails them all.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<sqlx::Error>);

impl Shared {
    pub(crate) fn new(error: sqlx::Error) -> Self {
        Self(Arc::new(error))
    }

    pub(crate) fn failure(&self) -> Failure {
        Failure::Unavailable { what: WHAT, cause: Some(Box::new(self.clone())) }
    }
}

impl std::fmt::Display for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Shared {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
