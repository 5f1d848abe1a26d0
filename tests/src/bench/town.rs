//! The town that is measured: `townlink up` as a child process, with its settings, its databases and its clients.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use runtime::directory::Remote;
use runtime::pki::IdentityFiles;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::bench::bare::empty_rpc::Files;
use crate::program::{self, Running};

/// The services of the town.
pub const SERVICES: [&str; 2] = ["office", "gateway"];

/// The name in the certificates of a development town.
pub const TLS_NAME: &str = "localhost";

/// Nine o'clock on the first Monday of March 2026.
const START: &str = "2026-03-02T09:00:00+08:00";

/// How long a start may take before it is given up.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The pause between two looks whether the town serves.
const LOOK: Duration = Duration::from_millis(2);

/// A town on this machine.
#[derive(Debug)]
pub struct Town {
    folder: PathBuf,
    databases: [String; 2],
    ports: [u16; 2],
    operations: u16,
    running: Option<Running>,
}

impl Town {
    /// A town whose files are below `folder`, with databases at these addresses, in the order of [`SERVICES`].
    ///
    /// # Errors
    /// Where no port is free.
    pub fn new(folder: &Path, databases: [String; 2]) -> Result<Self> {
        let [office, gateway, operations] = free_ports()?;
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), databases, ports: [office, gateway], operations, running: None })
    }

    /// A town on SQLite, its files below `folder`.
    ///
    /// # Errors
    /// Where no port is free.
    pub fn on_sqlite(folder: &Path) -> Result<Self> {
        let databases = SERVICES.map(|service| format!("sqlite:{}", folder.join(format!("{service}.db")).display()));
        Self::new(folder, databases)
    }

    /// The address of the gateway's database.
    #[must_use]
    pub fn gateway_database(&self) -> &str {
        &self.databases[1]
    }

    /// The address of the office's database.
    #[must_use]
    pub fn office_database(&self) -> &str {
        &self.databases[0]
    }

    /// Starts the town and says how long it took, from the start of the process until both services said that they serve.
    ///
    /// # Errors
    /// Where it does not start.
    pub async fn start(&mut self) -> Result<Duration> {
        ensure!(self.running.is_none(), "the town runs already");
        let mut command = self.command();
        command.arg("up").envs(self.settings());
        let begin = Instant::now();
        let mut running = Running::start(command, &self.folder.join("up.log"));
        for service in SERVICES {
            while !self.serves(service).await {
                if let Some(status) = running.ended() {
                    bail!("townlink up ended with {status}:\n{}", running.shown());
                }
                ensure!(begin.elapsed() < START_LIMIT, "{service} does not serve:\n{}", running.shown());
                tokio::time::sleep(LOOK).await;
            }
        }
        let took = begin.elapsed();
        self.running = Some(running);
        Ok(took)
    }

    /// Holds every delivery, or lets them go, as a development town can.
    ///
    /// # Errors
    /// Where the marker cannot be written.
    pub fn hold(&self, held: bool) -> Result<()> {
        let marker = self.data_dir().join("dispatcher.hold");
        if held {
            fs::create_dir_all(self.data_dir())?;
            fs::write(marker, "")?;
        } else if marker.exists() {
            fs::remove_file(marker)?;
        }
        Ok(())
    }

    /// Asks the town to end, and waits until it has.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }

    /// The process that serves.
    ///
    /// # Errors
    /// Where the town does not run.
    pub fn pid(&self) -> Result<u32> {
        Ok(self.running.as_ref().context("the town does not run")?.id())
    }

    /// Lets the process rest, so that what is measured beside it is alone, or wakes it again.
    ///
    /// # Errors
    /// Where the town does not run.
    pub fn rest(&self, resting: bool) -> Result<()> {
        let signal = if resting { "-STOP" } else { "-CONT" };
        let status = Command::new("kill").args([signal, &self.pid()?.to_string()]).status()?;
        ensure!(status.success(), "kill {signal} ended with {status}");
        Ok(())
    }

    /// Runs a command of the program as an identity, and gives back what it printed as JSON.
    ///
    /// # Errors
    /// Where the command does not succeed.
    pub fn ask(&self, identity: &str, arguments: &[&str]) -> Result<serde_json::Value> {
        let output = self.command().args(["--as", identity, "--json"]).args(arguments).output()?;
        ensure!(output.status.success(), "townlink {}: {}", arguments.join(" "), program::told(&output));
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("townlink {} printed no JSON", arguments.join(" ")))
    }

    /// A command of the program on this town.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = program::command();
        command.arg("--data-dir").arg(self.data_dir());
        command
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A channel of its own to a service, as an identity. It connects with its first call.
    ///
    /// # Errors
    /// Where there is no such identity.
    pub fn channel(&self, service: &str, identity: &str) -> Result<Channel> {
        let at = SERVICES.iter().position(|known| *known == service).context("there is no such service")?;
        let address = format!("127.0.0.1:{}", self.ports[at]);
        let remote = Remote::new(&address, TLS_NAME, &self.pki().join("authority.pem"), &self.identity(identity))?;
        Ok(remote.channel())
    }

    /// The files of an identity, for a server or client that is not the town's.
    #[must_use]
    pub fn files(&self, identity: &str) -> Files {
        let IdentityFiles { certificate, key } = self.identity(identity);
        Files { certificate, key, authority: self.pki().join("authority.pem") }
    }

    /// A metric of the process, summed over its labels; 0 where it was never recorded.
    ///
    /// # Errors
    /// Where the metrics cannot be read.
    pub fn metric(&self, name: &str) -> Result<u64> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.operations)).context("the metrics are not served")?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let value = |line: &str| {
            let rest = line.strip_prefix(name)?;
            let rest = if rest.starts_with('{') { rest.split_once('}')?.1 } else { rest };
            rest.strip_prefix(' ')?.trim().split('.').next()?.parse::<u64>().ok()
        };
        Ok(text.lines().filter_map(value).sum())
    }

    /// The settings of the run, as variables of the environment.
    fn settings(&self) -> Vec<(String, String)> {
        let mut settings = vec![
            ("CLOCK__MODE".to_owned(), "manual".to_owned()),
            ("CLOCK__START".to_owned(), START.to_owned()),
            ("OPERATIONS__LISTEN".to_owned(), format!("127.0.0.1:{}", self.operations)),
            ("LOG__FILTER".to_owned(), "warn".to_owned()),
        ];
        for ((service, port), database) in SERVICES.iter().zip(self.ports).zip(&self.databases) {
            let service = service.to_uppercase();
            settings.push((format!("SERVICES__{service}__LISTEN"), format!("127.0.0.1:{port}")));
            settings.push((format!("SERVICES__{service}__ADDRESS"), format!("127.0.0.1:{port}")));
            settings.push((format!("SERVICES__{service}__DATABASE"), database.clone()));
        }
        settings.into_iter().map(|(key, value)| (format!("TOWNLINK__{key}"), value)).collect()
    }

    fn pki(&self) -> PathBuf {
        self.data_dir().join("pki")
    }

    fn identity(&self, identity: &str) -> IdentityFiles {
        IdentityFiles::in_folder(&self.pki(), identity.strip_prefix("service/").unwrap_or(identity))
    }

    async fn serves(&self, service: &str) -> bool {
        let Ok(channel) = self.channel(service, "operator/sysadmin") else { return false };
        let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
        answer.is_ok_and(|answer| answer.get_ref().status() == ServingStatus::Serving)
    }
}

/// Three ports that nobody uses.
fn free_ports() -> Result<[u16; 3]> {
    let listeners =
        [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
    let [first, second, third] =
        listeners.each_ref().map(|listener| listener.local_addr().map(|address| address.port()));
    Ok([first?, second?, third?])
}
