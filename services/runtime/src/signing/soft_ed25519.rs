//! An Ed25519 private key in memory.

use std::fmt;

use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes};
use ed25519_dalek::{Signer as _, SigningKey};
use sm2::pkcs8::LineEnding;
use zeroize::Zeroizing;

use super::{PEM_BYTES_MAX, PublicKey, Security, Signer, SigningError};

/// Signs with an Ed25519 key of this process: [`Security::Soft`].
pub struct SoftEd25519 {
    // Wiped on drop by ed25519-dalek; boxed, so that moving this value leaves no copy behind.
    key: Box<SigningKey>,
    public: PublicKey,
}

impl SoftEd25519 {
    /// Makes a new key from the randomness of the operating system.
    pub fn generate() -> Result<Self, SigningError> {
        let mut seed = Zeroizing::new([0_u8; 32]);
        getrandom::fill(seed.as_mut()).map_err(|_| SigningError::Entropy)?;
        Ok(Self::new(SigningKey::from_bytes(&seed)))
    }

    /// Reads an unencrypted PKCS#8 PEM (`BEGIN PRIVATE KEY`) of an Ed25519 key.
    pub fn from_pem(pem: &str) -> Result<Self, SigningError> {
        let pem = pem.trim_ascii();
        if pem.len() > PEM_BYTES_MAX {
            return Err(SigningError::MalformedKey("the PEM text is too long"));
        }
        SigningKey::from_pkcs8_pem(pem)
            .map(Self::new)
            .map_err(|_| SigningError::MalformedKey("expected an unencrypted PKCS#8 PEM Ed25519 key"))
    }

    /// Writes the private key as PKCS#8 PEM. Whoever calls this answers for where it goes.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, SigningError> {
        // Without the public half: OpenSSL 3.0 does not read version 2 of the format.
        let pair = KeypairBytes { secret_key: self.key.to_bytes(), public_key: None };
        pair.to_pkcs8_pem(LineEnding::LF).map_err(|_| SigningError::MalformedKey("the key cannot be encoded"))
    }

    fn new(key: SigningKey) -> Self {
        let public = PublicKey::from(&key);
        Self { key: Box::new(key), public }
    }
}

impl Signer for SoftEd25519 {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn security(&self) -> Security {
        Security::Soft
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        Ok(self.key.sign(message).to_bytes().to_vec())
    }
}

impl fmt::Debug for SoftEd25519 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoftEd25519").field("public", &self.public).finish_non_exhaustive()
    }
}
