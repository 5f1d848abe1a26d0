//! Checkpoints: signed tree heads (C2SP tlog-checkpoint).
//!
//! ```text
//! zhangpu.kunshan.gov.cn/office                     the origin
//! 20852163                                          the number of leaves
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=      the root
//!
//! — zhangpu.kunshan.gov.cn/office <Ed25519>
//! — zhangpu.kunshan.gov.cn/office <SM2>
//! ```
//!
//! Extension lines are allowed by the format and ignored; we write none.

use super::note::{NOTE_BYTES_MAX, sign_note};
use super::{Hash, LOG_SIZE_MAX, NoteError, Origin, SignedNote, VerifierKey};
use crate::signing::Signer;

/// The state of a log: so many leaves under that root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// The number of leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// A checkpoint whose signatures were verified.
#[derive(Clone, Debug)]
pub struct OpenedCheckpoint<'k> {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// The keys whose lines verified; at least one.
    pub signers: Vec<&'k VerifierKey>,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Reads the text of a checkpoint, without signatures.
    pub fn parse_text(text: &str) -> Result<Self, NoteError> {
        if text.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Checkpoint("it has more than 64 KiB"));
        }
        let body = text.strip_suffix('\n').ok_or(NoteError::Checkpoint("it does not end with a newline"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Checkpoint("it has fewer than three lines"));
        };
        if lines.any(str::is_empty) {
            return Err(NoteError::Checkpoint("an extension line is empty"));
        }
        let number: u64 = size.parse().map_err(|_| NoteError::Checkpoint("its size is not a number"))?;
        if number.to_string() != size || number > LOG_SIZE_MAX {
            return Err(NoteError::Checkpoint("its size has leading zeroes or signs, or is above 2^62"));
        }
        let root = Hash::from_base64(root).map_err(|_| NoteError::Checkpoint("its root is not 32 bytes in base64"))?;
        Ok(Self { origin: Origin::new(origin)?, size: number, root })
    }

    /// Signs the checkpoint: a note with one line a signer, each named by the origin. Blocks while it signs.
    pub fn sign(&self, signers: &[&dyn Signer]) -> Result<String, NoteError> {
        sign_note(&self.to_text(), &self.origin, signers)
    }

    /// Reads a signed checkpoint without trusting it; [`Checkpoint::open`] verifies.
    pub fn parse_unverified(note: &[u8]) -> Result<Self, NoteError> {
        let note = std::str::from_utf8(note).map_err(|_| NoteError::Note("it is not UTF-8"))?;
        Self::parse_text(SignedNote::parse(note)?.text())
    }

    /// Reads a signed checkpoint and verifies it with those of `keys` that bear its origin as name.
    ///
    /// For each algorithm among those keys one line must verify, and no line of a known key may fail.
    pub fn open<'k>(note: &[u8], keys: &'k [VerifierKey]) -> Result<OpenedCheckpoint<'k>, NoteError> {
        let note = std::str::from_utf8(note).map_err(|_| NoteError::Note("it is not UTF-8"))?;
        let note = SignedNote::parse(note)?;
        let checkpoint = Self::parse_text(note.text())?;
        let own: Vec<_> = keys.iter().filter(|key| *key.name() == checkpoint.origin).cloned().collect();
        if own.is_empty() {
            return Err(NoteError::NoKey(checkpoint.origin));
        }
        let verified = note.verify(&own)?;
        let signers = keys.iter().filter(|key| verified.contains(key)).collect();
        Ok(OpenedCheckpoint { checkpoint, signers })
    }
}
