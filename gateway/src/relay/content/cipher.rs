//! SM4 in counter mode: any byte of a spooled file can be read without those before it.
//!
//! It hides the bytes from whoever gets hold of the disk. That they are the right ones is what the SM3 digest is for.

use ctr::cipher::{KeyIvInit as _, StreamCipher as _, StreamCipherSeek as _};
use zeroize::Zeroizing;

type Sm4Ctr = ctr::Ctr128BE<sm4::Sm4>;

const LENGTH: usize = 16;

/// The system gives no random bytes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system gave no random bytes for the spool")]
pub struct NoRandomness;

/// A key of this process. It is never written, and wiped when the process ends in order.
pub(super) struct SpoolKey(Zeroizing<[u8; LENGTH]>);

/// The start of one file's key stream; no two files share one.
#[derive(Clone, Copy)]
pub(super) struct Start([u8; LENGTH]);

impl SpoolKey {
    pub(super) fn generate() -> Result<Self, NoRandomness> {
        let mut key = Zeroizing::new([0; LENGTH]);
        getrandom::fill(key.as_mut()).map_err(|_| NoRandomness)?;
        Ok(Self(key))
    }

    /// Encrypts or decrypts bytes that begin at an offset of their file.
    pub(super) fn apply(&self, start: Start, offset: u64, bytes: &mut [u8]) {
        let mut stream = Sm4Ctr::new((&*self.0).into(), (&start.0).into());
        stream.seek(offset);
        stream.apply_keystream(bytes);
    }
}

impl Start {
    pub(super) fn generate() -> Result<Self, NoRandomness> {
        let mut start = [0; LENGTH];
        getrandom::fill(&mut start).map_err(|_| NoRandomness)?;
        Ok(Self(start))
    }
}

impl std::fmt::Debug for SpoolKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SpoolKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of identifiers.md §9.9: counter mode encrypts the counter block, so zeros show the block cipher's output.
    #[test]
    fn the_published_vector_holds() {
        let block: [u8; LENGTH] =
            hex::decode("0123456789abcdeffedcba9876543210").expect("hex").try_into().expect("a block");
        let key = SpoolKey(Zeroizing::new(block));
        let mut bytes = [0; LENGTH];
        key.apply(Start(block), 0, &mut bytes);
        assert_eq!(hex::encode(bytes), "681edf34d206965e86b3e94f536e4246");
    }

    #[test]
    fn any_part_is_read_alone() {
        let key = SpoolKey::generate().expect("a key");
        let start = Start::generate().expect("a start");
        let plain: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        let mut bytes = plain.clone();
        key.apply(start, 0, &mut bytes[..300]);
        key.apply(start, 300, &mut bytes[300..]);
        assert_ne!(bytes, plain);
        let mut part = bytes[517..600].to_vec();
        key.apply(start, 517, &mut part);
        assert_eq!(part, plain[517..600]);
    }
}
