//! The papers of a receiver, as files in order: `00000001.json` is the payload exactly as it was signed, `00000001.json.sig` the
//! signature in DER.
//!
//! The payload is put in its place last, and synced with its folder before anything is answered: a payload that is there is whole
//! and has its signature.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use vocabulary::Sm3Digest;

/// How a payload's file name ends.
const ENDING: &str = ".json";

/// A folder of papers.
#[derive(Debug)]
pub struct Folder {
    folder: PathBuf,
    last: Option<(i64, Sm3Digest)>,
}

impl Folder {
    /// Opens a folder, and finds the last paper in it.
    ///
    /// # Errors
    /// Where the folder cannot be made or read, or a number is missing in it.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut numbers = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(ENDING)?.parse::<i64>().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        if let Some((expected, _)) = (1..).zip(&numbers).find(|(expected, number)| expected != *number) {
            let fault = format!("{}: paper {expected} is missing; restore the folder", folder.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, fault));
        }
        let mut opened = Self { folder: folder.to_owned(), last: None };
        if let Some(last) = numbers.last() {
            opened.last = Some((*last, opened.digest(*last)?));
        }
        Ok(opened)
    }

    /// The number of the last paper, and the digest of its payload.
    #[must_use]
    pub const fn last(&self) -> Option<(i64, Sm3Digest)> {
        self.last
    }

    /// The digest of a paper that is here.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn digest(&self, number: i64) -> io::Result<Sm3Digest> {
        Ok(Sm3Digest::of(&fs::read(self.path(number))?))
    }

    /// Keeps the next paper durably.
    ///
    /// # Errors
    /// Where the disk fails. Nothing is kept then.
    pub fn keep(&mut self, number: i64, payload: &[u8], signature: &[u8]) -> io::Result<()> {
        let path = self.path(number);
        self.put(&path.with_added_extension("sig"), signature)?;
        self.put(&path, payload)?;
        self.last = Some((number, Sm3Digest::of(payload)));
        Ok(())
    }

    fn put(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let coming = path.with_added_extension("part");
        let mut file = File::create(&coming)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&coming, path)?;
        File::open(&self.folder)?.sync_all()
    }

    fn path(&self, number: i64) -> PathBuf {
        self.folder.join(format!("{number:08}{ENDING}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_gap_is_not_used() {
        let place = tempfile::tempdir().expect("a folder");
        let mut folder = Folder::open(place.path()).expect("a folder");
        assert_eq!(folder.last(), None);
        folder.keep(1, b"one", b"s").expect("kept");
        folder.keep(2, b"two", b"s").expect("kept");
        fs::write(place.path().join("00000003.json.part"), b"thr").expect("left by a crash");
        fs::write(place.path().join("00000003.json.sig"), b"s").expect("left by a crash");
        let again = Folder::open(place.path()).expect("a folder");
        assert_eq!(again.last(), Some((2, Sm3Digest::of(b"two"))));
        fs::remove_file(place.path().join("00000001.json")).expect("removed");
        let fault = Folder::open(place.path()).expect_err("a gap").to_string();
        assert!(fault.contains("paper 1 is missing"), "{fault}");
    }
}
