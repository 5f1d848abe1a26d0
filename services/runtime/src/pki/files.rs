//! Files that appear whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::PkiError;

/// Keys and certificates are small; a larger file is something else.
const LENGTH_MAX: u64 = 1024 * 1024;

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, PkiError> {
    let fault = |cause| PkiError::File { path: path.to_owned(), cause };
    if fs::metadata(path).map_err(fault)?.len() > LENGTH_MAX {
        return Err(PkiError::Content {
            path: path.to_owned(),
            fault: "is too large to be a key or certificate".to_owned(),
        });
    }
    fs::read(path).map_err(fault)
}

/// Writes a file that only its owner reads.
///
/// # Errors
/// [`PkiError`] where the file exists already or cannot be written.
pub fn write_secret(path: &Path, content: &[u8]) -> Result<(), PkiError> {
    write(path, content, 0o600)
}

/// Writes a file that everyone may read.
///
/// # Errors
/// [`PkiError`] where the file exists already or cannot be written.
pub fn write_public(path: &Path, content: &[u8]) -> Result<(), PkiError> {
    write(path, content, 0o644)
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), PkiError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(PkiError::File { path: path.to_owned(), cause })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes a folder that only its owner enters, with those above it. One that is there is left as it is.
///
/// # Errors
/// Those of the machine.
pub fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Writes beside the place, syncs, and links into place, which fails where something is there: a key is never replaced
/// unnoticed, not even by two programs at once.
fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), PkiError> {
    let fault = |cause| PkiError::File { path: path.to_owned(), cause };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_private_folder(folder).map_err(fault)?;
    let chance = getrandom::u64().map_err(|cause| PkiError::Unmakeable(cause.to_string()))?;
    let draft = path.with_added_extension(format!("{chance:016x}.part"));
    let written = draft_of(&draft, content, mode).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    match written {
        Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => Err(PkiError::Exists(path.to_owned())),
        Err(cause) => Err(fault(cause)),
        Ok(()) => removed.and_then(|()| File::open(folder)?.sync_all()).map_err(fault),
    }
}

fn draft_of(draft: &Path, content: &[u8], mode: u32) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(draft)?;
    file.write_all(content)?;
    file.sync_all()
}
