//! The databases of one town under test, on SQLite or PostgreSQL.

use runtime::db::{Backend, Db, Options};
use sqlx::{AnyConnection, Connection as _};
use std::path::Path;
use uuid::Uuid;

/// Names the PostgreSQL server on which tests make their databases.
pub use runtime::testing::POSTGRES_VARIABLE;

/// The databases of one town, one a service. Those on a server are removed when this is dropped.
#[derive(Debug)]
pub struct Databases {
    /// Which kind.
    pub backend: Backend,
    place: String,
    services: Vec<String>,
}

impl Databases {
    /// The databases of a town with this data directory; the first start of the town makes them.
    ///
    /// # Panics
    /// Where PostgreSQL is asked for and no server is named.
    #[must_use]
    pub fn new(backend: Backend, data_dir: &Path, services: &[&str]) -> Self {
        let place = match backend {
            Backend::Sqlite => data_dir.display().to_string(),
            Backend::Postgres => {
                let admin = server();
                let server = admin.rsplit_once('/').map_or(admin.as_str(), |(server, _)| server);
                format!("{server}/townlink_system_{}", Uuid::new_v4().simple())
            }
        };
        Self { backend, place, services: services.iter().map(|&service| service.to_owned()).collect() }
    }

    /// What `townlink up --postgres` is told; none for SQLite.
    #[must_use]
    pub fn server(&self) -> Option<String> {
        (self.backend == Backend::Postgres).then(|| self.place.clone())
    }

    /// The address of a service's database.
    #[must_use]
    pub fn url(&self, service: &str) -> String {
        match self.backend {
            Backend::Sqlite => format!("sqlite:{}/{service}.db", self.place),
            Backend::Postgres => format!("{}_{service}", self.place),
        }
    }

    /// Opens the database of a service, to look into it while nobody serves from it.
    ///
    /// # Panics
    /// Where it cannot be opened.
    pub async fn open(&self, service: &str) -> Db {
        Db::open(&self.url(service), Options::default()).await.expect("the database opens")
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        if self.backend == Backend::Sqlite {
            return;
        }
        let prefix = self.place.rsplit('/').next().unwrap_or_default();
        let statement = |service: &String| format!("drop database if exists {prefix}_{service} with (force)");
        let statements: Vec<_> = self.services.iter().map(statement).collect();
        // A destructor cannot wait; a thread of its own can.
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
            for statement in statements {
                runtime.block_on(administer(&statement));
            }
        });
        // The test has its verdict; a server that is gone takes its databases with it.
        drop(removed.join());
    }
}

/// The server on which tests make their databases.
///
/// # Panics
/// Where none is named.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tests are told of the server by the environment only")]
pub fn server() -> String {
    std::env::var(POSTGRES_VARIABLE).unwrap_or_else(|_| {
        panic!("{POSTGRES_VARIABLE} is not set: start a PostgreSQL, as tests/run does, and set it to postgres://user@host:port/postgres")
    })
}

async fn administer(statement: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&server()).await.expect("the PostgreSQL server can be reached");
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    connection.close().await.expect("a connection closes");
}
