//! The development authority: issues certificates of the shape that a cell asks for.

use std::net::IpAddr;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use vocabulary::Date;
use zeroize::Zeroizing;

use super::{IdentityFiles, PkiError, files};
use crate::caller::{Cell, Peer};

/// The name of the authority's files in its folder.
const NAME: &str = "authority";

/// The days on which a certificate holds, first and last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first day, from 00:00 UTC.
    pub from: Date,
    /// The day at whose beginning, 00:00 UTC, it ends.
    pub to: Date,
}

/// An authority with its private key. For development, and for a town that has none of its own.
pub struct Authority {
    cell: Cell,
    files: IdentityFiles,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate that was issued, with its key: not yet written anywhere.
pub struct Issued {
    /// The certificate, PEM.
    pub certificate: String,
    /// The private key, PKCS#8 PEM.
    pub key: Zeroizing<String>,
}

impl Issued {
    /// Writes both files; the key first, so that a certificate never stands without it. A file that stands without the other
    /// was left by a program that was killed between the two: it is of no use to anybody, and is made again.
    ///
    /// # Errors
    /// [`PkiError`] where both files exist already or one cannot be written.
    pub fn write(&self, to: &IdentityFiles) -> Result<(), PkiError> {
        if to.are_made() {
            return Err(PkiError::Exists(to.certificate.clone()));
        }
        files::remove(&to.certificate)?;
        files::remove(&to.key)?;
        files::write_secret(&to.key, self.key.as_bytes())?;
        files::write_public(&to.certificate, self.certificate.as_bytes())
    }
}

impl Authority {
    /// Makes a new authority in a folder: `authority.pem` and `authority.key`.
    ///
    /// # Errors
    /// [`PkiError`] where the files exist already or cannot be written.
    pub fn create(folder: &Path, cell: &Cell, validity: Validity) -> Result<Self, PkiError> {
        let files = IdentityFiles::in_folder(folder, NAME);
        // A certificate without its key is that of an authority whose key is kept elsewhere.
        if files.certificate.exists() {
            return Err(PkiError::Exists(files.certificate));
        }
        let key = KeyPair::generate().map_err(unmakeable)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("{cell} development authority"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        hold(&mut params, validity);
        let certificate = params.self_signed(&key).map_err(unmakeable)?.pem();
        let issued = Issued { certificate, key: Zeroizing::new(key.serialize_pem()) };
        issued.write(&files)?;
        Self::open(folder, cell)
    }

    /// Opens the authority of a folder.
    ///
    /// # Errors
    /// [`PkiError`] where the folder holds none.
    pub fn open(folder: &Path, cell: &Cell) -> Result<Self, PkiError> {
        let files = IdentityFiles::in_folder(folder, NAME);
        let content = |path: &Path, fault: String| PkiError::Content { path: path.to_owned(), fault };
        let text =
            |path: &Path| String::from_utf8(files::read(path)?).map_err(|_| content(path, "is no PEM text".to_owned()));
        let key = Zeroizing::new(text(&files.key)?);
        let key = KeyPair::from_pem(&key).map_err(|cause| content(&files.key, cause.to_string()))?;
        let issuer = Issuer::from_ca_cert_pem(&text(&files.certificate)?, key)
            .map_err(|cause| content(&files.certificate, cause.to_string()))?;
        Ok(Self { cell: cell.clone(), files, issuer })
    }

    /// Opens the authority of a folder, or makes it where there is none.
    ///
    /// # Errors
    /// [`PkiError`] where the files cannot be read or written.
    pub fn open_or_create(folder: &Path, cell: &Cell, validity: Validity) -> Result<Self, PkiError> {
        if IdentityFiles::in_folder(folder, NAME).certificate.exists() {
            Self::open(folder, cell)
        } else {
            Self::create(folder, cell, validity)
        }
    }

    /// The certificate that everyone in the cell trusts.
    #[must_use]
    pub fn certificate(&self) -> &Path {
        &self.files.certificate
    }

    /// Issues a certificate for whoever holds an identity, with the DNS names and IP addresses at which it serves, if any.
    ///
    /// # Errors
    /// [`PkiError::Unmakeable`] where a name cannot stand in a certificate.
    pub fn issue(&self, peer: &Peer, names: &[String], validity: Validity) -> Result<Issued, PkiError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, peer.to_string());
        params.subject_alt_names.push(SanType::URI(peer.uri(&self.cell).try_into().map_err(unmakeable)?));
        for name in names {
            params.subject_alt_names.push(match name.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(name.as_str().try_into().map_err(unmakeable)?),
            });
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if !names.is_empty() {
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        }
        params.use_authority_key_identifier_extension = true;
        hold(&mut params, validity);
        let key = KeyPair::generate().map_err(unmakeable)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(unmakeable)?.pem();
        Ok(Issued { certificate, key: Zeroizing::new(key.serialize_pem()) })
    }
}

fn hold(params: &mut CertificateParams, validity: Validity) {
    let moment =
        |day: Date| rcgen::date_time_ymd(day.year().into(), day.month().unsigned_abs(), day.day().unsigned_abs());
    params.not_before = moment(validity.from);
    params.not_after = moment(validity.to);
}

fn unmakeable(cause: rcgen::Error) -> PkiError {
    PkiError::Unmakeable(cause.to_string())
}
