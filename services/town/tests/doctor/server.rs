//! Faults of a database that lies on a server.

use sqlx::{AnyConnection, Connection as _};

use super::{SETTINGS, doctor};
use crate::unreached::Town;

/// Names the server on which tests make their databases; `tests/run` starts one.
const POSTGRES_VARIABLE: &str = "TOWNLINK_TEST_POSTGRES";

/// The databases of a town on a server, removed with whatever is in them.
struct Databases {
    threads: tokio::runtime::Runtime,
    server: String,
    prefix: String,
}

impl Databases {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration; `tests/run` names the server")]
    fn named(prefix: &str) -> Self {
        let server = std::env::var(POSTGRES_VARIABLE).unwrap_or_else(|_| {
            panic!("{POSTGRES_VARIABLE} is not set: start a PostgreSQL (`tests/run` does) and set it")
        });
        let threads =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let prefix = format!("{prefix}_{}", std::process::id());
        Self { threads, server, prefix }
    }

    /// The address of one of them, or of what their names begin with.
    fn address(&self, name: &str) -> String {
        let server = self.server.rsplit_once('/').map_or(self.server.as_str(), |(server, _)| server);
        format!("{server}/{}{name}", self.prefix)
    }

    /// Holds something in a database while something else is done.
    fn held<T>(&self, name: &str, statements: &'static str, done: impl FnOnce() -> T) -> T {
        let session = self.threads.block_on(async {
            sqlx::any::install_default_drivers();
            let mut session = AnyConnection::connect(&self.address(name)).await.expect("connected");
            sqlx::raw_sql(statements).execute(&mut session).await.expect("held");
            session
        });
        let result = done();
        self.threads.block_on(session.close()).expect("closed");
        result
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        self.threads.block_on(async {
            for name in ["office", "gateway"] {
                // What cannot be removed is left to the server's own cleaning: the test has its verdict.
                drop(runtime::db::remove(&self.server, &format!("{}_{name}", self.prefix)).await);
            }
        });
    }
}

#[test]
fn whoever_holds_a_database_on_a_server_is_named() {
    let databases = Databases::named("townlink_doctor");
    let town = Town::up_on(&databases.address(""), &SETTINGS);
    let at = town.folder.path();
    doctor(at, &[]).is_healthy();
    let table = "set application_name = 'nightly report'; begin; lock table inbox_papers in access exclusive mode";
    databases.held("_office", table, || {
        for arguments in [&[][..], &["--offline"]] {
            let said = doctor(at, arguments);
            said.names("office", "DR-DB-LOCKED", "application nightly report");
            said.names("office", "DR-DB-LOCKED", "which holds the table inbox_papers");
            assert!(said.of("gateway", "DR-DB-LOCKED").is_none(), "{}", said.text);
        }
    });
    let migrator = "begin; select pg_advisory_xact_lock(7310579304412391)";
    databases.held("_gateway", migrator, || {
        doctor(at, &["--offline"]).names("gateway", "DR-DB-LOCKED", "the lock of the migration");
    });
    doctor(at, &[]).is_healthy();
    town.end();
}
