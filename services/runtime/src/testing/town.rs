//! A whole process for tests: services behind the real layers, on the network and over pipes, with an authority of its own.

use std::path::{Path, PathBuf};

use tonic::transport::Channel;
use uuid::Uuid;
use vocabulary::Date;

use crate::caller::{Cell, Peer, ServiceName};
use crate::config::{Loaded, Sources};
use crate::directory::Remote;
use crate::pki::{self, Authority, IdentityFiles, Validity};
use crate::serve::{Blueprint, Running, Schema, start};

/// How long the certificates of tests hold.
pub const VALIDITY: Validity = Validity { from: Date::constant(2012, 1, 1), to: Date::constant(2062, 1, 1) };

/// The start of the town's clock in tests.
const DEFAULTS: &str = "town_name = \"张浦镇\"\n[clock]\nmode = \"manual\"\nstart = \"2026-03-02T09:00:00+08:00\"\n";

/// A process with services, in a folder of its own that is removed at the end.
pub struct TestTown {
    folder: PathBuf,
    cell: Cell,
    authority: Authority,
    blueprints: Vec<Blueprint>,
    settings: String,
    running: Option<Running>,
}

impl TestTown {
    /// Starts services with embedded databases and a manual clock that stands at 2026-03-02 09:00.
    pub async fn start(blueprints: &[Blueprint]) -> Self {
        Self::start_with(blueprints, "").await
    }

    /// As [`TestTown::start`], with settings on top, TOML. A test on a given database names it here:
    /// `services.office.database = "postgres://…"`.
    pub async fn start_with(blueprints: &[Blueprint], settings: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("townlink_town_{}", Uuid::new_v4().simple()));
        let cell = Cell::parse("zhangpu.kunshan").expect("a cell");
        let names: Vec<ServiceName> = blueprints.iter().map(|blueprint| blueprint.name).collect();
        let authority = pki::develop(&folder.join("pki"), &cell, &names, VALIDITY).expect("keys and certificates");
        let (blueprints, settings) = (blueprints.to_vec(), settings.to_owned());
        let mut town = Self { folder, cell, authority, blueprints, settings, running: None };
        town.run().await;
        town
    }

    async fn run(&mut self) {
        let running = start(self.loaded(), &self.blueprints, Schema::Migrate).await;
        self.running = Some(running.unwrap_or_else(|error| panic!("the services do not start: {error}")));
    }

    /// The settings of the process.
    #[must_use]
    pub fn loaded(&self) -> Loaded {
        let file = self.folder.join("townlink.toml");
        std::fs::write(&file, &self.settings).expect("a settings file");
        let data_dir = ("TOWNLINK__DATA_DIR".to_owned(), self.folder.display().to_string());
        let sources = Sources {
            services: self.blueprints.iter().map(|blueprint| blueprint.name).collect(),
            defaults: DEFAULTS.to_owned(),
            file: Some(file),
            environment: vec![data_dir],
        };
        Loaded::read(&sources).unwrap_or_else(|error| panic!("the settings are wrong: {error}"))
    }

    /// The folder of the process.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The authority whose certificates the process trusts.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The process.
    #[must_use]
    pub fn running(&self) -> &Running {
        self.running.as_ref().expect("a test town runs until it is stopped")
    }

    /// A channel over mutual TLS to a service, as whoever holds an identity such as `person/li` or `county/housing`.
    #[must_use]
    pub fn client(&self, service: ServiceName, identity: &str) -> Channel {
        self.client_with(service, &self.identity(identity)).channel()
    }

    /// The certificate of an identity, issued where it is not there yet.
    #[must_use]
    pub fn identity(&self, identity: &str) -> IdentityFiles {
        let peer =
            Peer::parse(&format!("spiffe://{}/{identity}", self.cell), &self.cell).expect("an identity of the cell");
        let files = IdentityFiles::in_folder(&self.folder.join("clients"), identity);
        if !files.certificate.exists() {
            let issued = self.authority.issue(&peer, &[], VALIDITY).expect("a certificate");
            issued.write(&files).expect("the files of a certificate");
        }
        files
    }

    /// A service as it is reached with given files.
    #[must_use]
    pub fn client_with(&self, service: ServiceName, identity: &IdentityFiles) -> Remote {
        let addresses = self.running().addresses();
        let place = addresses.iter().find(|place| place.service == service.as_str()).expect("the service runs");
        Remote::new(&place.address.to_string(), &place.tls_name, self.authority.certificate(), identity)
            .expect("the identity can be used")
    }

    /// Ends the process as SIGTERM would, and starts it again on the same data. Addresses change.
    pub async fn restart(&mut self) {
        if let Some(running) = self.running.take() {
            running.drain().await;
        }
        self.run().await;
    }

    /// Ends the process as SIGTERM would. Answers whether everything ended within the bound.
    pub async fn stop(mut self) -> bool {
        match self.running.take() {
            Some(running) => running.drain().await,
            None => true,
        }
    }
}

impl Drop for TestTown {
    fn drop(&mut self) {
        // What cannot be removed is left to the machine's own cleaning: the test has its verdict.
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
