//! Signatures: the two algorithms, their keys, and the seam for a certified module.
//!
//! Papers, grants, decisions and receipts are signed with SM2 (GB/T 32918, usage GB/T 35276): signer id
//! [`SM2_SIGNER_ID`], SM3 inside, the signature in DER. Ed25519 stands beside it where public tools must verify.
//! The name of the algorithm travels with each signature, and nothing here picks an algorithm silently.
//!
//! [`Signer`] and [`Verifier`] are the seam: identifiers.md §9.9 wants keys in a certified device. [`SoftSm2`] and
//! [`SoftEd25519`] keep theirs in memory and therefore report [`Security::Soft`], which receipts show.
//!
//! Which key may sign for whom, and on which date, is not known here.

mod public_key;
mod soft_ed25519;
mod soft_sm2;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use public_key::{Ed25519PublicKey, PublicKey, Sm2PublicKey};
pub use soft_ed25519::SoftEd25519;
pub use soft_sm2::SoftSm2;

/// The signer id that every SM2 signature here is bound to (GB/T 35276-2017: the default, 16 ASCII bytes).
pub const SM2_SIGNER_ID: &str = "1234567812345678";

/// The longest PEM text that is looked at.
pub(crate) const PEM_BYTES_MAX: usize = 16 * 1024;

/// A signature algorithm by the name that travels with each signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// `SM2-SM3`: SM2 over SM3, required of directives, grants and receipts.
    Sm2Sm3,
    /// `Ed25519`: RFC 8032, for what public tools verify.
    Ed25519,
}

impl Algorithm {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sm2Sm3 => "SM2-SM3",
            Self::Ed25519 => "Ed25519",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = SigningError;

    fn from_str(name: &str) -> Result<Self, SigningError> {
        match name {
            "SM2-SM3" => Ok(Self::Sm2Sm3),
            "Ed25519" => Ok(Self::Ed25519),
            _ => Err(SigningError::UnknownAlgorithm),
        }
    }
}

/// How well the private key is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Security {
    /// `SOFT`: the key lives in this process.
    Soft,
    /// `CERTIFIED`: the key lives in a certified cryptographic device or service.
    Certified,
}

impl Security {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Soft => "SOFT",
            Self::Certified => "CERTIFIED",
        }
    }
}

/// A signature with what a verifier needs to look up its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The registered name of the key; whose key that is, a registry knows.
    pub key_id: String,
    /// The algorithm it was made with.
    pub algorithm: Algorithm,
    /// SM2: the DER `SEQUENCE { r, s }`. Ed25519: the 64 bytes of RFC 8032.
    pub value: Vec<u8>,
}

/// Holds a private key, or reaches one in a device, and signs with it.
pub trait Signer: fmt::Debug + Send + Sync {
    /// The algorithm of the key.
    fn algorithm(&self) -> Algorithm {
        self.public_key().algorithm()
    }

    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// How well the private key is guarded.
    fn security(&self) -> Security;

    /// Signs exactly these bytes; blocks for up to a few milliseconds, so it is called off the event loop.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError>;
}

/// Checks signatures; a certified module may take the place of [`SoftVerifier`].
pub trait Verifier: fmt::Debug + Send + Sync {
    /// Succeeds only if `signature` was made over exactly these bytes with the private half of `key`.
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SigningError>;
}

/// Verifies in this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct SoftVerifier;

impl Verifier for SoftVerifier {
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SigningError> {
        verify(key, message, signature)
    }
}

/// Why a key or a signature was not accepted. No variant carries key material or input bytes.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The name is neither of the two that travel.
    #[error("unknown signature algorithm; known are SM2-SM3 and Ed25519")]
    UnknownAlgorithm,
    /// A key that cannot be read.
    #[error("the key cannot be read: {0}")]
    MalformedKey(&'static str),
    /// Bytes that are no signature of this algorithm.
    #[error("the bytes are not a signature of algorithm {0}")]
    MalformedSignature(Algorithm),
    /// The signature names another algorithm than its key has.
    #[error("the key is of algorithm {key}, the signature says {signature}")]
    AlgorithmMismatch {
        /// The algorithm of the key.
        key: Algorithm,
        /// The algorithm that the signature names.
        signature: Algorithm,
    },
    /// The signature does not fit these bytes and this key.
    #[error("the signature does not fit these bytes and this key")]
    WrongSignature,
    /// The operating system gave no randomness.
    #[error("the operating system gave no random bytes")]
    Entropy,
    /// The cryptographic module failed.
    #[error("the cryptographic module failed: {0}")]
    Module(String),
}

/// Verifies one signature over exactly these bytes.
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SigningError> {
    if key.algorithm() != signature.algorithm {
        return Err(SigningError::AlgorithmMismatch { key: key.algorithm(), signature: signature.algorithm });
    }
    key.verify(message, &signature.value)
}

/// Reads a PKCS#8 PEM private key of either algorithm into a software signer.
pub fn soft_signer(pem: &str) -> Result<Arc<dyn Signer>, SigningError> {
    if let Ok(signer) = SoftSm2::from_pem(pem) {
        return Ok(Arc::new(signer));
    }
    match SoftEd25519::from_pem(pem) {
        Ok(signer) => Ok(Arc::new(signer)),
        Err(_) => Err(SigningError::MalformedKey(
            "expected an unencrypted PKCS#8 PEM private key (BEGIN PRIVATE KEY) on curve SM2 or Ed25519",
        )),
    }
}

#[cfg(test)]
mod tests;
