//! Databases and other help for tests. Behind the feature `testing`, so that no program that serves contains it.
//!
//! A test is written once and runs on both databases:
//!
//! ```text
//! runtime::both_databases! {
//!     async fn a_paper_is_kept(db: TestDb) {
//!         let db = db.open(&office::MIGRATIONS).await;
//!     }
//! }
//! ```
//!
//! makes `a_paper_is_kept::sqlite` and `a_paper_is_kept::postgres`. The second needs a server; where none is named the test
//! fails and says what to do, since a test that is skipped proves nothing.
//!
//! - [`record`]: checks of a journal against the tables that it should explain.
//! - [`town`]: a whole process behind the real layers.

pub mod record;
pub mod town;

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use sqlx::{AnyConnection, Connection as _};
use townlink_proto::DESCRIPTOR_SET;
use uuid::Uuid;
use vocabulary::{RequestId, Sm3Digest};

use crate::access::{Access, Rules};
use crate::call::Call;
use crate::caller::{Caller, PersonId, Principal, ServiceName};
use crate::clock::TownClock;
use crate::db::{Backend, Db, Migrations, Options};
use crate::refusal::Denial;

pub use record::{assert_replay, check_journal, journal_entries, rows, settle};
pub use town::TestTown;

/// Names the server on which tests make their databases: `postgres://user@host:port/postgres`. The user must be allowed to
/// create databases.
pub const POSTGRES_VARIABLE: &str = "TOWNLINK_TEST_POSTGRES";

/// For tests that need no table of a service.
pub const NO_MIGRATIONS: Migrations = Migrations { files: &[] };

/// A database of one test, removed when the test has ended. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TestDb {
    inner: Arc<Place>,
}

#[derive(Debug)]
enum Place {
    Folder(PathBuf),
    Server { admin: String, name: String },
}

impl TestDb {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration; `tests/run` names the server")]
    async fn create(backend: Backend) -> Self {
        let name = format!("townlink_test_{}", Uuid::new_v4().simple());
        let place = match backend {
            Backend::Sqlite => {
                let folder = std::env::temp_dir().join(name);
                std::fs::create_dir_all(&folder).expect("a folder for the database");
                Place::Folder(folder)
            }
            Backend::Postgres => {
                let admin = std::env::var(POSTGRES_VARIABLE).unwrap_or_else(|_| {
                    panic!(
                        "{POSTGRES_VARIABLE} is not set: start a PostgreSQL (`tests/run` does) and set the variable to \
                         postgres://user@host:port/postgres"
                    )
                });
                administer(&admin, format!("create database {name}")).await.expect("a database on the server");
                Place::Server { admin, name }
            }
        };
        Self { inner: Arc::new(place) }
    }

    /// Which database it is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match &*self.inner {
            Place::Folder(_) => Backend::Sqlite,
            Place::Server { .. } => Backend::Postgres,
        }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        match &*self.inner {
            Place::Folder(folder) => format!("sqlite:{}", folder.join("test.db").display()),
            Place::Server { admin, name } => {
                let server = admin.rsplit_once('/').map_or(admin.as_str(), |(server, _)| server);
                format!("{server}/{name}")
            }
        }
    }

    /// Opens it with its schema up to date. May be called again, as after a restart or by a second replica.
    pub async fn open(&self, migrations: &Migrations) -> Db {
        self.open_with(migrations, Options::default()).await
    }

    /// As [`TestDb::open`], with other options.
    pub async fn open_with(&self, migrations: &Migrations, options: Options) -> Db {
        let db = Db::open(&self.url(), options).await.expect("the database opens");
        db.migrate(migrations).await.expect("the schema is brought up to date");
        db
    }

    async fn remove(&self) {
        match &*self.inner {
            // What cannot be removed is left to the machine's own cleaning: the test has its verdict.
            Place::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            Place::Server { admin, name } => {
                drop(administer(admin, format!("drop database if exists {name} with (force)")).await);
            }
        }
    }
}

async fn administer(url: &str, statement: String) -> Result<(), sqlx::Error> {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}

/// Runs a test on a fresh database, and removes that whatever the verdict.
#[expect(clippy::disallowed_methods, reason = "the task is joined here, and its panic is the verdict")]
pub async fn run<F>(backend: Backend, test: impl FnOnce(TestDb) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let db = TestDb::create(backend).await;
    let verdict = tokio::spawn(test(db.clone())).await;
    db.remove().await;
    if let Err(error) = verdict {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Makes of one body a test on each database: `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! both_databases {
    ($($(#[$attribute:meta])* async fn $name:ident($db:ident: TestDb) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                async fn body($db: $crate::testing::TestDb) $body

                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    $crate::testing::run($crate::db::Backend::Sqlite, body).await;
                }

                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    $crate::testing::run($crate::db::Backend::Postgres, body).await;
                }
            }
        )*
    };
}

/// A call as it arrives after admission, by a principal without a person. The fingerprint is the digest of `content`.
#[must_use]
pub fn call(clock: &TownClock, method: &str, principal: Principal, request_id: RequestId, content: &[u8]) -> Call {
    call_by(clock, method, principal, None, request_id, content)
}

/// As [`call`], by a person.
#[must_use]
pub fn call_by(
    clock: &TownClock,
    method: &str,
    principal: Principal,
    person: Option<PersonId>,
    request_id: RequestId,
    content: &[u8],
) -> Call {
    static RULES: OnceLock<Rules> = OnceLock::new();
    let rules = RULES.get_or_init(|| Rules::read(DESCRIPTOR_SET).expect("the contracts have rules"));
    let method = rules.of(method).unwrap_or_else(|| panic!("no contract has the method {method}"));
    let caller = Caller { principal, person, origin: ServiceName("gateway") };
    Call {
        access: Access::for_test((**method).clone(), caller, None),
        request_id,
        fingerprint: Sm3Digest::of(content),
        now: clock.now(),
    }
}

/// A request id that was never used.
#[must_use]
pub fn fresh_request_id() -> RequestId {
    RequestId::try_from(Uuid::new_v4()).expect("a random UUID is not nil")
}

/// The fields of a request that were found wrong; none where it was read.
///
/// # Panics
/// Where it is denied for another reason.
#[must_use]
pub fn faults<T>(read: Result<T, Denial>) -> Vec<String> {
    match read {
        Ok(_) => Vec::new(),
        Err(Denial::Malformed(faults)) => faults.into_iter().map(|fault| fault.field).collect(),
        Err(other) => panic!("{other:?}"),
    }
}
