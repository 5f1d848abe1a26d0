//! Bringing a schema up to date.
//!
//! One transaction under one lock, on a connection of its own that is closed whatever happens: either everything is applied or
//! nothing is, and no lock stays behind on a pooled connection. The files are the same for both databases.

use std::collections::HashMap;

use sqlx::{Connection as _, Row as _};
use vocabulary::Sm3Digest;

use super::{Backend, Connection, open, trouble};

/// The migrations of one crate, in order. Made by [`crate::migrations!`].
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    /// Name and text of each; the name is the file's without its ending.
    pub files: &'static [(&'static str, &'static str)],
}

/// Names the files below `migrations/` of the calling crate, in order, without their ending `.sql`.
///
/// The list is written out, so that the compiler sees every change of a file.
#[macro_export]
macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        $crate::db::Migrations {
            files: &[$((
                $name,
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $name, ".sql")),
            )),*],
        }
    };
}

/// The tables that the runtime's mechanisms need in every database.
const RUNTIME: Migrations = migrations![
    "0001_journal",
    "0002_answers",
    "0003_numbers",
    "0004_subscriptions",
    "0005_log",
    "0006_clock",
    "0007_refusals"
];

/// Why a schema was not brought up to date. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A newer program has been here.
    #[error(
        "the database has the migration {name:?} of {owner}, which this program does not know; \
         run the newer program, or restore the backup that belongs to this one"
    )]
    Newer {
        /// Whose migration it is: `runtime` or `service`.
        owner: String,
        /// Its name.
        name: String,
    },
    /// This program needs a migration that has not run.
    #[error("the database lacks the migration {name:?} of {owner}; run `townlink migrate` first")]
    Older {
        /// Whose migration it is.
        owner: &'static str,
        /// Its name.
        name: &'static str,
    },
    /// A migration that ran was edited.
    #[error("the migration {name:?} of {owner} was edited after it ran; restore its text and add a new migration")]
    Edited {
        /// Whose migration it is.
        owner: &'static str,
        /// Its name.
        name: &'static str,
    },
    /// Another migrator or a long transaction holds the database.
    #[error("another migrator held the database for too long; try again when it has ended")]
    Locked(#[source] sqlx::Error),
    /// A migration failed.
    #[error("the migration {name:?} of {owner} failed")]
    Failed {
        /// Whose migration it is.
        owner: &'static str,
        /// Its name.
        name: &'static str,
        /// Why.
        #[source]
        cause: sqlx::Error,
    },
    /// The database cannot be reached.
    #[error("the database cannot be reached")]
    Unreachable(#[from] sqlx::Error),
}

const LEDGER: &str = "create table if not exists schema_migrations (\
     owner text not null, name text not null, digest text not null, primary key (owner, name))";

/// What no common text can say: the order in which PostgreSQL's transactions wrote their entries.
const POSTGRES_ARRIVALS: &str = "create sequence if not exists journal_arrivals";

/// The key of the lock under which PostgreSQL migrates.
pub(super) const POSTGRES_LOCK_KEY: i64 = 7_310_579_304_412_391;

/// How long PostgreSQL waits for that lock.
const POSTGRES_PATIENCE: &str = "set local lock_timeout = '60s'";

pub(super) async fn run(url: &str, backend: Backend, service: &Migrations) -> Result<(), SchemaError> {
    let mut connection = open::connect(url, backend).await?;
    let result = migrate(&mut connection, backend, service).await;
    // An open transaction is rolled back with its connection.
    let _ = connection.close().await;
    result
}

async fn migrate(connection: &mut Connection, backend: Backend, service: &Migrations) -> Result<(), SchemaError> {
    let lock = match backend {
        Backend::Sqlite => "pragma busy_timeout = 60000; begin immediate",
        Backend::Postgres => "begin",
    };
    sqlx::raw_sql(lock).execute(&mut *connection).await.map_err(SchemaError::Locked)?;
    if backend == Backend::Postgres {
        sqlx::raw_sql(POSTGRES_PATIENCE).execute(&mut *connection).await.map_err(SchemaError::Locked)?;
        let lock = sqlx::query("select pg_advisory_xact_lock($1)::text").bind(POSTGRES_LOCK_KEY);
        lock.execute(&mut *connection).await.map_err(SchemaError::Locked)?;
        sqlx::raw_sql(POSTGRES_ARRIVALS).execute(&mut *connection).await?;
    }
    sqlx::raw_sql(LEDGER).execute(&mut *connection).await?;
    apply(connection, "runtime", &RUNTIME).await?;
    apply(connection, "service", service).await?;
    sqlx::raw_sql("commit").execute(connection).await?;
    Ok(())
}

/// Finds out whether the schema is the one that this program knows, and changes nothing.
pub(super) async fn check(connection: &mut Connection, service: &Migrations) -> Result<(), SchemaError> {
    for (owner, set) in [("runtime", &RUNTIME), ("service", service)] {
        let missing = match missing(connection, owner, set).await {
            // A database that was never migrated has no ledger either.
            Err(SchemaError::Unreachable(error)) if trouble::is_no_table(&error) => set.files.to_vec(),
            other => other?,
        };
        if let Some(&(name, _)) = missing.first() {
            return Err(SchemaError::Older { owner, name });
        }
    }
    Ok(())
}

async fn apply(connection: &mut Connection, owner: &'static str, set: &Migrations) -> Result<(), SchemaError> {
    for (name, text) in missing(connection, owner, set).await? {
        let done = run_one(connection, owner, name, text).await;
        done.map_err(|cause| SchemaError::Failed { owner, name, cause })?;
    }
    Ok(())
}

/// The migrations that have not run, in order.
async fn missing(
    connection: &mut Connection,
    owner: &'static str,
    set: &Migrations,
) -> Result<Vec<(&'static str, &'static str)>, SchemaError> {
    let rows = sqlx::query("select name, digest from schema_migrations where owner = $1")
        .bind(owner)
        .fetch_all(connection)
        .await?;
    let mut applied = HashMap::with_capacity(rows.len());
    for row in rows {
        let name: String = row.try_get(0)?;
        if !set.files.iter().any(|(known, _)| *known == name) {
            return Err(SchemaError::Newer { owner: owner.to_owned(), name });
        }
        applied.insert(name, row.try_get::<String, _>(1)?);
    }
    let mut missing = Vec::new();
    for &(name, text) in set.files {
        match applied.get(name) {
            None => missing.push((name, text)),
            Some(digest) if *digest == digest_of(text) => {}
            Some(_) => return Err(SchemaError::Edited { owner, name }),
        }
    }
    Ok(missing)
}

fn digest_of(text: &str) -> String {
    Sm3Digest::of(text.as_bytes()).to_string()
}

async fn run_one(
    connection: &mut Connection,
    owner: &'static str,
    name: &'static str,
    text: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(text).execute(&mut *connection).await?;
    sqlx::query("insert into schema_migrations (owner, name, digest) values ($1, $2, $3)")
        .bind(owner)
        .bind(name)
        .bind(digest_of(text))
        .execute(connection)
        .await?;
    Ok(())
}
