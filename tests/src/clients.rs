//! Clients of a town under test: any identity, over mutual TLS, to any service.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use runtime::caller::{Cell, Peer};
use runtime::directory::Remote;
use runtime::pki::{Authority, IdentityFiles, Validity};
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use vocabulary::Date;

/// The cell that a town under test is.
pub const CELL: &str = "zhangpu.kunshan";

/// Who asks whether a service serves.
const OPERATOR: &str = "operator/sysadmin";

/// How long the certificates of tests hold.
const VALIDITY: Validity = Validity { from: Date::constant(2012, 1, 1), to: Date::constant(2062, 1, 1) };

/// How long a service may take to say that it serves.
const HEALTH_LIMIT: Duration = Duration::from_secs(2);

/// The clients of one town. Cheap to clone; channels outlive the processes that they lead to.
#[derive(Clone)]
pub struct Clients(Arc<Inner>);

struct Inner {
    data_dir: PathBuf,
    addresses: BTreeMap<&'static str, String>,
    channels: Mutex<HashMap<(String, String), Channel>>,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("addresses", &self.0.addresses).finish_non_exhaustive()
    }
}

impl Clients {
    /// Clients of the town in a data directory, whose services are at these addresses.
    #[must_use]
    pub fn new(data_dir: PathBuf, addresses: BTreeMap<&'static str, String>) -> Self {
        Self(Arc::new(Inner { data_dir, addresses, channels: Mutex::default() }))
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.0.data_dir
    }

    /// The address of a service.
    #[must_use]
    pub fn address(&self, service: &str) -> &str {
        &self.0.addresses[service]
    }

    /// A channel to a service as an identity. It connects when it is used, and again after a loss.
    #[must_use]
    pub fn channel(&self, service: &str, identity: &str) -> Channel {
        let mut channels = self.0.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (service.to_owned(), identity.to_owned());
        channels.entry(key).or_insert_with(|| self.channel_with(service, &self.files(identity))).clone()
    }

    /// A channel of its own, with the certificate in these files.
    ///
    /// # Panics
    /// Where the files cannot be used.
    #[must_use]
    pub fn channel_with(&self, service: &str, files: &IdentityFiles) -> Channel {
        let remote = Remote::new(self.address(service), "localhost", &self.pki().join("authority.pem"), files);
        remote.unwrap_or_else(|error| panic!("{service}: {error}")).channel()
    }

    /// The files of an identity such as `person/relay-clerk` or `service/office`.
    #[must_use]
    pub fn files(&self, identity: &str) -> IdentityFiles {
        IdentityFiles::in_folder(&self.pki(), identity.strip_prefix("service/").unwrap_or(identity))
    }

    /// The folder of the town's authority and identities.
    #[must_use]
    pub fn pki(&self) -> PathBuf {
        self.0.data_dir.join("pki")
    }

    /// Makes the certificate of an identity, where there is none yet.
    pub fn issue(&self, identity: &str) {
        let files = self.files(identity);
        if !files.certificate.exists() {
            self.issue_for(CELL, identity, &files);
        }
    }

    /// Makes a certificate that the town's authority signs, of an identity in any cell.
    ///
    /// # Panics
    /// Where there is no such identity, or the town has made no authority yet.
    pub fn issue_for(&self, cell: &str, identity: &str, files: &IdentityFiles) {
        let cell = Cell::parse(cell).expect("a cell");
        let authority = Authority::open(&self.pki(), &cell).expect("the authority of the town");
        certify(&authority, &cell, identity, files);
    }

    /// Whether a service says that it serves.
    pub async fn serves(&self, service: &str) -> bool {
        // The first start makes the certificate of whoever asks.
        if !self.files(OPERATOR).certificate.exists() {
            return false;
        }
        let mut health = HealthClient::new(self.channel(service, OPERATOR));
        let answer = tokio::time::timeout(HEALTH_LIMIT, health.check(HealthCheckRequest::default())).await;
        matches!(answer, Ok(Ok(answer)) if answer.get_ref().status() == ServingStatus::Serving)
    }
}

/// Issues a certificate of an identity, signed by any authority.
///
/// # Panics
/// Where there is no such identity.
pub fn certify(authority: &Authority, cell: &Cell, identity: &str, files: &IdentityFiles) {
    let peer = Peer::parse(&format!("spiffe://{cell}/{identity}"), cell).expect("an identity");
    authority.issue(&peer, &[], VALIDITY).expect("a certificate").write(files).expect("the certificate can be written");
}

/// Makes an authority that the town does not know.
///
/// # Panics
/// Where the folder cannot be written.
#[must_use]
pub fn foreign_authority(folder: &Path, cell: &Cell) -> Authority {
    Authority::create(folder, cell, VALIDITY).expect("a folder that can be written")
}
