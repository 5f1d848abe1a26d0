//! What a TLS certificate is good for, and the one reason why it is not: its authority, its dates, its cell, its name.
//!
//! TLS itself says no in a word or two, and to whoever shows a certificate it says hardly anything. Who holds the file can look for
//! himself, so that the reason that a person reads is the same on both ends.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{AlertDescription, CertificateError, RootCertStore};
use vocabulary::Timestamp;
use vocabulary::time::format_instant;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{PkiError, provider, read_certificates, read_roots};
use crate::caller::{Cell, Peer, PeerError};

/// Why a certificate is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// It holds no longer.
    Expired {
        /// Since when, where that is known.
        since: Option<Timestamp>,
    },
    /// It does not hold yet.
    NotYetValid {
        /// From when it does, where that is known.
        from: Option<Timestamp>,
    },
    /// No authority that the cell trusts has issued it.
    ForeignAuthority {
        /// Who has, where that is known.
        issuer: String,
    },
    /// It names an identity of another cell.
    ForeignCell {
        /// The identity.
        id: String,
    },
    /// It names another identity of the cell than the one that is needed.
    OtherIdentity {
        /// The identity that it names.
        id: String,
        /// The one that is needed.
        needed: String,
    },
    /// It is not for the name under which the service is called.
    OtherName {
        /// The name.
        called: String,
        /// The names that it is for.
        names: Vec<String>,
    },
    /// It is of another form, or may not be used so.
    Unusable(String),
}

impl CertificateFault {
    /// The check that found it.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "DR-CERT-EXPIRED",
            Self::NotYetValid { .. } => "DR-CERT-NOT-YET-VALID",
            Self::ForeignAuthority { .. } => "DR-CERT-AUTHORITY",
            Self::ForeignCell { .. } => "DR-CERT-CELL",
            Self::OtherIdentity { .. } => "DR-CERT-IDENTITY",
            Self::OtherName { .. } => "DR-CERT-NAME",
            Self::Unusable(_) => "DR-CERT-UNUSABLE",
        }
    }

    /// What to do about it (办法).
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "请由本镇的证书颁发机构换发证书，替换证书和私钥文件后重新启动。",
            Self::NotYetValid { .. } => "请先核对本机时钟；时钟无误的，等证书生效或者换发证书。",
            Self::ForeignAuthority { .. } => {
                "请改用本镇证书颁发机构签发的证书；信任文件(tls.authority)有误的，改正后重新启动。"
            }
            Self::ForeignCell { .. } => "证书属于别的镇：请核对连接的地址和数据目录，改用本镇签发的证书。",
            Self::OtherIdentity { .. } => "请核对服务的地址与证书文件，每个服务使用自己的证书。",
            Self::OtherName { .. } => "请把 services.<服务>.tls_name 改为证书中的名称，或者换发含该名称的证书。",
            Self::Unusable(_) => "请由本镇的证书颁发机构重新签发证书。",
        }
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { since } => {
                f.write_str("is expired")?;
                since.map_or(Ok(()), |since| write!(f, " since {}", format_instant(since)))
            }
            Self::NotYetValid { from } => {
                f.write_str("is not valid yet")?;
                from.map_or(Ok(()), |from| write!(f, ", but from {} on", format_instant(from)))
            }
            Self::ForeignAuthority { issuer } => {
                f.write_str("is of an authority that is not trusted")?;
                if issuer.is_empty() { Ok(()) } else { write!(f, ": {issuer}") }
            }
            Self::ForeignCell { id } => write!(f, "belongs to another cell: {id}"),
            Self::OtherIdentity { id, needed } => write!(f, "is that of {id}, not of {needed}"),
            Self::OtherName { called, names } => {
                write!(f, "is not for the name {called}, but for {}", names.join(", "))
            }
            Self::Unusable(why) => write!(f, "cannot be used: {why}"),
        }
    }
}

/// For what a certificate is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use<'a> {
    /// To connect.
    Connect,
    /// To be called under a name.
    Serve(&'a str),
}

/// Looks at the certificate in a file: whether the authorities in another file, the time and the cell let it be used. `needed` is
/// the identity that it must name.
///
/// # Errors
/// [`PkiError`] where a file cannot be read.
pub fn inspect(
    file: &Path,
    authority: &Path,
    cell: &Cell,
    needed: Option<&Peer>,
    used: Use<'_>,
    at: Timestamp,
) -> Result<Inspected, PkiError> {
    let (chain, roots) = (read_certificates(file)?, read_roots(authority)?);
    Ok(inspect_chain(&chain, roots, cell, needed, used, at))
}

/// What was found of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Why it is refused, if it is.
    pub fault: Option<CertificateFault>,
    /// Until when it holds.
    pub until: Option<Timestamp>,
}

/// As [`inspect`], for a chain that was shown.
pub(crate) fn inspect_chain(
    chain: &[CertificateDer<'_>],
    roots: RootCertStore,
    cell: &Cell,
    needed: Option<&Peer>,
    used: Use<'_>,
    at: Timestamp,
) -> Inspected {
    let Some((leaf, further)) = chain.split_first() else {
        return Inspected { fault: Some(CertificateFault::Unusable("it is empty".to_owned())), until: None };
    };
    let dates = dates(leaf);
    let fault = chain_fault(leaf, further, roots, used, at, dates).or_else(|| identity_fault(leaf, cell, needed));
    Inspected { fault, until: dates.map(|(_, until)| until) }
}

/// What the chain's own checks say: dates, authority, name.
fn chain_fault(
    leaf: &CertificateDer<'_>,
    further: &[CertificateDer<'_>],
    roots: RootCertStore,
    used: Use<'_>,
    at: Timestamp,
    dates: Option<(Timestamp, Timestamp)>,
) -> Option<CertificateFault> {
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0)));
    let roots = Arc::new(roots);
    let verified = match used {
        Use::Connect => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
            verifier.map_err(|cause| cause.to_string()).map(|it| it.verify_client_cert(leaf, further, now).map(drop))
        }
        Use::Serve(name) => {
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider()).build();
            let name = match ServerName::try_from(name.to_owned()) {
                Ok(name) => name,
                Err(_) => return Some(CertificateFault::Unusable(format!("{name:?} is no name that TLS knows"))),
            };
            let verifier = verifier.map_err(|cause| cause.to_string());
            verifier.map(|it| it.verify_server_cert(leaf, further, &name, &[], now).map(drop))
        }
    };
    // The dates are the certificate's own business, whoever issued it.
    match dates {
        Some((from, _)) if at < from => return Some(CertificateFault::NotYetValid { from: Some(from) }),
        Some((_, until)) if at >= until => return Some(CertificateFault::Expired { since: Some(until) }),
        Some(_) | None => {}
    }
    match verified {
        Ok(Ok(())) => None,
        Ok(Err(rustls::Error::InvalidCertificate(fault))) => Some(of_tls(&fault, Some(leaf))),
        Ok(Err(other)) => Some(CertificateFault::Unusable(other.to_string())),
        Err(why) => Some(CertificateFault::Unusable(why)),
    }
}

/// Whether a certificate names an identity of the cell, and the one that is needed.
pub(crate) fn identity_fault(leaf: &[u8], cell: &Cell, needed: Option<&Peer>) -> Option<CertificateFault> {
    match Peer::of_certificate(leaf, cell) {
        Ok(peer) => needed
            .filter(|needed| **needed != peer)
            .map(|needed| CertificateFault::OtherIdentity { id: peer.uri(cell), needed: needed.uri(cell) }),
        Err(PeerError::ForeignCell) => Some(CertificateFault::ForeignCell { id: names(leaf, true).join(", ") }),
        Err(other @ (PeerError::Unreadable | PeerError::NotOneId | PeerError::UnknownKind)) => {
            Some(CertificateFault::Unusable(other.to_string()))
        }
    }
}

/// What TLS found wrong with a certificate that it was shown.
pub(crate) fn of_tls(fault: &CertificateError, leaf: Option<&CertificateDer<'_>>) -> CertificateFault {
    use CertificateError as Tls;
    let dates = leaf.and_then(|leaf| dates(leaf));
    if let Tls::ExpiredContext { not_after, .. } = fault {
        CertificateFault::Expired { since: moment(*not_after) }
    } else if let Tls::NotValidYetContext { not_before, .. } = fault {
        CertificateFault::NotYetValid { from: moment(*not_before) }
    } else if let Tls::NotValidForNameContext { expected, presented } = fault {
        CertificateFault::OtherName { called: expected.to_str().into_owned(), names: presented.clone() }
    } else if matches!(fault, Tls::Expired) {
        CertificateFault::Expired { since: dates.map(|(_, until)| until) }
    } else if matches!(fault, Tls::NotValidYet) {
        CertificateFault::NotYetValid { from: dates.map(|(from, _)| from) }
    } else if matches!(fault, Tls::UnknownIssuer | Tls::BadSignature) {
        // An authority of the same name with another key signs what ours did not.
        CertificateFault::ForeignAuthority { issuer: leaf.map(|leaf| issuer(leaf)).unwrap_or_default() }
    } else if matches!(fault, Tls::NotValidForName) {
        CertificateFault::OtherName { called: String::new(), names: names(leaf.map_or(&[][..], |it| it), false) }
    } else {
        CertificateFault::Unusable(fault.to_string())
    }
}

/// What the alert says with which the other end refused the certificate that it was shown; none where it is about something else.
pub(crate) fn of_alert(alert: AlertDescription) -> Option<CertificateFault> {
    if alert == AlertDescription::CertificateExpired {
        Some(CertificateFault::Expired { since: None })
    } else if alert == AlertDescription::UnknownCA || alert == AlertDescription::DecryptError {
        Some(CertificateFault::ForeignAuthority { issuer: String::new() })
    } else if alert == AlertDescription::BadCertificate
        || alert == AlertDescription::UnsupportedCertificate
        || alert == AlertDescription::CertificateUnknown
        || alert == AlertDescription::CertificateRevoked
        || alert == AlertDescription::CertificateRequired
    {
        Some(CertificateFault::Unusable(format!("the other end refused it: {alert:?}")))
    } else {
        None
    }
}

fn moment(at: UnixTime) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(at.as_secs()).ok()?).ok()
}

/// The cell that the first identity in a certificate belongs to.
pub(crate) fn cell_of(leaf: &[u8]) -> Option<Cell> {
    let id = names(leaf, true).into_iter().next()?;
    let (cell, _) = id.strip_prefix("spiffe://")?.split_once('/')?;
    Cell::parse(cell).ok()
}

/// From when until when a certificate holds.
fn dates(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    let moment = |at: x509_parser::time::ASN1Time| Timestamp::from_second(at.timestamp()).ok();
    Some((moment(validity.not_before)?, moment(validity.not_after)?))
}

fn issuer(der: &[u8]) -> String {
    X509Certificate::from_der(der).map(|(_, certificate)| certificate.issuer().to_string()).unwrap_or_default()
}

/// The identities in a certificate, or else the DNS names and addresses.
fn names(der: &[u8], identities: bool) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return Vec::new() };
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let read = |name: &GeneralName<'_>| match (name, identities) {
        (GeneralName::URI(uri), true) => Some((*uri).to_owned()),
        (GeneralName::DNSName(name), false) => Some((*name).to_owned()),
        _ => None,
    };
    names.value.general_names.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use vocabulary::Date;

    use super::*;
    use crate::caller::ServiceName;
    use crate::pki::{Authority, IdentityFiles, Validity};

    const OFFICE: Peer = Peer::Service(ServiceName("office"));

    fn cell(name: &str) -> Cell {
        Cell::parse(name).expect("a cell")
    }

    fn year(from: i16, to: i16) -> Validity {
        Validity { from: Date::constant(from, 1, 1), to: Date::constant(to, 1, 1) }
    }

    #[test]
    fn each_reason_is_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = cell("zhangpu.kunshan");
        let authority = Authority::create(&folder.path().join("own"), &own, year(2012, 2062)).expect("made");
        let foreign = Authority::create(&folder.path().join("foreign"), &own, year(2012, 2062)).expect("made");
        let other_cell = Authority::open(&folder.path().join("own"), &cell("bacheng.kunshan")).expect("opened");
        let at: Timestamp = "2026-03-02T01:00:00Z".parse().expect("an instant");
        let gateway = Peer::Service(ServiceName("gateway"));
        let cases = [
            (&authority, &OFFICE, year(2020, 2030), "localhost", None),
            (&authority, &OFFICE, year(2020, 2026), "localhost", Some("DR-CERT-EXPIRED")),
            (&authority, &OFFICE, year(2027, 2030), "localhost", Some("DR-CERT-NOT-YET-VALID")),
            (&foreign, &OFFICE, year(2020, 2030), "localhost", Some("DR-CERT-AUTHORITY")),
            (&other_cell, &OFFICE, year(2020, 2030), "localhost", Some("DR-CERT-CELL")),
            (&authority, &gateway, year(2020, 2030), "localhost", Some("DR-CERT-IDENTITY")),
            (&authority, &OFFICE, year(2020, 2030), "office.town", Some("DR-CERT-NAME")),
        ];
        for (number, (issuer, peer, validity, name, rule)) in (0..).zip(cases) {
            let files = IdentityFiles::in_folder(folder.path(), &format!("case-{number}"));
            let issued = issuer.issue(peer, &["localhost".to_owned()], validity).expect("issued");
            issued.write(&files).expect("written");
            for used in [Use::Serve(name), Use::Connect] {
                let seen = inspect(&files.certificate, authority.certificate(), &own, Some(&OFFICE), used, at);
                let found = seen.expect("readable").fault;
                let rule = rule.filter(|rule| used != Use::Connect || *rule != "DR-CERT-NAME");
                assert_eq!(found.as_ref().map(CertificateFault::rule), rule, "{number} {used:?} {found:?}");
                assert!(found.is_none_or(|fault| fault.remedy().ends_with('。')));
            }
        }
    }
}
