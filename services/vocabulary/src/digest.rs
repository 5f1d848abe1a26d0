//! SM3 digests (GB/T 32905), the digest of every file and chain here (identifiers.md §9.9).

use std::fmt;
use std::str::FromStr;

use sm3::{Digest as _, Sm3};

/// The name that travels beside a digest, so that a later algorithm can be told apart.
pub const ALGORITHM: &str = "SM3";

/// An SM3 digest: 32 bytes, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sm3Digest([u8; 32]);

impl Sm3Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts(&[bytes])
    }

    /// The digest of the parts written one after another, without separators.
    ///
    /// Parts of varying length need their lengths among the parts, or two different lists may have one digest.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Sm3Hasher::new();
        for part in parts {
            hasher.update(part);
        }
        hasher.finish()
    }

    /// A digest that was computed before.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sm3Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sm3Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sm3Digest({self})")
    }
}

/// A value that is no SM3 digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// The text is not 64 lower-case hexadecimal digits.
    #[error("an SM3 digest is 64 lower-case hexadecimal digits")]
    Text,
    /// There are not 32 bytes.
    #[error("an SM3 digest is 32 bytes")]
    Bytes,
}

impl DigestError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-DIGEST"
    }
}

impl FromStr for Sm3Digest {
    type Err = DigestError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        // One spelling only: digests are compared and signed as text.
        if input.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(DigestError::Text);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(input, &mut bytes).map_err(|_| DigestError::Text)?;
        Ok(Self(bytes))
    }
}

impl TryFrom<&[u8]> for Sm3Digest {
    type Error = DigestError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self).map_err(|_| DigestError::Bytes)
    }
}

/// Computes a digest piece by piece, for files that are never held whole.
#[derive(Debug, Clone, Default)]
pub struct Sm3Hasher(Sm3);

impl Sm3Hasher {
    /// A hasher that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all pieces.
    #[must_use]
    pub fn finish(self) -> Sm3Digest {
        Sm3Digest(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ABC: &str = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
    const ABCD_16: &str = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732";

    #[test]
    fn the_published_vectors_hold() {
        assert_eq!(Sm3Digest::of(b"abc").to_string(), ABC);
        assert_eq!(Sm3Digest::of("abcd".repeat(16).as_bytes()).to_string(), ABCD_16);
        assert_eq!(Sm3Digest::of_parts(&[b"a", b"", b"bc"]).to_string(), ABC);
    }

    #[test]
    fn only_one_spelling_is_read() {
        assert_eq!(ABC.parse(), Ok(Sm3Digest::of(b"abc")));
        let others = [String::new(), ABC.to_uppercase(), ABC[1..].to_owned(), format!("{ABC}0"), ABC.replace('6', "g")];
        for other in others {
            assert_eq!(other.parse::<Sm3Digest>(), Err(DigestError::Text), "{other}");
        }
        assert_eq!(Sm3Digest::try_from([0u8; 31].as_slice()), Err(DigestError::Bytes));
        assert_eq!(DigestError::Text.code(), "ID-DIGEST");
    }

    proptest! {
        #[test]
        fn a_digest_does_not_depend_on_the_pieces(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0usize..300) {
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            let mut hasher = Sm3Hasher::new();
            hasher.update(head);
            hasher.update(tail);
            prop_assert_eq!(hasher.finish(), Sm3Digest::of(&bytes));
        }

        #[test]
        fn every_digest_reads_back(bytes in any::<[u8; 32]>(), input in any::<String>()) {
            let digest = Sm3Digest::from_bytes(bytes);
            prop_assert_eq!(digest.to_string().parse(), Ok(digest));
            prop_assert_eq!(Sm3Digest::try_from(digest.as_bytes().as_slice()), Ok(digest));
            let _ = input.parse::<Sm3Digest>();
        }
    }
}
