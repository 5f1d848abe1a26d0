//! The database of one service of a process: opened by one process only where it is a file, and bound to one log.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{Signers, StartError};
use crate::caller::ServiceName;
use crate::config::ServiceKeys;
use crate::db::{Db, Migrations, Options, SchemaError};
use crate::log::{Origin, VerifierKey};
use crate::pki::files::create_private_folder;
use crate::telemetry::chain;

use super::Schema;

/// An open database, held by this process for as long as this is kept.
pub(super) struct Storage {
    pub(super) db: Db,
    /// A file has one writer, whose indexes in memory are the truth. A server has its own locks.
    pub(super) _lock: Option<File>,
}

/// Opens the database of a service. A file that is absent is made, readable by its owner only, as SQLite then makes the files
/// beside it.
pub(super) async fn open(service: ServiceName, keys: &ServiceKeys) -> Result<Storage, StartError> {
    let url = keys.database.expose();
    let lock = file_of(url).map(|file| own(service, &file)).transpose()?;
    let opened = Db::open(url, Options::default()).await;
    let db = opened.map_err(|cause| unusable(service, url, chain(&cause)))?;
    Ok(Storage { db, _lock: lock })
}

/// The file of a SQLite address.
fn file_of(url: &str) -> Option<PathBuf> {
    let file = url.strip_prefix("sqlite:")?;
    Some(PathBuf::from(file.split_once('?').map_or(file, |(file, _)| file)))
}

/// Makes this process the only one that works with a database file.
fn own(service: ServiceName, file: &Path) -> Result<File, StartError> {
    let fault = |path: &Path, cause: std::io::Error| StartError::Database {
        service,
        place: path.display().to_string(),
        fault: cause.to_string(),
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_private_folder(folder).map_err(|cause| fault(folder, cause))?;
    let private =
        |path: &Path| OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(|it| fault(path, it));
    let lock_file = file.with_added_extension("lock");
    let lock = private(&lock_file)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StartError::InUse { service, file: file.to_owned() }),
        Err(TryLockError::Error(cause)) => return Err(fault(&lock_file, cause)),
    }
    private(file)?;
    Ok(lock)
}

/// Brings the schema up to date, or finds out whether it is.
pub(super) async fn fit(
    service: ServiceName,
    keys: &ServiceKeys,
    db: &Db,
    migrations: &Migrations,
    schema: Schema,
) -> Result<(), StartError> {
    let fits = match schema {
        Schema::Migrate => db.migrate(migrations).await,
        Schema::Keep => db.check_schema(migrations).await,
    };
    match fits {
        Err(SchemaError::Unreachable(cause)) => Err(unusable(service, keys.database.expose(), chain(&cause))),
        fits => fits.map_err(|cause| StartError::Schema { service, cause }),
    }
}

/// A server's address may hold a password and is not told.
fn unusable(service: ServiceName, url: &str, fault: String) -> StartError {
    let place = file_of(url).map_or_else(|| "on its server".to_owned(), |file| file.display().to_string());
    StartError::Database { service, place, fault }
}

/// Binds a new database to the log that this process signs, and refuses one that is bound to another: a log that went on under
/// another name or other keys would verify for nobody.
pub(super) async fn bind(service: ServiceName, db: &Db, origin: &Origin, signers: &Signers) -> Result<(), StartError> {
    let id = |signer: &dyn crate::signing::Signer| {
        hex::encode(VerifierKey::new(origin.clone(), signer.public_key().clone()).hash())
    };
    let own = [origin.to_string(), id(signers.ed25519.as_ref()), id(signers.sm2.as_ref())];
    let bound = db.bind_log(own.clone()).await?;
    let names = ["log origin", "Ed25519 log key", "SM2 log key"];
    let differs: Vec<_> = names
        .into_iter()
        .zip(own.iter().zip(&bound))
        .filter(|(_, (own, bound))| own != bound)
        .map(|(name, (own, bound))| format!("its {name} is {bound}, this process has {own}"))
        .collect();
    if differs.is_empty() { Ok(()) } else { Err(StartError::OtherLog { service, differs: differs.join("; ") }) }
}
