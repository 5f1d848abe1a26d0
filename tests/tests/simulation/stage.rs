//! The town of a round: a folder with an authority, keys and databases, and services that start in it as often as they must.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use runtime::caller::{Cell, Peer};
use runtime::config::{Loaded, Sources};
use runtime::directory::Remote;
use runtime::pki::{self, Authority, IdentityFiles};
use runtime::serve::{Blueprint, Schema, StartError, start};
use runtime::testing::town::VALIDITY;
use tempfile::TempDir;
use tonic::transport::Channel;

/// The hosts of the services.
pub const SERVICES: [&str; 2] = ["office", "gateway"];

/// The host from which the county and the persons of the town act.
pub const COUNTY: &str = "county";

/// The pause before a service that found its database still in use starts again.
const AGAIN: Duration = Duration::from_millis(100);

const SETTINGS: &str = "\
town_name = '张浦镇'
operations.listen = 'off'
[clock]
mode = 'manual'
start = '2026-03-02T09:00:00+08:00'
[services.office]
listen = '0.0.0.0:7001'
address = 'office:7001'
[services.gateway]
listen = '0.0.0.0:7002'
address = 'gateway:7002'
";

/// Who does what.
const ROSTER: [(&str, &str); 3] =
    [("registrar", "KEY_REGISTRAR"), ("confirmer", "KEY_CONFIRMER"), ("clerk", "RELAY_CLERK")];

/// The town. Cheap to clone.
#[derive(Clone)]
pub struct Stage(Rc<Inner>);

struct Inner {
    folder: TempDir,
    cell: Cell,
    authority: Authority,
}

impl Stage {
    /// An empty town.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("townlink-simulation-").tempdir().expect("a temporary folder");
        let cell = Cell::parse("zhangpu.kunshan").expect("a cell");
        let names = [office::BLUEPRINT.name, gateway::BLUEPRINT.name];
        let authority = pki::develop(&folder.path().join("pki"), &cell, &names, VALIDITY).expect("keys");
        Self(Rc::new(Inner { folder, cell, authority }))
    }

    /// The folder with the databases.
    pub fn folder(&self) -> PathBuf {
        self.0.folder.path().to_owned()
    }

    /// Serves one service until the host dies.
    pub async fn serve(self, service: &'static str) -> turmoil::Result {
        let blueprint = blueprint(service);
        let _running = loop {
            match start(self.loaded(), &[blueprint], Schema::Migrate).await {
                Ok(running) => break running,
                // The process before this one has not let go of it yet.
                Err(StartError::InUse { .. }) => tokio::time::sleep(AGAIN).await,
                Err(error) => return Err(error.to_string().into()),
            }
        };
        std::future::pending().await
    }

    fn loaded(&self) -> Loaded {
        let person = |(person, role): (&str, &str)| {
            format!(
                "[[office.roster]]\nperson = '{person}'\npost = 'OFFICE'\nrole = '{role}'\nfrom = '2012-01-01'\n\
                 document = '张委组〔2012〕1号'\n"
            )
        };
        let data_dir = ("TOWNLINK__DATA_DIR".to_owned(), self.folder().display().to_string());
        let sources = Sources {
            services: SERVICES.map(|service| blueprint(service).name).to_vec(),
            defaults: format!("{SETTINGS}{}", ROSTER.map(person).concat()),
            file: None,
            environment: vec![data_dir],
        };
        Loaded::read(&sources).unwrap_or_else(|error| panic!("the settings are wrong: {error}"))
    }

    /// A channel to a service, as whoever holds an identity.
    pub fn channel(&self, service: &str, identity: &str) -> Channel {
        let peer = Peer::parse(&format!("spiffe://{}/{identity}", self.0.cell), &self.0.cell).expect("an identity");
        let files = IdentityFiles::in_folder(&self.folder().join("clients"), identity);
        if !files.certificate.exists() {
            let issued = self.0.authority.issue(&peer, &[], VALIDITY).expect("a certificate");
            issued.write(&files).expect("the files of a certificate");
        }
        let address = if service == "office" { "office:7001" } else { "gateway:7002" };
        let remote = Remote::new(address, "localhost", self.0.authority.certificate(), &files);
        remote.expect("the identity can be used").channel()
    }
}

fn blueprint(service: &str) -> Blueprint {
    let blueprint = if service == "office" { office::BLUEPRINT } else { gateway::BLUEPRINT };
    debug_assert_eq!(blueprint.name.as_str(), service, "each host has the name of its service");
    blueprint
}
