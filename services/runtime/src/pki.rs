//! Keys and certificates: a development authority and its identities, the files they live in, and the TLS made from them.
//!
//! In production the town's own authority issues the same shape of certificate: one SPIFFE id as URI name, and DNS or IP names
//! beside it where the holder serves. A private key is written with access for its owner only, and never half.
//!
//! - [`authority`]: issues identities.
//! - [`certificate`]: what a certificate is good for, and why it is not.
//! - [`files`]: files that appear whole or not at all.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::caller::{Cell, ServiceName};
use crate::signing::{Signer as _, SoftEd25519, SoftSm2};

pub mod authority;
pub mod certificate;
pub mod files;

pub use authority::{Authority, Issued, Validity};

/// What keeps keys and certificates from being made or used.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {fault}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: String,
    },
    /// A file exists that must not be overwritten.
    #[error("{} exists already; move it away to make a new one", .0.display())]
    Exists(PathBuf),
    /// A certificate or a TLS configuration cannot be made.
    #[error("{0}")]
    Unmakeable(String),
}

/// A certificate and its private key, as files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityFiles {
    /// The certificate chain, PEM.
    pub certificate: PathBuf,
    /// The private key, PKCS#8 PEM.
    pub key: PathBuf,
}

impl IdentityFiles {
    /// The files of a name in a folder: `<name>.pem` and `<name>.key`.
    #[must_use]
    pub fn in_folder(folder: &Path, name: &str) -> Self {
        Self { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) }
    }

    /// Whether both files are there. One alone was left by a program that was killed before it wrote the other.
    #[must_use]
    pub fn are_made(&self) -> bool {
        self.certificate.exists() && self.key.exists()
    }
}

/// The keys of one service besides its TLS identity, as files in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceKeyFiles {
    /// Signs caller tokens; Ed25519.
    pub caller: PathBuf,
    /// Signs checkpoints; Ed25519.
    pub log_ed25519: PathBuf,
    /// Signs checkpoints and receipts; SM2.
    pub log_sm2: PathBuf,
}

impl ServiceKeyFiles {
    /// The files of a service in a folder.
    #[must_use]
    pub fn in_folder(folder: &Path, service: ServiceName) -> Self {
        let file = |purpose: &str| folder.join(format!("{service}.{purpose}.key"));
        Self { caller: file("caller"), log_ed25519: file("log-ed25519"), log_sm2: file("log-sm2") }
    }
}

/// The public half beside a private key: `office.caller.key` → `office.caller.pub`.
#[must_use]
pub fn public_half(key: &Path) -> PathBuf {
    key.with_extension("pub")
}

/// Makes what is missing of the keys and certificates that a development cell needs: the authority, and for each service its
/// TLS identity (for `localhost` and the loopback addresses), its caller key and its log keys. What exists is left alone.
///
/// # Errors
/// [`PkiError`] where a file cannot be read or written.
pub fn develop(
    folder: &Path,
    cell: &Cell,
    services: &[ServiceName],
    validity: Validity,
) -> Result<Authority, PkiError> {
    let authority = Authority::open_or_create(folder, cell, validity)?;
    for &service in services {
        let identity = IdentityFiles::in_folder(folder, service.as_str());
        if !identity.are_made() {
            let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
            authority.issue(&crate::caller::Peer::Service(service), &names, validity)?.write(&identity)?;
        }
        make_service_keys(&ServiceKeyFiles::in_folder(folder, service))?;
    }
    Ok(authority)
}

/// Makes what is missing of a service's own keys, each with its public half beside it.
///
/// # Errors
/// [`PkiError`] where a file cannot be written, or the machine gives no randomness.
pub fn make_service_keys(files: &ServiceKeyFiles) -> Result<(), PkiError> {
    let unmade = |cause: crate::signing::SigningError| PkiError::Unmakeable(cause.to_string());
    for path in [&files.caller, &files.log_ed25519] {
        if !is_made(path)? {
            let key = SoftEd25519::generate().map_err(unmade)?;
            files::write_public(&public_half(path), key.public_key().to_pem().as_bytes())?;
            files::write_secret(path, key.to_pem().map_err(unmade)?.as_bytes())?;
        }
    }
    if !is_made(&files.log_sm2)? {
        let key = SoftSm2::generate().map_err(unmade)?;
        files::write_public(&public_half(&files.log_sm2), key.public_key().to_pem().as_bytes())?;
        files::write_secret(&files.log_sm2, key.to_pem().map_err(unmade)?.as_bytes())?;
    }
    Ok(())
}

/// Whether a private key is there, with its public half. A public half alone was left by a program that was killed before it
/// wrote the key, and is removed; one that is missing is made from its key.
fn is_made(key: &Path) -> Result<bool, PkiError> {
    let public = public_half(key);
    if !key.exists() {
        files::remove(&public)?;
        return Ok(false);
    }
    if !public.exists() {
        let fault = |fault: String| PkiError::Content { path: key.to_owned(), fault };
        let pem = zeroize::Zeroizing::new(String::from_utf8(files::read(key)?).map_err(|it| fault(it.to_string()))?);
        let signer = crate::signing::soft_signer(&pem).map_err(|cause| fault(cause.to_string()))?;
        files::write_public(&public, signer.public_key().to_pem().as_bytes())?;
    }
    Ok(true)
}

/// TLS for whoever connects: TLS 1.3, both certificates, HTTP/2.
///
/// # Errors
/// [`PkiError`] where a file is absent or does not hold what it should.
pub fn client_config(authority: &Path, identity: &IdentityFiles) -> Result<Arc<ClientConfig>, PkiError> {
    let (chain, key) = read_identity(identity)?;
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(unmakeable)?
        .with_root_certificates(read_roots(authority)?)
        .with_client_auth_cert(chain, key)
        .map_err(|cause| mismatch(identity, &cause))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

/// TLS for whoever listens: TLS 1.3, a certificate of the authority required from the client, HTTP/2.
///
/// # Errors
/// [`PkiError`] where a file is absent or does not hold what it should.
pub fn server_config(authority: &Path, identity: &IdentityFiles) -> Result<Arc<ServerConfig>, PkiError> {
    let (chain, key) = read_identity(identity)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(read_roots(authority)?), provider())
        .build()
        .map_err(|cause| PkiError::Unmakeable(cause.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(unmakeable)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|cause| mismatch(identity, &cause))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn unmakeable(cause: rustls::Error) -> PkiError {
    PkiError::Unmakeable(cause.to_string())
}

fn mismatch(identity: &IdentityFiles, cause: &rustls::Error) -> PkiError {
    PkiError::Content {
        path: identity.certificate.clone(),
        fault: format!("does not go with {}: {cause}", identity.key.display()),
    }
}

fn read_identity(files: &IdentityFiles) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), PkiError> {
    let chain = read_certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&files::read(&files.key)?).map_err(|cause| PkiError::Content {
        path: files.key.clone(),
        fault: format!("holds no private key: {cause}"),
    })?;
    Ok((chain, key))
}

pub(crate) fn read_roots(authority: &Path) -> Result<RootCertStore, PkiError> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates(authority)? {
        let fault = |cause: rustls::Error| PkiError::Content { path: authority.to_owned(), fault: cause.to_string() };
        roots.add(certificate).map_err(fault)?;
    }
    Ok(roots)
}

pub(crate) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PkiError> {
    let pem = files::read(path)?;
    let fault = |fault: String| PkiError::Content { path: path.to_owned(), fault };
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| fault(format!("holds no certificate: {cause}")))?;
    if certificates.is_empty() { Err(fault("holds no certificate".to_owned())) } else { Ok(certificates) }
}

#[cfg(test)]
mod tests;
