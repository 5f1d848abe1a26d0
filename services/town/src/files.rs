//! Files of the person who runs a command: an error names the file, and what is written is there whole or not at all.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::problem::Problem;

/// Names the file in an error of reading or writing it.
pub fn at_file<T>(path: &Path, result: io::Result<T>) -> Result<T, Problem> {
    result.map_err(|error| {
        Problem::usage(format!("{}: {error}", path.display()), "name a file that can be read or written here")
    })
}

/// A path as it is told: below the folder that the person is in without that folder's name.
#[must_use]
pub fn told(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    below.unwrap_or(path).display().to_string()
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    at_file(path, fs::read(path))
}

/// Writes a file, with the folders above it. A reader sees the old content or the new one, never a part.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    write_as(path, bytes, 0o666)
}

/// As [`write`], for a file that may hold a password: only its owner reads it.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    write_as(path, bytes, 0o600)
}

fn write_as(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Problem> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    at_file(folder, fs::create_dir_all(folder))?;
    let whole = || -> io::Result<()> {
        let mut file = tempfile::Builder::new().permissions(fs::Permissions::from_mode(mode)).tempfile_in(folder)?;
        io::Write::write_all(&mut file, bytes)?;
        file.persist(path)?;
        Ok(())
    };
    at_file(path, whole())
}
