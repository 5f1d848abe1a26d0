//! Public keys of either algorithm, in and out as SPKI PEM.

use std::fmt;

use ed25519_dalek::pkcs8::EncodePublicKey as _;
use sm2::dsa::signature::Verifier as _;
use sm2::elliptic_curve::ALGORITHM_OID as EC_OID;
use sm2::pkcs8::spki::SubjectPublicKeyInfoRef;
use sm2::pkcs8::{AssociatedOid as _, Document, LineEnding, ObjectIdentifier};
use sm3::{Digest as _, Sm3};

use super::{Algorithm, PEM_BYTES_MAX, SM2_SIGNER_ID, SigningError};

const ED25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const PUBLIC_KEY_LABEL: &str = "PUBLIC KEY";

/// A public key that may verify: on its curve, and not of small order.
#[derive(Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// A key for `SM2-SM3`.
    Sm2(Sm2PublicKey),
    /// A key for `Ed25519`.
    Ed25519(Ed25519PublicKey),
}

/// An SM2 public key, bound to the signer id.
#[derive(Clone)]
pub struct Sm2PublicKey(sm2::dsa::VerifyingKey);

/// An Ed25519 public key.
#[derive(Clone, PartialEq, Eq)]
pub struct Ed25519PublicKey(ed25519_dalek::VerifyingKey);

impl PublicKey {
    /// Reads a `BEGIN PUBLIC KEY` PEM (SPKI). Any other input is an error, never a panic.
    pub fn from_pem(pem: &str) -> Result<Self, SigningError> {
        let pem = pem.trim_ascii();
        if pem.len() > PEM_BYTES_MAX {
            return Err(SigningError::MalformedKey("the PEM text is too long"));
        }
        let (label, document) = Document::from_pem(pem)
            .map_err(|_| SigningError::MalformedKey("the text is not one well-formed PEM block"))?;
        if label != PUBLIC_KEY_LABEL {
            return Err(SigningError::MalformedKey("expected a PEM block BEGIN PUBLIC KEY"));
        }
        Self::from_spki_der(document.as_bytes())
    }

    /// Reads a DER `SubjectPublicKeyInfo`.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, SigningError> {
        let info = SubjectPublicKeyInfoRef::try_from(der)
            .map_err(|_| SigningError::MalformedKey("not a DER SubjectPublicKeyInfo"))?;
        let key = info
            .subject_public_key
            .as_bytes()
            .ok_or(SigningError::MalformedKey("the key is not a whole number of bytes"))?;
        if info.algorithm.assert_oids(EC_OID, sm2::Sm2::OID).is_ok() {
            Self::from_sm2_point(key)
        } else if info.algorithm.oid == ED25519_OID && info.algorithm.parameters.is_none() {
            Self::from_ed25519_bytes(key)
        } else {
            Err(SigningError::MalformedKey(
                "the key is neither on curve SM2 (1.2.156.10197.1.301) nor Ed25519 (1.3.101.112)",
            ))
        }
    }

    /// Reads an SM2 point: 65 bytes uncompressed, or 33 compressed.
    pub fn from_sm2_point(point: &[u8]) -> Result<Self, SigningError> {
        sm2::dsa::VerifyingKey::from_sec1_bytes(SM2_SIGNER_ID, point)
            .map(|key| Self::Sm2(Sm2PublicKey(key)))
            .map_err(|_| SigningError::MalformedKey("not a point of the SM2 curve"))
    }

    /// Reads the 32 bytes of an Ed25519 key.
    pub fn from_ed25519_bytes(bytes: &[u8]) -> Result<Self, SigningError> {
        let malformed = SigningError::MalformedKey("not an Ed25519 public key of full order");
        let Ok(bytes) = <&[u8; 32]>::try_from(bytes) else {
            return Err(malformed);
        };
        match ed25519_dalek::VerifyingKey::from_bytes(bytes) {
            Ok(key) if !key.is_weak() => Ok(Self::Ed25519(Ed25519PublicKey(key))),
            Ok(_) | Err(_) => Err(malformed),
        }
    }

    /// The algorithm this key verifies.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Sm2(_) => Algorithm::Sm2Sm3,
            Self::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// The bare key: an uncompressed SM2 point (65 bytes, first 0x04) or the 32 bytes of an Ed25519 key.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Sm2(key) => key.0.to_sec1_bytes().into_vec(),
            Self::Ed25519(key) => key.0.as_bytes().to_vec(),
        }
    }

    /// The DER `SubjectPublicKeyInfo`; equal keys give equal bytes.
    pub fn to_spki_der(&self) -> Vec<u8> {
        self.document().into_vec()
    }

    /// The `BEGIN PUBLIC KEY` PEM, as OpenSSL reads it.
    pub fn to_pem(&self) -> String {
        self.document()
            .to_pem(PUBLIC_KEY_LABEL, LineEnding::LF)
            .expect("a PEM label without control characters always encodes")
    }

    /// The default key id: the first 16 bytes of SM3 over the DER `SubjectPublicKeyInfo`, in lower-case hex.
    pub fn key_id(&self) -> String {
        let digest = Sm3::digest(self.document().as_bytes());
        hex::encode(&digest[..16])
    }

    /// Verifies a bare signature value over exactly these bytes.
    pub fn verify(&self, message: &[u8], value: &[u8]) -> Result<(), SigningError> {
        let malformed = || SigningError::MalformedSignature(self.algorithm());
        match self {
            Self::Sm2(key) => {
                let signature = sm2::dsa::Signature::from_der(value).map_err(|_| malformed())?;
                // One signature has one encoding, whatever leniency a parser may have.
                if signature.to_der().as_bytes() != value {
                    return Err(malformed());
                }
                key.0.verify(message, &signature).map_err(|_| SigningError::WrongSignature)
            }
            Self::Ed25519(key) => {
                let signature = ed25519_dalek::Signature::from_slice(value).map_err(|_| malformed())?;
                key.0.verify_strict(message, &signature).map_err(|_| SigningError::WrongSignature)
            }
        }
    }

    fn document(&self) -> Document {
        match self {
            Self::Sm2(key) => key.0.to_public_key_der(),
            Self::Ed25519(key) => key.0.to_public_key_der(),
        }
        .expect("a valid key always encodes")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.algorithm(), self.key_id())
    }
}

impl From<&sm2::dsa::SigningKey> for PublicKey {
    fn from(key: &sm2::dsa::SigningKey) -> Self {
        Self::Sm2(Sm2PublicKey(key.verifying_key().clone()))
    }
}

impl From<&ed25519_dalek::SigningKey> for PublicKey {
    fn from(key: &ed25519_dalek::SigningKey) -> Self {
        Self::Ed25519(Ed25519PublicKey(key.verifying_key()))
    }
}

impl PartialEq for Sm2PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_affine() == other.0.as_affine()
    }
}

impl Eq for Sm2PublicKey {}

impl fmt::Debug for Sm2PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sm2PublicKey({})", hex::encode(self.0.to_sec1_bytes()))
    }
}

impl fmt::Debug for Ed25519PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519PublicKey({})", hex::encode(self.0.as_bytes()))
    }
}
