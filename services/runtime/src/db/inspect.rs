//! Looking at a database from outside, without changing it: for whoever asks what is wrong.

use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::holder::{Holder, holders};
use super::{Backend, Connection, Migrations, SchemaError, migrate, open, trouble};

/// How long a lock of somebody else may last before it is told.
const SQLITE_PATIENCE: &str = "pragma busy_timeout = 2000";

/// As on SQLite. A lock of the catalogue itself shows only by waiting for it.
const POSTGRES_PATIENCE: &str = "set lock_timeout = '2s'";

/// Why a database cannot be worked with.
#[derive(Debug)]
pub enum DatabaseFault {
    /// There is no such file.
    Absent,
    /// It cannot be reached.
    Away(String),
    /// It is no database, or a broken one.
    Damaged(String),
    /// Another process holds it, whose name is not to be had.
    Locked,
    /// A session of the server holds it.
    Held(Holder),
    /// It cannot be written: what is read-only.
    ReadOnly(String),
    /// Its schema is not the one of this program.
    Schema(SchemaError),
}

/// What a database tells of itself.
#[derive(Debug, Default)]
pub struct Inspection {
    /// What is wrong.
    pub faults: Vec<DatabaseFault>,
    /// The newest migrations, such as `runtime 0007_refusals, service 0003_roster`.
    pub schema: String,
    /// The log that it is bound to, if any yet.
    pub log: Option<BoundLog>,
    /// The newest checkpoint, if any yet.
    pub checkpoint: Option<String>,
}

/// The log that a database is bound to.
#[derive(Debug)]
pub struct BoundLog {
    /// Its origin.
    pub origin: String,
    /// The ids of its keys.
    pub keys: [String; 2],
}

/// Looks at the database at an address. Nothing is created or changed; a write is begun and given up.
pub async fn inspect(url: &str, migrations: &Migrations) -> Inspection {
    let mut seen = Inspection::default();
    let away = |cause: &dyn std::error::Error| DatabaseFault::Away(cause.to_string());
    let backend = match open::backend(url) {
        Ok(backend) => backend,
        Err(cause) => return Inspection { faults: vec![away(&cause)], ..seen },
    };
    if let Some(file) = file_of(url) {
        if !file.exists() {
            return Inspection { faults: vec![DatabaseFault::Absent], ..seen };
        }
        seen.faults.extend(unwritable(file));
    }
    let mut connection = match connect(url, backend).await {
        Ok(connection) => connection,
        Err(cause) => {
            seen.faults.push(of_error(url, &cause));
            return seen;
        }
    };
    if backend == Backend::Postgres {
        match holders(&mut connection).await {
            Ok(held) => seen.faults.extend(held.into_iter().map(DatabaseFault::Held)),
            Err(cause) => seen.faults.push(of_error(url, &cause)),
        }
    }
    if let Err(cause) = read(&mut connection, migrations, &mut seen).await {
        // Who holds it is told already.
        let is_told = trouble::is_locked(&cause) && seen.faults.iter().any(|it| matches!(it, DatabaseFault::Held(_)));
        seen.faults.extend((!is_told).then(|| of_error(url, &cause)));
    } else if seen.faults.is_empty() {
        seen.faults.extend(write(&mut connection, url, backend).await);
    }
    // Whatever was begun ends with the connection.
    let _ = connection.close().await;
    seen
}

async fn connect(url: &str, backend: Backend) -> Result<Connection, sqlx::Error> {
    sqlx::any::install_default_drivers();
    let address = match backend {
        Backend::Sqlite if !url.contains('?') => format!("{url}?mode=rw"),
        Backend::Sqlite | Backend::Postgres => url.to_owned(),
    };
    let options: sqlx::any::AnyConnectOptions = address.parse()?;
    let options = options.disable_statement_logging();
    let connecting = async {
        let mut connection = options.connect().await?;
        let patience = match backend {
            Backend::Sqlite => SQLITE_PATIENCE,
            Backend::Postgres => POSTGRES_PATIENCE,
        };
        sqlx::raw_sql(patience).execute(&mut connection).await?;
        Ok(connection)
    };
    let connected = tokio::time::timeout(std::time::Duration::from_secs(4), connecting).await;
    connected.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Reads what the database tells. A schema that does not fit is a fault of it, not of the reading.
async fn read(connection: &mut Connection, migrations: &Migrations, seen: &mut Inspection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("select 1").execute(&mut *connection).await?;
    match migrate::check(connection, migrations).await {
        Ok(()) => {}
        Err(SchemaError::Unreachable(cause)) => return Err(cause),
        Err(cause) => seen.faults.push(DatabaseFault::Schema(cause)),
    }
    // A database of another version may lack any of these; what is wrong with it is told above.
    let newest = "select owner, max(name) from schema_migrations group by owner order by owner";
    if let Ok(rows) = sqlx::query(newest).fetch_all(&mut *connection).await {
        let told = rows.iter().filter_map(|row| {
            Some(format!("{} {}", row.try_get::<String, _>(0).ok()?, row.try_get::<String, _>(1).ok()?))
        });
        seen.schema = told.collect::<Vec<_>>().join(", ");
    }
    let bound = "select origin, ed25519_key, sm2_key from log_identity where id = 1";
    if let Ok(Some(row)) = sqlx::query(bound).fetch_optional(&mut *connection).await {
        seen.log = Some(BoundLog { origin: row.try_get(0)?, keys: [row.try_get(1)?, row.try_get(2)?] });
    }
    let newest = "select note from log_checkpoint where id = 1 and tree_size > 0";
    if let Ok(Some(row)) = sqlx::query(newest).fetch_optional(&mut *connection).await {
        seen.checkpoint = Some(row.try_get(0)?);
    }
    Ok(())
}

/// Begins a write and gives it up.
async fn write(connection: &mut Connection, url: &str, backend: Backend) -> Option<DatabaseFault> {
    match backend {
        Backend::Sqlite => {
            let begun = sqlx::raw_sql("begin immediate; rollback").execute(connection).await;
            begun.err().map(|cause| of_error(url, &cause))
        }
        Backend::Postgres => {
            let asked = sqlx::query("select current_setting('transaction_read_only')").fetch_one(connection).await;
            match asked.and_then(|row| row.try_get::<String, _>(0)) {
                Ok(said) => (said == "on").then(|| DatabaseFault::ReadOnly("the database server".to_owned())),
                Err(cause) => Some(of_error(url, &cause)),
            }
        }
    }
}

fn of_error(url: &str, cause: &sqlx::Error) -> DatabaseFault {
    if trouble::is_locked(cause) {
        return DatabaseFault::Locked;
    }
    match trouble::sqlite_code(cause) {
        // SQLITE_READONLY.
        Some(8) => DatabaseFault::ReadOnly(format!("the database {}", url.trim_start_matches("sqlite:"))),
        // SQLITE_CORRUPT, SQLITE_NOTADB.
        Some(11 | 26) => DatabaseFault::Damaged(cause.to_string()),
        Some(_) | None => DatabaseFault::Away(crate::telemetry::chain(cause)),
    }
}

/// The file of a SQLite address.
fn file_of(url: &str) -> Option<&Path> {
    let file = url.strip_prefix("sqlite:")?;
    Some(Path::new(file.split_once('?').map_or(file, |(file, _)| file)))
}

/// Which of the file and its folder is marked read-only. SQLite writes beside its file, so both must be writable; the superuser
/// is let through all the same, whose services run as somebody else.
fn unwritable(file: &Path) -> Option<DatabaseFault> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_marked = |path: &Path| path.metadata().is_ok_and(|found| found.permissions().readonly());
    let told = |what: &str, path: &Path| DatabaseFault::ReadOnly(format!("the {what} {}", path.display()));
    if is_marked(file) {
        return Some(told("database", file));
    }
    is_marked(folder).then(|| told("folder", folder))
}
