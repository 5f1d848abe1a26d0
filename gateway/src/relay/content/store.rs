//! What accepted papers hold: one file a content, named by its digest.
//!
//! File and folder are synced before the paper is committed, so no accepted paper ever lacks its content. A content without a
//! paper is harmless, and swept.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use uuid::Uuid;
use vocabulary::{Sm3Digest, Sm3Hasher};

const PIECE_BYTES: usize = 128 * 1024;

/// The folder of contents that are being written.
const COMING: &str = "coming";

/// The contents. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    /// Held while a content is found or put in its place, and while the sweep removes one: it must not take what a paper has just
    /// found there.
    places: Mutex<()>,
}

impl Store {
    /// The store in a folder.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder.join(COMING))?;
        Ok(Self(Arc::new(Inner { folder: folder.to_owned(), places: Mutex::default() })))
    }

    /// Keeps a content durably. One that is there already is kept once.
    ///
    /// # Errors
    /// Where the disk fails, or the bytes are not what the digest says.
    pub fn keep(&self, digest: Sm3Digest, mut content: impl Read) -> io::Result<()> {
        if self.refresh(digest)? {
            return Ok(());
        }
        let coming = self.0.folder.join(COMING).join(Uuid::new_v4().simple().to_string());
        let written = write(&coming, digest, &mut content).and_then(|()| self.place(&coming, digest));
        if written.is_err() {
            // The failure is told; what is left here the sweep takes too.
            let _ = fs::remove_file(&coming);
        }
        written
    }

    /// Whether a content is there and undamaged; its age begins anew, so that the sweep leaves it alone.
    fn refresh(&self, digest: Sm3Digest) -> io::Result<bool> {
        let opened = {
            let _places = self.places();
            let opened = File::options().read(true).append(true).open(self.path(digest));
            if let Ok(file) = &opened {
                file.set_modified(SystemTime::UNIX_EPOCH + since_epoch()?)?;
            }
            opened
        };
        let mut file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let sound = copy(&mut file, &mut io::sink()).is_ok_and(|found| found == digest);
        if !sound {
            tracing::error!(%digest, "a stored content is not what its digest says; it is replaced");
        }
        Ok(sound)
    }

    fn place(&self, coming: &Path, digest: Sm3Digest) -> io::Result<()> {
        let path = self.path(digest);
        let folder = path.parent().unwrap_or(&self.0.folder);
        let _places = self.places();
        if !folder.is_dir() {
            fs::create_dir_all(folder)?;
            sync_folder(&self.0.folder)?;
        }
        fs::rename(coming, &path)?;
        sync_folder(folder)
    }

    /// Opens a content.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    pub fn open_content(&self, digest: Sm3Digest) -> io::Result<File> {
        File::open(self.path(digest))
    }

    /// The contents that rested for some time. What is still being written after so long is left from a crash, and goes.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn older_than(&self, age: Duration) -> io::Result<Vec<Sm3Digest>> {
        let mut old = Vec::new();
        for folder in fs::read_dir(&self.0.folder)? {
            let folder = folder?;
            for entry in fs::read_dir(folder.path())? {
                let entry = entry?;
                if !is_older(&entry.path(), age) {
                    continue;
                }
                match entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                    Some(digest) => old.push(digest),
                    None if folder.file_name() == COMING => fs::remove_file(entry.path())?,
                    None => {}
                }
            }
        }
        Ok(old)
    }

    /// Removes a content, unless a paper has just found it there.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn remove(&self, digest: Sm3Digest, age: Duration) -> io::Result<()> {
        let _places = self.places();
        let path = self.path(digest);
        if is_older(&path, age) { fs::remove_file(path) } else { Ok(()) }
    }

    fn path(&self, digest: Sm3Digest) -> PathBuf {
        let name = digest.to_string();
        self.0.folder.join(&name[..2]).join(name)
    }

    fn places(&self) -> MutexGuard<'_, ()> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(path: &Path, digest: Sm3Digest, content: &mut impl Read) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    if copy(content, &mut file)? != digest {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a spooled content is not what its digest says"));
    }
    file.sync_all()
}

/// Copies a content, and gives the digest of what was copied.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<Sm3Digest> {
    let mut hasher = Sm3Hasher::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let length = from.read(&mut piece)?;
        if length == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&piece[..length]);
        to.write_all(&piece[..length])?;
    }
}

/// The pieces of a content as they are read; a failure follows the last one where together they are not what the digest says.
pub(crate) fn checked(
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + Unpin + 'static,
    digest: Sm3Digest,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::unfold(Some((pieces, Sm3Hasher::new())), move |reading| async move {
        let (mut pieces, mut hasher) = reading?;
        match pieces.next().await {
            Some(Ok(piece)) => {
                hasher.update(&piece);
                Some((Ok(piece), Some((pieces, hasher))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None if hasher.finish() == digest => None,
            None => {
                tracing::error!(%digest, "a stored content is not what its digest says; restore it");
                Some((Err(io::Error::new(io::ErrorKind::InvalidData, "a stored content is damaged")), None))
            }
        }
    })
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn is_older(path: &Path, age: Duration) -> bool {
    let modified = fs::metadata(path).and_then(|known| known.modified());
    modified.ok().and_then(|at| at.elapsed().ok()).is_some_and(|rested| rested >= age)
}

/// The machine's time, for the age of files only.
fn since_epoch() -> io::Result<Duration> {
    SystemTime::UNIX_EPOCH.elapsed().map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_kept_once_and_swept_by_age() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let (bytes, digest) = (b"a,b\n1,2\n", Sm3Digest::of(b"a,b\n1,2\n"));
        store.keep(digest, &bytes[..]).expect("kept");
        store.keep(digest, &bytes[..]).expect("kept again");
        let mut read = Vec::new();
        store.open_content(digest).and_then(|mut file| file.read_to_end(&mut read)).expect("readable");
        assert_eq!(read, bytes);
        let hour = Duration::from_secs(3_600);
        assert_eq!(store.older_than(hour).expect("a list"), []);
        assert_eq!(store.older_than(Duration::ZERO).expect("a list"), [digest]);
        store.remove(digest, hour).expect("young");
        assert!(store.open_content(digest).is_ok());
        store.remove(digest, Duration::ZERO).expect("removed");
        let gone = store.open_content(digest).map_err(|error| error.kind());
        assert!(matches!(gone, Err(io::ErrorKind::NotFound)));
    }

    #[test]
    fn other_bytes_leave_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        assert!(store.keep(Sm3Digest::of(b"x"), &b"y"[..]).is_err());
        assert_eq!(fs::read_dir(folder.path().join(COMING)).expect("a folder").count(), 0);
        assert!(store.older_than(Duration::ZERO).expect("a list").is_empty());
    }

    #[test]
    fn a_damaged_content_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let digest = Sm3Digest::of(b"whole");
        store.keep(digest, &b"whole"[..]).expect("kept");
        for damage in ["", "while", "whole and more"] {
            fs::write(store.path(digest), damage).expect("damaged");
            store.keep(digest, &b"whole"[..]).expect("kept again");
            assert_eq!(fs::read(store.path(digest)).expect("readable"), b"whole");
        }
    }

    #[tokio::test]
    async fn what_is_read_is_checked() {
        let pieces = || stream::iter([Ok(Bytes::from_static(b"who")), Ok(Bytes::from_static(b"le"))]);
        let good: Vec<_> = checked(pieces(), Sm3Digest::of(b"whole")).collect().await;
        assert!(good.len() == 2 && good.iter().all(Result::is_ok));
        let bad: Vec<_> = checked(pieces(), Sm3Digest::of(b"while")).collect().await;
        assert!(bad.len() == 3 && bad[2].is_err());
    }
}
