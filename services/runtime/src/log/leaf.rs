//! The bytes of one journal entry in the log.
//!
//! ```text
//! leaf        = header ‖ commitment
//! header      = version        u8, = 1
//!             ‖ entry id       u16 BE length ‖ UTF-8      1–128 bytes
//!             ‖ kind           u16 BE length ‖ UTF-8      1–256 bytes, the event message's full name
//!             ‖ institution    u16 BE length ‖ UTF-8      0–64 bytes, empty for the machine itself
//!             ‖ act time       i64 BE, microseconds since 1970-01-01T00:00:00Z
//!             ‖ recorded time  i64 BE, likewise
//! commitment  = SM3(salt ‖ payload)                       32 bytes; the salt has 32 bytes
//! ```
//!
//! The header names no person and no subject: those are in the payload. So a payload can be erased with its salt where law
//! says so, and the log stays verifiable. The texts contain no control character. A leaf has no other bytes, so equal
//! contents have equal bytes. The leaf hash is SHA-256(0x00 ‖ leaf), RFC 6962.

use std::fmt;

use sm3::{Digest as _, Sm3};

use super::{FormatError, Hash, leaf_hash};

/// The format version that is written.
pub const LEAF_VERSION: u8 = 1;

/// No leaf is longer: every field at its limit.
pub const LEAF_BYTES_MAX: usize = 1 + 3 * 2 + ID_MAX + KIND_MAX + INSTITUTION_MAX + 2 * 8 + 32;

const ID_MAX: usize = 128;
const KIND_MAX: usize = 256;
const INSTITUTION_MAX: usize = 64;

/// What the log says of an entry in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafHeader {
    /// The id of the journal entry.
    pub entry_id: String,
    /// The full name of the event message.
    pub kind: String,
    /// The institution that acted; empty for the machine itself.
    pub institution: String,
    /// When the act happened, in microseconds.
    pub acted_at_us: i64,
    /// When it was recorded, in microseconds.
    pub recorded_at_us: i64,
}

/// The random bytes that keep a payload from being guessed from its commitment; erased with the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

/// A header with the commitment to its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// What is in the clear.
    pub header: LeafHeader,
    /// SM3(salt ‖ payload).
    pub commitment: [u8; 32],
}

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes for a salt")]
pub struct NoRandomness;

impl Salt {
    /// Draws a salt from the randomness of the operating system.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut salt = [0_u8; 32];
        getrandom::fill(&mut salt).map_err(|_| NoRandomness)?;
        Ok(Self(salt))
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// Commits to a payload: SM3(salt ‖ payload).
pub fn commit(salt: &Salt, payload: &[u8]) -> [u8; 32] {
    Sm3::new_with_prefix(salt.0).chain_update(payload).finalize().into()
}

impl LeafHeader {
    /// Writes the header; an error names the field that breaks a limit.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        let mut bytes = Vec::with_capacity(128);
        bytes.push(LEAF_VERSION);
        put_text(&mut bytes, check_id(&self.entry_id)?);
        put_text(&mut bytes, check_kind(&self.kind)?);
        put_text(&mut bytes, check_institution(&self.institution)?);
        bytes.extend(self.acted_at_us.to_be_bytes());
        bytes.extend(self.recorded_at_us.to_be_bytes());
        Ok(bytes)
    }

    /// Reads a header and gives back the bytes after it.
    pub fn decode(bytes: &[u8]) -> Result<(Self, &[u8]), FormatError> {
        let (&[version], rest) = take::<1>(bytes)?;
        if version != LEAF_VERSION {
            return Err(FormatError("the leaf has a format version other than 1"));
        }
        let (entry_id, rest) = take_text(rest)?;
        let (kind, rest) = take_text(rest)?;
        let (institution, rest) = take_text(rest)?;
        let (acted_at, rest) = take::<8>(rest)?;
        let (recorded_at, rest) = take::<8>(rest)?;
        let header = Self {
            entry_id: check_id(entry_id)?.to_owned(),
            kind: check_kind(kind)?.to_owned(),
            institution: check_institution(institution)?.to_owned(),
            acted_at_us: i64::from_be_bytes(*acted_at),
            recorded_at_us: i64::from_be_bytes(*recorded_at),
        };
        Ok((header, rest))
    }
}

impl Leaf {
    /// Makes the leaf of an entry.
    pub fn new(header: LeafHeader, salt: &Salt, payload: &[u8]) -> Self {
        Self { header, commitment: commit(salt, payload) }
    }

    /// Writes the leaf.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        let mut bytes = self.header.encode()?;
        bytes.extend(self.commitment);
        Ok(bytes)
    }

    /// Reads a leaf; there must be nothing after it.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let (header, rest) = LeafHeader::decode(bytes)?;
        let commitment = <[u8; 32]>::try_from(rest)
            .map_err(|_| FormatError("the leaf does not end with a commitment of 32 bytes"))?;
        Ok(Self { header, commitment })
    }

    /// The hash of the leaf in the tree.
    pub fn hash(&self) -> Result<Hash, FormatError> {
        Ok(leaf_hash(&self.encode()?))
    }

    /// Whether this leaf is of that payload.
    pub fn matches(&self, salt: &Salt, payload: &[u8]) -> Result<(), FormatError> {
        if self.commitment == commit(salt, payload) {
            Ok(())
        } else {
            Err(FormatError("the leaf is not of this payload: SM3(salt ‖ payload) differs"))
        }
    }
}

fn check_id(text: &str) -> Result<&str, FormatError> {
    check(text, 1, ID_MAX, "the entry id of a leaf has 1 to 128 bytes and no control character")
}

fn check_kind(text: &str) -> Result<&str, FormatError> {
    check(text, 1, KIND_MAX, "the kind of a leaf has 1 to 256 bytes and no control character")
}

fn check_institution(text: &str) -> Result<&str, FormatError> {
    check(text, 0, INSTITUTION_MAX, "the institution of a leaf has at most 64 bytes and no control character")
}

fn check<'a>(text: &'a str, min: usize, max: usize, rule: &'static str) -> Result<&'a str, FormatError> {
    if (min..=max).contains(&text.len()) && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        Err(FormatError(rule))
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).expect("checked against a limit below 65,536");
    bytes.extend(length.to_be_bytes());
    bytes.extend(text.as_bytes());
}

fn take<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), FormatError> {
    bytes.split_first_chunk::<N>().ok_or(FormatError("the leaf ends too early"))
}

fn take_text(bytes: &[u8]) -> Result<(&str, &[u8]), FormatError> {
    let (length, rest) = take::<2>(bytes)?;
    let (text, rest) = rest
        .split_at_checked(usize::from(u16::from_be_bytes(*length)))
        .ok_or(FormatError("the leaf ends too early"))?;
    let text = std::str::from_utf8(text).map_err(|_| FormatError("a text of the leaf is not UTF-8"))?;
    Ok((text, rest))
}
