//! Uploads that no paper has taken yet.
//!
//! A small upload stays in memory and never touches a disk. A larger one is encrypted into a file without a name: what a crash
//! leaves, the system frees. Uploads belong to their sender; knowing the digest of another department's file gives nobody access
//! to it. An upload may be resumed for as long as the process lives; how many there are, and how large, is bounded: by what has arrived, and not by what a sender says will come.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use runtime::refusal::Failure;
use uuid::Uuid;
use vocabulary::{DepartmentCode, Sm3Digest, Sm3Hasher};
use zeroize::Zeroizing;

use super::cipher::{NoRandomness, SpoolKey, Start};

/// Up to this size an upload stays in memory.
const MEMORY_BYTES_MAX: u64 = 64 * 1024;

/// The longest chunk: room for one is kept for each upload that still goes on.
pub const CHUNK_BYTES_MAX: u64 = 1024 * 1024;

/// Bounds on the spool.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many uploads there may be; one sender may have half of them.
    pub uploads_max: usize,
    /// How many bytes they may have together.
    pub bytes_max: u64,
    /// How many bytes the uploads of one sender may have.
    pub sender_bytes_max: u64,
    /// How many uploads one sender may write at once.
    pub streams_max: usize,
    /// How long a whole upload may rest, by the machine's clock.
    pub age_max: Duration,
    /// How long one that has not wholly arrived may rest.
    pub idle_max: Duration,
}

/// Why an upload did not go on.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The spool has no room.
    #[error("the spool is full")]
    Full,
    /// Another call is writing this upload.
    #[error("another call is writing this upload")]
    Busy,
    /// The upload does not begin where the sender says.
    #[error("the upload has {received} bytes")]
    Offset {
        /// How many bytes there are.
        received: u64,
    },
    /// The bytes are not what the digest and the size say.
    #[error("the bytes are not what their digest and size say")]
    Digest,
    /// The machine could not.
    #[error("the spool failed")]
    Failed(#[from] io::Error),
}

/// What a failure of the disk means for whoever waits: it is full, or away for now. He may try again and go on.
pub(crate) fn disk_failure(error: io::Error) -> Failure {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return Failure::Exhausted("the disk of attachments");
    }
    Failure::unavailable("the disk of attachments", error)
}

impl From<NoRandomness> for SpoolError {
    fn from(error: NoRandomness) -> Self {
        Self::Failed(io::Error::other(error))
    }
}

/// The spool of one process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Spool(Arc<Inner>);

type Uploads = HashMap<(DepartmentCode, Sm3Digest), Arc<Upload>>;

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    key: Arc<SpoolKey>,
    limits: Limits,
    uploads: Mutex<Uploads>,
    streams: Mutex<HashMap<DepartmentCode, usize>>,
}

/// A stream of a sender, counted for as long as this lives.
#[derive(Debug)]
pub struct Stream {
    spool: Spool,
    sender: DepartmentCode,
}

/// One upload.
#[derive(Debug)]
pub struct Upload {
    sender: DepartmentCode,
    digest: Sm3Digest,
    size_bytes: u64,
    /// What has arrived, and room for the next chunk; changed under the lock of the spool's uploads only.
    reserved: AtomicU64,
    key: Arc<SpoolKey>,
    state: Mutex<State>,
    /// Held by whoever writes: two calls cannot write one upload.
    writing: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct State {
    received: u64,
    hasher: Sm3Hasher,
    body: Arc<Body>,
    touched: Instant,
    complete: bool,
}

enum Body {
    Memory(Mutex<Zeroizing<Vec<u8>>>),
    File { file: File, start: Start },
}

/// An upload that this call writes.
#[derive(Debug)]
pub struct Writing {
    spool: Spool,
    upload: Arc<Upload>,
    _alone: tokio::sync::OwnedMutexGuard<()>,
}

impl Spool {
    /// An empty spool in a folder, under a new key. What an earlier process left there can no longer be read, and goes.
    ///
    /// # Errors
    /// Where the folder cannot be made, or there is no randomness.
    pub fn open(folder: &Path, limits: Limits) -> Result<Self, SpoolError> {
        std::fs::create_dir_all(folder)?;
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "spool") {
                std::fs::remove_file(path)?;
            }
        }
        let key = Arc::new(SpoolKey::generate()?);
        Ok(Self(Arc::new(Inner {
            folder: folder.to_owned(),
            key,
            limits,
            uploads: Mutex::default(),
            streams: Mutex::default(),
        })))
    }

    /// Counts one more stream of a sender.
    ///
    /// # Errors
    /// [`SpoolError::Full`] where the sender has as many as one may have.
    pub fn stream(&self, sender: &DepartmentCode) -> Result<Stream, SpoolError> {
        let mut streams = self.streams();
        let count = streams.entry(sender.clone()).or_default();
        if *count >= self.0.limits.streams_max {
            return Err(SpoolError::Full);
        }
        *count += 1;
        Ok(Stream { spool: self.clone(), sender: sender.clone() })
    }

    /// How long an upload that has not wholly arrived may rest.
    #[must_use]
    pub fn idle_max(&self) -> Duration {
        self.0.limits.idle_max
    }

    /// Begins an upload, or goes on with it where it stands. From offset 0 it begins again.
    ///
    /// # Errors
    /// [`SpoolError`] where there is no room, another call writes it, or it stands elsewhere.
    pub fn write(
        &self,
        sender: &DepartmentCode,
        digest: Sm3Digest,
        size_bytes: u64,
        offset: u64,
    ) -> Result<Writing, SpoolError> {
        let known = self.find(sender, digest).filter(|upload| upload.size_bytes == size_bytes);
        let upload = match known {
            Some(upload) => upload,
            None if offset == 0 => self.begin(sender, digest, size_bytes)?,
            None => return Err(SpoolError::Offset { received: 0 }),
        };
        let alone = Arc::clone(&upload.writing).try_lock_owned().map_err(|_| SpoolError::Busy)?;
        if offset == 0 && upload.received() > 0 {
            let body = self.body(size_bytes)?;
            *upload.state() = State::new(body);
            self.reserve(&upload, 0)?;
        }
        let received = upload.received();
        if offset != received {
            return Err(SpoolError::Offset { received });
        }
        Ok(Writing { spool: self.clone(), upload, _alone: alone })
    }

    fn begin(&self, sender: &DepartmentCode, digest: Sm3Digest, size_bytes: u64) -> Result<Arc<Upload>, SpoolError> {
        let body = self.body(size_bytes)?;
        let Limits { uploads_max, .. } = self.0.limits;
        let mut uploads = self.uploads();
        uploads.remove(&(sender.clone(), digest));
        let own = uploads.values().filter(|upload| upload.sender == *sender).count();
        let first = size_bytes.min(CHUNK_BYTES_MAX);
        if uploads.len() >= uploads_max || own * 2 >= uploads_max.max(2) || !self.have_room(&uploads, sender, 0, first)
        {
            return Err(SpoolError::Full);
        }
        let upload = Arc::new(Upload {
            sender: sender.clone(),
            digest,
            size_bytes,
            reserved: AtomicU64::new(first),
            key: Arc::clone(&self.0.key),
            state: Mutex::new(State::new(body)),
            writing: Arc::default(),
        });
        uploads.insert((sender.clone(), digest), Arc::clone(&upload));
        Ok(upload)
    }

    /// Keeps room for an upload of which so many bytes are there, or are coming now, and for one chunk more. What its sender says
    /// of its size counts for nothing until it arrives.
    fn reserve(&self, upload: &Arc<Upload>, bytes: u64) -> Result<(), SpoolError> {
        let uploads = self.uploads();
        let known =
            uploads.get(&(upload.sender.clone(), upload.digest)).is_some_and(|known| Arc::ptr_eq(known, upload));
        if !known {
            // It rested too long, or a paper was refused: it begins again.
            return Err(SpoolError::Offset { received: 0 });
        }
        let wanted = bytes.saturating_add(CHUNK_BYTES_MAX).min(upload.size_bytes);
        let had = upload.reserved.load(Ordering::Relaxed);
        if wanted > had && !self.have_room(&uploads, &upload.sender, had, wanted) {
            return Err(SpoolError::Full);
        }
        upload.reserved.store(wanted, Ordering::Relaxed);
        Ok(())
    }

    fn have_room(&self, uploads: &Uploads, sender: &DepartmentCode, had: u64, wanted: u64) -> bool {
        let Limits { bytes_max, sender_bytes_max, .. } = self.0.limits;
        let (mut all, mut own) = (wanted, wanted);
        for upload in uploads.values() {
            let reserved = upload.reserved.load(Ordering::Relaxed);
            all = all.saturating_add(reserved);
            own = if upload.sender == *sender { own.saturating_add(reserved) } else { own };
        }
        all.saturating_sub(had) <= bytes_max && own.saturating_sub(had) <= sender_bytes_max
    }

    fn body(&self, size_bytes: u64) -> Result<Body, SpoolError> {
        if size_bytes <= MEMORY_BYTES_MAX {
            return Ok(Body::Memory(Mutex::default()));
        }
        let start = Start::generate()?;
        let path = self.0.folder.join(format!("{}.spool", Uuid::new_v4().simple()));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        // Without a name it is gone with its last handle, whatever becomes of the process.
        std::fs::remove_file(&path)?;
        Ok(Body::File { file, start })
    }

    /// An upload of a sender, in whatever state.
    #[must_use]
    pub fn find(&self, sender: &DepartmentCode, digest: Sm3Digest) -> Option<Arc<Upload>> {
        self.uploads().get(&(sender.clone(), digest)).cloned()
    }

    /// An upload of a sender that has wholly arrived.
    #[must_use]
    pub fn complete(&self, sender: &DepartmentCode, digest: Sm3Digest) -> Option<Arc<Upload>> {
        let upload = self.find(sender, digest)?;
        let complete = {
            let mut state = upload.state();
            state.touched = Instant::now();
            state.complete
        };
        complete.then_some(upload)
    }

    /// Lets an upload go. A paper that is just reading it reads it to the end.
    pub fn remove(&self, upload: &Upload) {
        self.uploads().remove(&(upload.sender.clone(), upload.digest));
    }

    /// Lets go of every upload that rested too long. Gives how many.
    pub fn sweep(&self) -> usize {
        let mut uploads = self.uploads();
        let before = uploads.len();
        let Limits { age_max, idle_max, .. } = self.0.limits;
        uploads.retain(|_, upload| {
            let state = upload.state();
            state.touched.elapsed() < if state.complete { age_max } else { idle_max }
        });
        before - uploads.len()
    }

    fn uploads(&self) -> MutexGuard<'_, Uploads> {
        self.0.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<DepartmentCode, usize>> {
        self.0.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut streams = self.spool.streams();
        if let Some(count) = streams.get_mut(&self.sender) {
            *count = count.saturating_sub(1);
        }
        streams.retain(|_, count| *count > 0);
    }
}

impl State {
    fn new(body: Body) -> Self {
        Self { received: 0, hasher: Sm3Hasher::new(), body: Arc::new(body), touched: Instant::now(), complete: false }
    }
}

impl Upload {
    /// The digest of the whole content.
    #[must_use]
    pub const fn digest(&self) -> Sm3Digest {
        self.digest
    }

    /// The size of the whole content.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// How many bytes have arrived.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.state().received
    }

    /// Whether all have arrived, and are what the digest says.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state().complete
    }

    /// Reads what has arrived, decrypted.
    ///
    /// # Errors
    /// None now; reading may fail.
    pub fn reader(&self) -> io::Result<Reader> {
        let state = self.state();
        Ok(Reader { body: Arc::clone(&state.body), key: Arc::clone(&self.key), length: state.received, at: 0 })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writing {
    /// Adds the next bytes; with the last ones the digest is checked. Blocks for as long as the writing takes.
    ///
    /// # Errors
    /// [`SpoolError::Digest`] where there are more bytes than the size says, or they are other bytes. The upload is let go then.
    pub fn add(&self, chunk: &[u8]) -> Result<(), SpoolError> {
        let upload = &self.upload;
        let length = u64::try_from(chunk.len()).map_err(io::Error::other)?;
        // No other call writes this upload, so what is there does not change in between.
        self.spool.reserve(upload, upload.received().saturating_add(length))?;
        let mut state = upload.state();
        if length > upload.size_bytes - state.received {
            drop(state);
            self.spool.remove(upload);
            return Err(SpoolError::Digest);
        }
        // What the disk did not take counts as never come, for the digest too.
        state.body.write(&upload.key, state.received, chunk)?;
        state.hasher.update(chunk);
        state.received += length;
        state.touched = Instant::now();
        Ok(())
    }

    /// Ends this call's writing: where all bytes have arrived the digest is checked.
    ///
    /// # Errors
    /// [`SpoolError::Digest`] where they are other bytes. The upload is let go then.
    pub fn finish(self) -> Result<Arc<Upload>, SpoolError> {
        let mut state = self.upload.state();
        if state.received == self.upload.size_bytes {
            state.complete = state.hasher.clone().finish() == self.upload.digest;
            if !state.complete {
                drop(state);
                self.spool.remove(&self.upload);
                return Err(SpoolError::Digest);
            }
        }
        drop(state);
        Ok(Arc::clone(&self.upload))
    }
}

impl Body {
    fn write(&self, key: &SpoolKey, offset: u64, chunk: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => {
                bytes.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(chunk);
                Ok(())
            }
            Self::File { file, start } => {
                let mut bytes = Zeroizing::new(chunk.to_vec());
                key.apply(*start, offset, &mut bytes);
                file.write_all_at(&bytes, offset)
            }
        }
    }

    fn read(&self, key: &SpoolKey, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => {
                let bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
                let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
                let length = rest.len().min(buffer.len());
                buffer[..length].copy_from_slice(&rest[..length]);
                Ok(length)
            }
            Self::File { file, start } => {
                let length = file.read_at(buffer, offset)?;
                key.apply(*start, offset, &mut buffer[..length]);
                Ok(length)
            }
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Its bytes may be a secret that is about to be refused.
        f.write_str(match self {
            Self::Memory(_) => "Memory(..)",
            Self::File { .. } => "File(..)",
        })
    }
}

/// Reads an upload, decrypted, from any place.
#[derive(Debug)]
pub struct Reader {
    body: Arc<Body>,
    key: Arc<SpoolKey>,
    length: u64,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let length = self.body.read(&self.key, self.at, &mut buffer[..wanted])?;
        self.at += u64::try_from(length).map_err(io::Error::other)?;
        Ok(length)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests;
