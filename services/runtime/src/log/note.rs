//! Signed notes (C2SP signed-note): a text, a blank line, and one line a signature.
//!
//! ```text
//! — <key name> base64(key hash ‖ signature)
//! key hash = SHA-256(key name ‖ 0x0A ‖ type ‖ public key)[..4]
//! ```
//!
//! | key | type | public key | signature |
//! |---|---|---|---|
//! | Ed25519 | `0x01` | 32 bytes | 64 bytes over the text |
//! | SM2 | `0xff` ‖ `townlink-sm2-v1` | 65 bytes, uncompressed point | DER over the text, signer id `1234567812345678` |
//!
//! A verifier key is written `<key name>+<key hash in hex>+base64(type ‖ public key)`. Lines of keys that are not known,
//! such as a witness's, are ignored; that is how they may be added without asking anyone.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::signing::{Algorithm, PublicKey, Signer, SigningError};

/// A longer note is not looked at.
pub(super) const NOTE_BYTES_MAX: usize = 64 * 1024;

const SIGNATURES_MAX: usize = 64;
const ORIGIN_BYTES_MAX: usize = 200;
const VERIFIER_KEY_BYTES_MAX: usize = 1024;
const ED25519_TYPE: &[u8] = &[0x01];
const SM2_TYPE: &[u8] = b"\xfftownlink-sm2-v1";
const LINE_START: &str = "\u{2014} ";

/// The name of a log, and of the keys that sign for it: like a URL without scheme, `zhangpu.kunshan.gov.cn/office`.
///
/// Printable ASCII without space, `+`, `"` and `\`, so that it stands in every format here without escaping.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

/// A public key with the name that its signature lines bear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: Origin,
    key: PublicKey,
    hash: [u8; 4],
}

/// A note taken apart; none of it is verified.
#[derive(Clone, Debug)]
pub struct SignedNote<'a> {
    text: &'a str,
    lines: Vec<Line<'a>>,
}

#[derive(Clone, Debug)]
struct Line<'a> {
    name: &'a str,
    hash: [u8; 4],
    signature: Vec<u8>,
}

/// Why a note, a checkpoint or a verifier key was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// Not a name of a log.
    #[error("a log origin has 1 to 200 printable ASCII characters and none of space, plus, quote, backslash")]
    Origin,
    /// Not a verifier key.
    #[error("the verifier key is malformed: {0}")]
    VerifierKey(&'static str),
    /// Not a signed note.
    #[error("the note is malformed: {0}")]
    Note(&'static str),
    /// Not a checkpoint.
    #[error("the checkpoint is malformed: {0}")]
    Checkpoint(&'static str),
    /// A line of a known key does not verify.
    #[error("the signature line of key {0} does not fit the text")]
    WrongSignature(String),
    /// No line of a known key.
    #[error("no signature line is by a known {algorithm} key; the lines name: {lines}")]
    Unsigned {
        /// The algorithm of which a key is known, but no line found.
        algorithm: Algorithm,
        /// Who did sign.
        lines: String,
    },
    /// No key was given to verify with.
    #[error("no key of log {0} was given to verify with")]
    NoKey(Origin),
    /// The signer failed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl Origin {
    /// Reads a name of a log.
    pub fn new(name: &str) -> Result<Self, NoteError> {
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'+' | b'"' | b'\\');
        if (1..=ORIGIN_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain) {
            Ok(Self(name.to_owned()))
        } else {
            Err(NoteError::Origin)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = NoteError;

    fn from_str(name: &str) -> Result<Self, NoteError> {
        Self::new(name)
    }
}

impl VerifierKey {
    /// Names a key.
    pub fn new(name: Origin, key: PublicKey) -> Self {
        let digest = Sha256::new().chain_update(name.as_str()).chain_update(b"\n").chain_update(typed(&key)).finalize();
        let hash = [digest[0], digest[1], digest[2], digest[3]];
        Self { name, key, hash }
    }

    /// The name its lines bear.
    pub fn name(&self) -> &Origin {
        &self.name
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The four bytes that, with the name, say which key made a line.
    pub fn hash(&self) -> [u8; 4] {
        self.hash
    }
}

fn typed(key: &PublicKey) -> Vec<u8> {
    let kind = match key.algorithm() {
        Algorithm::Ed25519 => ED25519_TYPE,
        Algorithm::Sm2Sm3 => SM2_TYPE,
    };
    [kind, &key.to_bytes()].concat()
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode(typed(&self.key));
        write!(f, "{}+{}+{key}", self.name, hex::encode(self.hash))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let text = text.trim_ascii();
        if text.len() > VERIFIER_KEY_BYTES_MAX {
            return Err(NoteError::VerifierKey("it is too long"));
        }
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::VerifierKey("expected <name>+<hash>+<base64>"));
        };
        let typed = STANDARD.decode(key).map_err(|_| NoteError::VerifierKey("its last part is not base64"))?;
        let key = if let Some(key) = typed.strip_prefix(ED25519_TYPE) {
            PublicKey::from_ed25519_bytes(key)?
        } else if let Some(key) = typed.strip_prefix(SM2_TYPE) {
            PublicKey::from_sm2_point(key)?
        } else {
            return Err(NoteError::VerifierKey("its type is neither Ed25519 (0x01) nor townlink-sm2-v1 (0xff)"));
        };
        let parsed = Self::new(Origin::new(name)?, key);
        if hex::encode(parsed.hash) != hash {
            return Err(NoteError::VerifierKey("its hash does not fit name and key"));
        }
        if parsed.to_string() != text {
            return Err(NoteError::VerifierKey("it is not in its one canonical form"));
        }
        Ok(parsed)
    }
}

/// Signs a text, which ends with a newline, with one line a signer.
pub(super) fn sign_note(text: &str, name: &Origin, signers: &[&dyn Signer]) -> Result<String, NoteError> {
    let mut note = format!("{text}\n");
    for signer in signers {
        let hash = VerifierKey::new(name.clone(), signer.public_key().clone()).hash;
        let signature = signer.sign(text.as_bytes())?;
        let line = STANDARD.encode([&hash[..], &signature].concat());
        note.push_str(&format!("{LINE_START}{name} {line}\n"));
    }
    Ok(note)
}

impl<'a> SignedNote<'a> {
    /// Takes a note apart.
    pub fn parse(note: &'a str) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Note("it has more than 64 KiB"));
        }
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteError::Note("it contains a control character"));
        }
        let end = note.rfind("\n\n").ok_or(NoteError::Note("it has no blank line before its signatures"))?;
        let text = &note[..=end];
        let lines = note[end + 2..].strip_suffix('\n').ok_or(NoteError::Note("it does not end with a newline"))?;
        let lines: Vec<_> = lines.split('\n').take(SIGNATURES_MAX + 1).map(Line::parse).collect::<Result<_, _>>()?;
        if lines.len() > SIGNATURES_MAX {
            return Err(NoteError::Note("it has more than 64 signatures"));
        }
        Ok(Self { text, lines })
    }

    /// What is signed, with its final newline.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Verifies the lines of known keys and gives back those keys.
    ///
    /// Every line of a known key must verify, and for each algorithm among `keys` there must be one such line: else whoever
    /// carries the note could strip the SM2 line from it, and nobody would notice.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for line in &self.lines {
            let known = |key: &&VerifierKey| key.name.0 == line.name && key.hash == line.hash;
            for key in keys.iter().filter(known) {
                key.key
                    .verify(self.text.as_bytes(), &line.signature)
                    .map_err(|_| NoteError::WrongSignature(key.to_string()))?;
                if !signers.contains(&key) {
                    signers.push(key);
                }
            }
        }
        for algorithm in [Algorithm::Ed25519, Algorithm::Sm2Sm3] {
            let has = |key: &VerifierKey| key.key.algorithm() == algorithm;
            if keys.iter().any(has) && !signers.iter().any(|key| has(key)) {
                let name = |line: &Line<'_>| format!("{} {}", line.name, hex::encode(line.hash));
                let lines: Vec<_> = self.lines.iter().map(name).collect();
                let lines = lines.join(", ");
                return Err(NoteError::Unsigned { algorithm, lines });
            }
        }
        Ok(signers)
    }
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Result<Self, NoteError> {
        let (name, signature) = line
            .strip_prefix(LINE_START)
            .and_then(|rest| rest.split_once(' '))
            .ok_or(NoteError::Note("a signature line is not an em dash, a name and a signature"))?;
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c == '+') {
            return Err(NoteError::Note("a key name is empty or has a space or plus"));
        }
        let bytes = STANDARD.decode(signature).map_err(|_| NoteError::Note("a signature is not base64"))?;
        match bytes.split_first_chunk::<4>() {
            Some((hash, signature)) if !signature.is_empty() => {
                Ok(Self { name, hash: *hash, signature: signature.to_vec() })
            }
            Some(_) | None => Err(NoteError::Note("a signature is too short")),
        }
    }
}
