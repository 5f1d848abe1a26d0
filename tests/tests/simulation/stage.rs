//! The town of a round: a folder with an authority, keys and databases, and services that start in it as often as they must.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use gateway::county::Receiver;
use runtime::caller::{Cell, Peer};
use runtime::config::{Loaded, Sources};
use runtime::directory::Remote;
use runtime::pki::{self, Authority, IdentityFiles, ServiceKeyFiles};
use runtime::serve::{Blueprint, Schema, StartError, start};
use runtime::signing::PublicKey;
use runtime::testing::town::VALIDITY;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tonic::transport::Channel;

use crate::front;
use crate::messages::{Messages, Unruly};

/// The hosts of the services.
pub const SERVICES: [&str; 2] = ["office", "gateway"];

/// The host from which the county and the persons of the town act.
pub const COUNTY: &str = "county";

/// A department that pulls its papers.
pub const PULLS: &str = "water";

/// A department to which papers are pushed.
pub const PUSHED: &str = "housing";

/// A department to which papers are pushed, and which is away until all others have theirs.
pub const LATE: &str = "ecology";

/// Where a department listens on its host.
pub const RECEIVER_PORT: u16 = 7020;

/// The pause before a service that found its database still in use starts again.
const AGAIN: Duration = Duration::from_millis(100);

/// When the town's clock starts, as the settings say.
pub const START: &str = "2026-03-02T09:00:00+08:00";

const SETTINGS: &str = "\
town_name = '张浦镇'
operations.listen = 'off'
[clock]
mode = 'manual'
start = '2026-03-02T09:00:00+08:00'
[services.office]
listen = '0.0.0.0:7001'
address = 'office:7011'
[services.gateway]
listen = '0.0.0.0:7002'
address = 'gateway:7012'
[gateway.receivers.housing]
address = 'housing:7020'
tls_name = 'localhost'
[gateway.receivers.ecology]
address = 'ecology:7020'
tls_name = 'localhost'
";

/// Who does what.
const ROSTER: [(&str, &str, &str); 5] = [
    ("registrar", "OFFICE", "KEY_REGISTRAR"),
    ("confirmer", "OFFICE", "KEY_CONFIRMER"),
    ("clerk", "OFFICE", "RELAY_CLERK"),
    ("chief", "OFFICE", "RELAY_CHIEF"),
    ("mayor", "LEADERS", "HEAD"),
];

/// The town. Cheap to clone.
#[derive(Clone)]
pub struct Stage(Rc<Inner>);

struct Inner {
    folder: TempDir,
    cell: Cell,
    authority: Authority,
    messages: Messages,
    open: watch::Sender<bool>,
    /// Whoever acts does so over one connection to each service.
    channels: RefCell<HashMap<String, Channel>>,
}

impl Stage {
    /// An empty town, with these faults of messages.
    pub fn new(messages: Messages) -> Self {
        let folder = tempfile::Builder::new().prefix("townlink-simulation-").tempdir().expect("a temporary folder");
        let cell = Cell::parse("zhangpu.kunshan").expect("a cell");
        let names = [office::BLUEPRINT.name, gateway::BLUEPRINT.name];
        let authority = pki::develop(&folder.path().join("pki"), &cell, &names, VALIDITY).expect("keys");
        let (open, channels) = (watch::Sender::new(false), RefCell::default());
        Self(Rc::new(Inner { folder, cell, authority, messages, open, channels }))
    }

    /// The messages of the round.
    pub fn messages(&self) -> &Messages {
        &self.0.messages
    }

    /// The cell.
    pub fn cell(&self) -> Cell {
        self.0.cell.clone()
    }

    /// The certificate of the authority that all trust.
    pub fn authority(&self) -> &Path {
        self.0.authority.certificate()
    }

    /// Lets the department open that is away.
    pub fn open(&self) {
        self.0.open.send_replace(true);
    }

    /// Completes when the department that is away opens.
    pub async fn opened(&self) {
        // The stage holds the sender, so waiting ends only by its being opened.
        let _ = self.0.open.subscribe().wait_for(|open| *open).await;
    }

    /// The folder with the databases.
    pub fn folder(&self) -> PathBuf {
        self.0.folder.path().to_owned()
    }

    /// Serves one service until the host dies.
    pub async fn serve(self, service: &'static str) -> turmoil::Result {
        let blueprint = blueprint(service);
        let (name, other, inside, before) = if service == "office" {
            ("office", "gateway", "127.0.0.1:7001", 7011)
        } else {
            ("gateway", "office", "127.0.0.1:7002", 7012)
        };
        let _running = loop {
            match start(self.loaded(), &[blueprint], Schema::Migrate).await {
                Ok(running) => break running,
                // The process before this one has not let go of it yet.
                Err(StartError::InUse { .. }) => tokio::time::sleep(AGAIN).await,
                Err(error) => return Err(error.to_string().into()),
            }
        };
        let tls = pki::server_config(self.authority(), &IdentityFiles::in_folder(&self.pki(), name))?;
        let inside = self.reach(inside, &IdentityFiles::in_folder(&self.pki(), other));
        let inside = Unruly::new(inside, format!("{other} {name}"), self.messages().clone());
        let listener = turmoil::net::TcpListener::bind(("0.0.0.0", before)).await?;
        front::stand(listener, TlsAcceptor::from(tls), inside).await
    }

    fn loaded(&self) -> Loaded {
        let person = |(person, post, role): (&str, &str, &str)| {
            format!(
                "[[office.roster]]\nperson = '{person}'\npost = '{post}'\nrole = '{role}'\nfrom = '2012-01-01'\n\
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

    /// A channel to a service, as whoever holds an identity, on which messages meet their fates.
    pub fn client(&self, service: &str, identity: &str) -> Unruly {
        Unruly::new(self.channel(service, identity), format!("{identity} {service}"), self.messages().clone())
    }

    /// A channel to a service, as whoever holds an identity.
    pub fn channel(&self, service: &str, identity: &str) -> Channel {
        let address = if service == "office" { "office:7001" } else { "gateway:7002" };
        let mut channels = self.0.channels.borrow_mut();
        let known = channels.entry(format!("{identity} {service}"));
        known.or_insert_with(|| self.reach(address, &self.identity(identity, &[]))).clone()
    }

    fn reach(&self, address: &str, identity: &IdentityFiles) -> Channel {
        let remote = Remote::new(address, "localhost", self.authority(), identity);
        remote.expect("the identity can be used").channel()
    }

    /// The certificate of an identity, for names under which it serves.
    pub fn identity(&self, identity: &str, names: &[&str]) -> IdentityFiles {
        let folder = self.folder().join(if names.is_empty() { "clients" } else { "endpoints" });
        let files = IdentityFiles::in_folder(&folder, identity);
        if !files.are_made() {
            let peer = Peer::parse(&format!("spiffe://{}/{identity}", self.0.cell), &self.0.cell).expect("an identity");
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            let issued = self.0.authority.issue(&peer, &names, VALIDITY).expect("a certificate");
            issued.write(&files).expect("the files of a certificate");
        }
        files
    }

    /// What a department knows: its papers, in its folder.
    pub fn receiver(&self, department: &str) -> Receiver {
        let key = pki::public_half(&ServiceKeyFiles::in_folder(&self.pki(), gateway::NAME).log_sm2);
        let key = std::fs::read_to_string(key).expect("the town has a key");
        let key = PublicKey::from_pem(&key).expect("a key");
        let (news, _) = mpsc::unbounded_channel();
        Receiver::open(&self.received(department), key, news).expect("a folder of papers")
    }

    /// The folder with the papers of a department.
    pub fn received(&self, department: &str) -> PathBuf {
        self.folder().join("received").join(department)
    }

    fn pki(&self) -> PathBuf {
        self.folder().join("pki")
    }
}

fn blueprint(service: &str) -> Blueprint {
    let blueprint = if service == "office" { office::BLUEPRINT } else { gateway::BLUEPRINT };
    debug_assert_eq!(blueprint.name.as_str(), service, "each host has the name of its service");
    blueprint
}
