//! How connections are made.

use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, ConnectOptions as _, Connection as _, Pool};

use super::{Backend, Connection};
use crate::refusal::Failure;

/// What every SQLite connection is set to: the file is durable at each commit, and its cache is half a mebibyte.
const SQLITE: &str = "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
                      pragma busy_timeout = 5000; pragma cache_size = -512; pragma temp_store = memory";
const SQLITE_READER: &str = "pragma query_only = on";

/// A lock that never comes must not hold a job for ever.
const POSTGRES: &str = "set lock_timeout = '10s'";

/// How long a read waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a server may take to let a connection in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long after its last use a connection to a server is believed to stand.
const TRUSTED: Duration = Duration::from_secs(1);

/// Which database an address names.
pub(super) fn backend(url: &str) -> Result<Backend, Failure> {
    if url.starts_with("sqlite:") {
        Ok(Backend::Sqlite)
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        Ok(Backend::Postgres)
    } else {
        Err(Failure::Internal("a database address begins with sqlite: or postgres://".into()))
    }
}

/// The address as the driver wants it. A SQLite file is created where it is absent.
fn options(url: &str, backend: Backend) -> Result<AnyConnectOptions, sqlx::Error> {
    sqlx::any::install_default_drivers();
    let options: AnyConnectOptions = match backend {
        Backend::Sqlite if !url.contains('?') => format!("{url}?mode=rwc").parse()?,
        Backend::Sqlite | Backend::Postgres => url.parse()?,
    };
    Ok(options.disable_statement_logging())
}

/// A connection that may write.
pub(crate) async fn connect(url: &str, backend: Backend) -> Result<Connection, sqlx::Error> {
    let options = options(url, backend)?;
    let connecting = async {
        let mut connection = options.connect().await?;
        prepare(&mut connection, backend).await?;
        Ok(connection)
    };
    tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

async fn prepare(connection: &mut Connection, backend: Backend) -> Result<(), sqlx::Error> {
    let settings = match backend {
        Backend::Sqlite => SQLITE,
        Backend::Postgres => POSTGRES,
    };
    sqlx::raw_sql(settings).execute(connection).await?;
    Ok(())
}

/// The pool of connections that read.
pub(super) async fn readers(url: &str, backend: Backend, size: u32) -> Result<Pool<Any>, sqlx::Error> {
    let pool = AnyPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A file does not go away, nor does a connection that has just answered; asking before each read would double the reads.
        .test_before_acquire(false)
        .before_acquire(move |connection, known| {
            Box::pin(async move {
                if backend == Backend::Postgres && known.idle_for > TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                prepare(connection, backend).await?;
                if backend == Backend::Sqlite {
                    sqlx::raw_sql(SQLITE_READER).execute(connection).await?;
                }
                Ok(())
            })
        });
    pool.connect_with(options(url, backend)?).await
}
