//! A whole town under test: in one process (`townlink up`) or split by service (`townlink serve office`, `townlink serve
//! gateway`), on either database, on a manual clock.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use runtime::db::Backend;
use tempfile::TempDir;

use crate::clients::Clients;
use crate::database::Databases;
use crate::program::{self, Running};
use crate::wait::{PATIENCE, until};

/// Where the clock of a town under test starts: 9 o'clock on the first Monday of March 2026, as in the demo.
pub const START: &str = "2026-03-02T09:00:00+08:00";

/// The services.
pub const SERVICES: [&str; 2] = ["office", "gateway"];

/// Ports that this process has given to a town; the system may offer one twice.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// How services are spread over processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// All in one process.
    One,
    /// Each in its own.
    Split,
}

/// A town under test.
#[derive(Debug)]
pub struct Town {
    // Processes end before their databases go: fields are dropped in their order.
    running: BTreeMap<&'static str, Running>,
    /// Its clients.
    pub clients: Clients,
    /// Its databases.
    pub databases: Databases,
    topology: Topology,
    environment: BTreeMap<String, String>,
    folder: TempDir,
}

impl Town {
    /// Starts a town in one process.
    pub async fn up(backend: Backend) -> Self {
        Self::with(backend, Topology::One).await
    }

    /// Starts a town.
    ///
    /// # Panics
    /// Where it does not serve within a minute.
    pub async fn with(backend: Backend, topology: Topology) -> Self {
        let folder = tempfile::Builder::new().prefix("townlink-system-").tempdir().expect("a temporary folder");
        let data_dir = folder.path().join("data");
        let databases = Databases::new(backend, &data_dir, &SERVICES);
        let addresses = BTreeMap::from(SERVICES.map(|service| (service, format!("127.0.0.1:{}", free_port()))));
        let clients = Clients::new(data_dir, addresses);
        let mut town = Self {
            running: BTreeMap::new(),
            clients,
            databases,
            topology: Topology::One,
            environment: BTreeMap::new(),
            folder,
        };
        for service in SERVICES {
            // The ports stay the same whenever the town starts again, so that clients need not look for it.
            for key in ["LISTEN", "ADDRESS"] {
                let address = town.clients.address(service).to_owned();
                town.set(&format!("SERVICES__{}__{key}", service.to_uppercase()), &address);
            }
        }
        town.set("OPERATIONS__LISTEN", "off");
        town.begin().await;
        if topology == Topology::Split {
            town.stop();
            town.topology = topology;
            town.start().await;
        }
        town
    }

    /// The first start, which makes keys, certificates, settings and the roster of a development town.
    async fn begin(&mut self) {
        let mut arguments = vec!["up", "--clock", "manual", "--start", START];
        let server = self.databases.server();
        if let Some(server) = &server {
            arguments.extend(["--postgres", server]);
        }
        self.launch("up", &arguments);
        self.wait_for("up", &SERVICES).await;
    }

    /// Sets a setting for the next start, such as `GATEWAY__DISPATCHER_HOLD`.
    pub fn set(&mut self, key: &str, value: &str) {
        self.environment.insert(format!("TOWNLINK__{key}"), value.to_owned());
    }

    /// Whether the dispatcher holds every delivery from the next start on.
    pub fn hold_dispatcher(&mut self, hold: bool) {
        self.set("GATEWAY__DISPATCHER_HOLD", if hold { "true" } else { "false" });
    }

    /// A folder for what a test writes.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.clients.data_dir().to_owned()
    }

    /// Starts what does not run, and waits until all of it serves.
    ///
    /// # Panics
    /// Where it does not serve within a minute.
    pub async fn start(&mut self) {
        match self.topology {
            Topology::One => {
                self.launch("up", &["up"]);
                self.wait_for("up", &SERVICES).await;
            }
            Topology::Split => {
                // Both are started before one is waited for: neither needs the other to start.
                for service in SERVICES {
                    self.launch(service, &["serve", service]);
                }
                for service in SERVICES {
                    self.wait_for(service, &[service]).await;
                }
            }
        }
    }

    /// Starts one service of a split town.
    ///
    /// # Panics
    /// Where it does not serve within a minute.
    pub async fn start_service(&mut self, service: &'static str) {
        self.launch(service, &["serve", service]);
        self.wait_for(service, &[service]).await;
    }

    fn launch(&mut self, name: &'static str, arguments: &[&str]) {
        if !self.running.contains_key(name) {
            let mut command = self.command();
            command.args(arguments);
            let log = self.folder.path().join(format!("{name}.log"));
            self.running.insert(name, Running::start(command, &log));
        }
    }

    /// Waits until services say that they serve; fails at once where their process has ended.
    async fn wait_for(&mut self, name: &str, services: &[&str]) {
        let (split, ready) = (self.topology == Topology::Split, self.data_dir().join("ready.json"));
        let running = self.running.get_mut(name).expect("it was launched");
        for service in services {
            until(&format!("{service} serves"), PATIENCE, async || {
                if let Some(status) = running.ended() {
                    panic!("{name} ended with {status} at its start:\n{}", running.shown());
                }
                let told = split || ready.exists();
                (told && self.clients.serves(service).await).then_some(())
            })
            .await;
        }
    }

    /// Kills every process in the middle of whatever it does.
    pub fn kill9(&mut self) {
        for (_, running) in std::mem::take(&mut self.running) {
            running.kill();
        }
    }

    /// Kills the process of one service of a split town.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn kill9_service(&mut self, service: &str) {
        self.running.remove(service).expect("the service runs").kill();
    }

    /// Asks every process to end, and expects that each does.
    pub fn stop(&mut self) {
        for (_, running) in std::mem::take(&mut self.running) {
            running.stop();
        }
    }

    /// Asks the process of one service of a split town to end, and expects that it does.
    ///
    /// # Panics
    /// Where it does not run, or does not end.
    pub fn stop_service(&mut self, service: &str) {
        self.running.remove(service).expect("the service runs").stop();
    }

    /// A command of the program on this town.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = program::command();
        command.envs(&self.environment).arg("--data-dir").arg(self.data_dir());
        command
    }

    /// Runs a command on this town as an identity, with JSON output.
    ///
    /// # Panics
    /// Where the program cannot be started.
    #[must_use]
    pub fn run(&self, identity: &str, arguments: &[&str]) -> Output {
        self.command().args(["--as", identity, "--json"]).args(arguments).output().expect("the program starts")
    }

    /// As [`Town::run`], for a command that must succeed; gives back what it printed.
    ///
    /// # Panics
    /// Where it does not succeed, or prints no JSON.
    #[must_use]
    pub fn ask(&self, identity: &str, arguments: &[&str]) -> serde_json::Value {
        let output = self.run(identity, arguments);
        let told = || format!("townlink {}: {}", arguments.join(" "), program::told(&output));
        assert!(output.status.success(), "{}", told());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told()))
    }
}

/// A port that nobody uses, each only once in this process.
fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
        let port = listener.local_addr().expect("a listener has an address").port();
        if GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return port;
        }
    }
}
