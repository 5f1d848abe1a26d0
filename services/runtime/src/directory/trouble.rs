//! Why a service is not reached: said by whoever connects, since the call itself learns no more than that it was cut off.

use std::path::{Path, PathBuf};

use rustls::AlertDescription;

use crate::caller::{Cell, Peer};
use crate::pki::IdentityFiles;
use crate::pki::certificate::{self, CertificateFault, Use, inspect};

/// Why a connection does not come about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nobody answers at the address.
    #[error("nobody answers at {address}: {cause}")]
    Away {
        /// The address.
        address: String,
        /// What the machine says.
        cause: String,
    },
    /// Somebody takes the connection and says nothing.
    #[error("whoever listens at {address} says nothing")]
    Silent {
        /// The address.
        address: String,
    },
    /// Somebody else listens: no TLS is spoken, or no HTTP/2 over it.
    #[error("whoever listens at {address} is no service of a town: {cause}")]
    Stranger {
        /// The address.
        address: String,
        /// What was met.
        cause: String,
    },
    /// The certificate of the service is refused here.
    #[error("the certificate that {address} shows {fault}")]
    Theirs {
        /// The address.
        address: String,
        /// Why.
        fault: CertificateFault,
    },
    /// The certificate of whoever connects is refused there.
    #[error("the certificate {}, shown to {address}, {fault}", file.display())]
    Ours {
        /// The address.
        address: String,
        /// The file of the certificate.
        file: PathBuf,
        /// Why.
        fault: CertificateFault,
    },
}

impl Trouble {
    /// The check that it fails.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Away { .. } | Self::Silent { .. } => "DR-PEER-AWAY",
            Self::Stranger { .. } => "DR-PORT",
            Self::Theirs { fault, .. } | Self::Ours { fault, .. } => fault.rule(),
        }
    }

    /// What to do about it (办法).
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Away { .. } | Self::Silent { .. } => {
                "请启动该服务(`townlink up` 或者 `townlink serve`)，并核对地址和网络。"
            }
            Self::Stranger { .. } => "地址或者端口有误：请核对 services.<服务>.address，该端口上是别的程序。",
            Self::Theirs { fault, .. } | Self::Ours { fault, .. } => fault.remedy(),
        }
    }

    /// Whether it may pass by itself, so that trying again is worth something.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Away { .. } | Self::Silent { .. } => true,
            Self::Stranger { .. } | Self::Theirs { .. } | Self::Ours { .. } => false,
        }
    }

    /// The trouble for which a call was not made, where a connection was the cause.
    #[must_use]
    pub fn of_status(status: &tonic::Status) -> Option<&Self> {
        let first = std::error::Error::source(status);
        std::iter::successors(first, |cause| (*cause).source()).find_map(|cause| cause.downcast_ref())
    }
}

/// Who connects, as far as its trouble needs it.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    /// Whom it trusts.
    pub authority: PathBuf,
    /// What it shows.
    pub identity: IdentityFiles,
}

impl Own {
    /// Why the other end refused what it was shown. The file says more than an alert does.
    fn refused(&self, address: &str, said: CertificateFault) -> Trouble {
        let looked = |at: &Path| {
            let cell = self.cell()?;
            inspect(at, &self.authority, &cell, None, Use::Connect, vocabulary::Timestamp::now()).ok()?.fault
        };
        let file = self.identity.certificate.clone();
        Trouble::Ours { address: address.to_owned(), fault: looked(&file).unwrap_or(said), file }
    }

    /// The cell that the own certificate names: whether it is the right one is for the other end to say.
    fn cell(&self) -> Option<Cell> {
        let chain = crate::pki::read_certificates(&self.identity.certificate).ok()?;
        certificate::cell_of(chain.first()?)
    }
}

/// What an error of TLS means to whoever connects.
pub(super) fn of_io(address: &str, own: &Own, error: &std::io::Error) -> Trouble {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let address = address.to_owned();
    match tls {
        Some(rustls::Error::InvalidCertificate(fault)) => {
            Trouble::Theirs { address, fault: certificate::of_tls(fault, None) }
        }
        Some(rustls::Error::AlertReceived(alert)) => of_alert(&address, own, *alert),
        Some(other) => Trouble::Stranger { address, cause: other.to_string() },
        None => Trouble::Away { address, cause: error.to_string() },
    }
}

fn of_alert(address: &str, own: &Own, alert: AlertDescription) -> Trouble {
    match certificate::of_alert(alert) {
        Some(fault) => own.refused(address, fault),
        None => Trouble::Stranger { address: address.to_owned(), cause: format!("it refuses TLS: {alert:?}") },
    }
}

/// Whether who answers is the service that was called.
pub(super) fn of_identity(address: &str, leaf: &[u8], cell: &Cell, needed: &Peer) -> Option<Trouble> {
    let fault = certificate::identity_fault(leaf, cell, Some(needed))?;
    Some(Trouble::Theirs { address: address.to_owned(), fault })
}
