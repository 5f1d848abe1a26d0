//! The hashes of RFC 6962 section 2.1.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::FormatError;

/// A SHA-256 hash of the tree: a leaf, a node or a root. Shown in lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The length in bytes.
    pub const LENGTH: usize = 32;

    /// The root of the empty tree: SHA-256 of nothing.
    pub fn of_empty_tree() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// Reads exactly 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        <[u8; 32]>::try_from(bytes).map(Self).map_err(|_| FormatError("a hash has exactly 32 bytes"))
    }

    /// Reads the base64 form of checkpoints and proofs.
    pub fn from_base64(text: &str) -> Result<Self, FormatError> {
        if text.len() != 44 {
            return Err(FormatError("a hash in base64 has exactly 44 characters"));
        }
        let bytes = STANDARD.decode(text).map_err(|_| FormatError("not canonical base64"))?;
        Self::from_bytes(&bytes)
    }

    /// Writes the base64 form of checkpoints and proofs.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = FormatError;

    /// Reads 64 lower-case hex digits, the form of receipts and proofs.
    fn from_str(text: &str) -> Result<Self, FormatError> {
        digest_from_hex(text).map(Self)
    }
}

/// Reads 64 lower-case hex digits; one digest has one text.
pub(super) fn digest_from_hex(text: &str) -> Result<[u8; 32], FormatError> {
    let malformed = FormatError("a digest has exactly 64 lower-case hex digits");
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(malformed);
    }
    let mut digest = [0_u8; 32];
    hex::decode_to_slice(text, &mut digest).map_err(|_| malformed)?;
    Ok(digest)
}

/// The hash of a leaf: SHA-256(0x00 ‖ leaf).
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let digest = Sha256::new_with_prefix([0x00]).chain_update(leaf);
    Hash(digest.finalize().into())
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let digest = Sha256::new_with_prefix([0x01]).chain_update(left.0).chain_update(right.0);
    Hash(digest.finalize().into())
}

/// The Merkle tree hash whose leaves have these hashes; `None` for none. The depth of the recursion is that of a tile.
pub(super) fn subtree_hash(hashes: &[Hash]) -> Option<Hash> {
    match hashes {
        [] => None,
        [one] => Some(*one),
        many => {
            let split = many.len().next_power_of_two() / 2;
            let (left, right) = many.split_at(split);
            Some(node_hash(&subtree_hash(left)?, &subtree_hash(right)?))
        }
    }
}
