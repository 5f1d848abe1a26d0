//! An SM2 private key in memory.

use std::fmt;
use std::hint::black_box;

use getrandom::SysRng;
use sm2::SecretKey;
use sm2::dsa::signature::RandomizedSigner as _;
use sm2::elliptic_curve::Generate as _;
use sm2::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};
use zeroize::Zeroizing;

use super::{PEM_BYTES_MAX, PublicKey, SM2_SIGNER_ID, Security, Signer, SigningError};

/// Signs with an SM2 key of this process: [`Security::Soft`].
pub struct SoftSm2 {
    // Boxed, so that the scalar has one place in memory from birth to wiping.
    key: Box<sm2::dsa::SigningKey>,
    public: PublicKey,
}

impl SoftSm2 {
    /// Makes a new key from the randomness of the operating system.
    pub fn generate() -> Result<Self, SigningError> {
        let secret = SecretKey::try_generate_from_rng(&mut SysRng).map_err(|_| SigningError::Entropy)?;
        Self::new(&secret)
    }

    /// Reads an unencrypted PKCS#8 PEM (`BEGIN PRIVATE KEY`) on curve SM2.
    pub fn from_pem(pem: &str) -> Result<Self, SigningError> {
        let pem = pem.trim_ascii();
        if pem.len() > PEM_BYTES_MAX {
            return Err(SigningError::MalformedKey("the PEM text is too long"));
        }
        let secret = SecretKey::from_pkcs8_pem(pem)
            .map_err(|_| SigningError::MalformedKey("expected an unencrypted PKCS#8 PEM key on curve SM2"))?;
        Self::new(&secret)
    }

    /// Writes the private key as PKCS#8 PEM. Whoever calls this answers for where it goes.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, SigningError> {
        SecretKey::from(self.key.as_nonzero_scalar())
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|_| SigningError::MalformedKey("the key cannot be encoded"))
    }

    fn new(secret: &SecretKey) -> Result<Self, SigningError> {
        let key = sm2::dsa::SigningKey::new(SM2_SIGNER_ID, secret)
            .map(Box::new)
            .map_err(|_| SigningError::MalformedKey("not a private key of the SM2 curve"))?;
        let public = PublicKey::from(&*key);
        Ok(Self { key, public })
    }
}

impl Signer for SoftSm2 {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn security(&self) -> Security {
        Security::Soft
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        // The nonce is derived as in RFC 6979 from key and message, and hedged with fresh randomness.
        let signature: sm2::dsa::Signature =
            self.key.try_sign_with_rng(&mut SysRng, message).map_err(|_| SigningError::Entropy)?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

impl Drop for SoftSm2 {
    fn drop(&mut self) {
        // The sm2 crate does not wipe its signing key, so the scalar is overwritten in place; the barrier keeps the
        // compiler from dropping a store that nothing reads.
        if let Ok(blank) = sm2::dsa::SigningKey::from_slice(SM2_SIGNER_ID, &[1; 32]) {
            *self.key = blank;
            black_box(&*self.key);
        }
    }
}

impl fmt::Debug for SoftSm2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoftSm2").field("public", &self.public).finish_non_exhaustive()
    }
}
