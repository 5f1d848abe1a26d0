//! The typed values, their defaults, and what must hold among them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vocabulary::{Institution, Timestamp};

use super::{ConfigError, Secret};
use crate::caller::{Cell, ServiceName};
use crate::clock::ClockMode;
use crate::diagnosis::DiagnosisSettings;
use crate::pki::{IdentityFiles, ServiceKeyFiles, public_half};
use crate::telemetry::{LogFormat, TelemetrySettings};

/// The folder of the development authority and its keys, below the data directory.
const PKI: &str = "pki";

/// The largest message that a generated server decodes where nobody tells it otherwise.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Which rules hold for the settings themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Keys may have defaults, and the town's clock may be moved.
    Development,
    /// Every key is named, and time is the world's.
    Production,
}

/// All settings but the services' own sections.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The cell: the trust domain of every identity.
    pub cell: Cell,
    /// Which rules hold.
    pub environment: Environment,
    /// The folder of everything that the process keeps; relative paths below are relative to it.
    pub data_dir: PathBuf,
    /// The name of the town, as papers show it.
    pub town_name: String,
    /// The town's clock.
    pub clock: ClockSettings,
    /// Logs.
    pub log: LogSettings,
    /// Whom the cell trusts.
    pub tls: TlsSettings,
    /// The listener for metrics and liveness.
    pub operations: OperationsSettings,
    /// Bounds on what a process takes on.
    pub limits: Limits,
    /// From when on the doctor tells of something.
    pub diagnosis: DiagnosisSettings,
    /// Where traces go.
    pub telemetry: TelemetrySettings,
    /// Each service: where it is, and what it needs to run.
    pub services: BTreeMap<String, ServiceSettings>,
}

/// The town's clock.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClockSettings {
    /// `system` or `manual`; manual only in development.
    pub mode: ClockModeName,
    /// The start of a manual clock, such as `2026-03-02T09:00:00+08:00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
}

/// How the town's time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockModeName {
    /// With the machine's.
    #[default]
    System,
    /// By hand.
    Manual,
}

/// Logs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct LogSettings {
    /// `text` or `json`.
    pub format: LogFormat,
    /// Which lines are written, in the form of `RUST_LOG`.
    pub filter: String,
}

/// Whom the cell trusts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TlsSettings {
    /// The certificates of the authorities that issue identities of this cell, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<PathBuf>,
}

/// The listener for metrics and liveness: plain HTTP, for the machine it runs on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct OperationsSettings {
    /// The address; `off` for none.
    pub listen: String,
}

/// Bounds on what a process takes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// The largest message, in bytes.
    pub message_bytes_max: usize,
    /// Calls that one service works on at once; further ones are refused and may try again.
    pub calls_max: usize,
    /// Streams that one service keeps open at once.
    pub streams_max: usize,
    /// Connections that one service keeps open at once.
    pub connections_max: usize,
    /// Calls at once on one connection.
    pub connection_calls_max: u32,
    /// The deadline of a call that names none, in milliseconds.
    pub deadline_default_ms: u64,
    /// The longest deadline of a call that is no stream, in milliseconds.
    pub deadline_max_ms: u64,
    /// The longest life of a stream, in milliseconds; its client resumes it.
    pub stream_life_max_ms: u64,
    /// How long a process that ends waits for calls and tasks, in milliseconds.
    pub drain_max_ms: u64,
    /// How many denials of one principal are journalled in a minute; further ones are only counted.
    pub denials_per_minute: u32,
}

/// One service: where it is, and what it needs to run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceSettings {
    /// Where it listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Where others reach it, `host:port`. Not needed by processes that run it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The name in its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_name: Option<String>,
    /// Its database: `sqlite:<file>` or `postgres://…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<Secret>,
    /// Its certificate, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// The private key of its certificate, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// The private key that signs its caller tokens, Ed25519 PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_key: Option<PathBuf>,
    /// The public half of it, PEM: what others verify its caller tokens with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_public_key: Option<PathBuf>,
    /// The origin of its log, such as `zhangpu.kunshan/office`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_origin: Option<String>,
    /// The key of the Ed25519 line on its checkpoints, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_ed25519_key: Option<PathBuf>,
    /// The key of the SM2 line on its checkpoints, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_sm2_key: Option<PathBuf>,
    /// The institutions that it may speak for without a person, by their codes.
    pub speaks_for: Vec<String>,
}

/// What a process needs to run one service, with nothing missing.
#[derive(Clone, Debug)]
pub struct ServiceKeys {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its database.
    pub database: Secret,
    /// Its TLS identity.
    pub identity: IdentityFiles,
    /// The other keys.
    pub keys: ServiceKeyFiles,
    /// The origin of its log.
    pub log_origin: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cell: Cell::parse("zhangpu.kunshan").expect("the name of a cell"),
            environment: Environment::Development,
            data_dir: PathBuf::from("townlink-data"),
            town_name: "张浦镇".to_owned(),
            clock: ClockSettings::default(),
            log: LogSettings::default(),
            tls: TlsSettings::default(),
            operations: OperationsSettings::default(),
            limits: Limits::default(),
            diagnosis: DiagnosisSettings::default(),
            telemetry: TelemetrySettings::default(),
            services: BTreeMap::new(),
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

impl Default for OperationsSettings {
    fn default() -> Self {
        Self { listen: "127.0.0.1:0".to_owned() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: MESSAGE_BYTES_MAX,
            calls_max: 1_024,
            streams_max: 256,
            connections_max: 1_024,
            connection_calls_max: 256,
            deadline_default_ms: 10_000,
            deadline_max_ms: 60_000,
            stream_life_max_ms: 3_600_000,
            drain_max_ms: 20_000,
            denials_per_minute: 60,
        }
    }
}

impl Limits {
    /// How long a process that ends waits.
    #[must_use]
    pub const fn drain_max(&self) -> Duration {
        Duration::from_millis(self.drain_max_ms)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.message_bytes_max > MESSAGE_BYTES_MAX {
            let fault = format!("must not be above {MESSAGE_BYTES_MAX}, the most that a generated server takes");
            return Err(ConfigError::invalid("limits.message_bytes_max", fault));
        }
        let positive = |key: &str, value: u64| {
            if value == 0 { Err(ConfigError::invalid(format!("limits.{key}"), "must be at least 1")) } else { Ok(()) }
        };
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        positive("message_bytes_max", count(self.message_bytes_max))?;
        positive("calls_max", count(self.calls_max))?;
        positive("streams_max", count(self.streams_max))?;
        positive("connections_max", count(self.connections_max))?;
        positive("connection_calls_max", u64::from(self.connection_calls_max))?;
        positive("deadline_default_ms", self.deadline_default_ms)?;
        positive("stream_life_max_ms", self.stream_life_max_ms)?;
        positive("denials_per_minute", u64::from(self.denials_per_minute))?;
        if self.deadline_max_ms < self.deadline_default_ms {
            return Err(ConfigError::invalid("limits.deadline_max_ms", "must not be below limits.deadline_default_ms"));
        }
        Ok(())
    }
}

impl Settings {
    /// Settings for a development cell in a folder, as tests and `townlink up` begin with.
    ///
    /// # Errors
    /// [`ConfigError`] where a service's name is unfit.
    pub fn development(data_dir: impl Into<PathBuf>, services: &[ServiceName]) -> Result<Self, ConfigError> {
        Self { data_dir: data_dir.into(), ..Self::default() }.completed(services)
    }

    /// Fills in what follows from other settings, and checks the whole.
    pub(super) fn completed(mut self, services: &[ServiceName]) -> Result<Self, ConfigError> {
        for name in services {
            self.services.entry(name.to_string()).or_default();
        }
        let development = self.environment == Environment::Development;
        if development {
            self.tls.authority.get_or_insert_with(|| Path::new(PKI).join("authority.pem"));
        }
        let cell = self.cell.clone();
        for (name, service) in &mut self.services {
            let name = ServiceName::parse(name).ok_or_else(|| {
                ConfigError::invalid(format!("services.{name}"), "is no service name: lower-case words joined by '-'")
            })?;
            service.log_origin.get_or_insert_with(|| format!("{cell}/{name}"));
            if development {
                service.develop(name);
            }
            service.place_below(&self.data_dir);
            service.institutions(name)?;
        }
        self.tls.authority = self.tls.authority.map(|path| self.data_dir.join(path));
        self.limits.check()?;
        self.telemetry.check()?;
        self.clock_mode()?;
        self.operations()?;
        Ok(self)
    }

    /// The folder of the development authority and its keys.
    #[must_use]
    pub fn pki_dir(&self) -> PathBuf {
        self.data_dir.join(PKI)
    }

    /// How the town's time passes.
    ///
    /// # Errors
    /// [`ConfigError`] for a manual clock in production, or one without a readable start.
    pub fn clock_mode(&self) -> Result<ClockMode, ConfigError> {
        match (self.clock.mode, &self.clock.start) {
            (ClockModeName::System, None) => Ok(ClockMode::System),
            (ClockModeName::System, Some(_)) => {
                Err(ConfigError::invalid("clock.start", "needs clock.mode = \"manual\""))
            }
            (ClockModeName::Manual, _) if self.environment == Environment::Production => {
                Err(ConfigError::invalid("clock.mode", "is manual, which production does not know; use system"))
            }
            (ClockModeName::Manual, None) => Err(ConfigError::invalid(
                "clock.start",
                "is missing; write an instant such as 2026-03-02T09:00:00+08:00",
            )),
            (ClockModeName::Manual, Some(start)) => {
                let start = start.parse::<Timestamp>().map_err(|_| {
                    ConfigError::invalid("clock.start", "is no instant; write it like 2026-03-02T09:00:00+08:00")
                })?;
                Ok(ClockMode::Manual { start })
            }
        }
    }

    /// The address of the listener for metrics and liveness, if there is one.
    ///
    /// # Errors
    /// [`ConfigError`] where it is no address.
    pub fn operations(&self) -> Result<Option<SocketAddr>, ConfigError> {
        match self.operations.listen.as_str() {
            "off" => Ok(None),
            address => address.parse().map(Some).map_err(|_| {
                ConfigError::invalid("operations.listen", "is neither `off` nor an address such as 127.0.0.1:9464")
            }),
        }
    }

    /// The file of the authorities that the cell trusts.
    ///
    /// # Errors
    /// [`ConfigError`] where none is named.
    pub fn authority(&self) -> Result<&PathBuf, ConfigError> {
        self.tls.authority.as_ref().ok_or_else(|| missing("tls.authority"))
    }

    /// The settings of a service.
    ///
    /// # Errors
    /// [`ConfigError`] where the service is unknown.
    pub fn service(&self, name: ServiceName) -> Result<&ServiceSettings, ConfigError> {
        let service = self.services.get(name.as_str());
        service.ok_or_else(|| ConfigError::invalid(format!("services.{name}"), "is missing"))
    }

    /// What a process needs to run a service. In production each of them must be named.
    ///
    /// # Errors
    /// [`ConfigError`] that names the first setting that is missing, and how to set it.
    pub fn keys(&self, name: ServiceName) -> Result<ServiceKeys, ConfigError> {
        let service = self.service(name)?;
        let path =
            |key: &str, path: &Option<PathBuf>| path.clone().ok_or_else(|| missing(&format!("services.{name}.{key}")));
        self.authority()?;
        Ok(ServiceKeys {
            listen: service.listen.ok_or_else(|| missing(&format!("services.{name}.listen")))?,
            database: service.database.clone().ok_or_else(|| missing(&format!("services.{name}.database")))?,
            identity: IdentityFiles {
                certificate: path("certificate", &service.certificate)?,
                key: path("key", &service.key)?,
            },
            keys: ServiceKeyFiles {
                caller: path("caller_key", &service.caller_key)?,
                log_ed25519: path("log_ed25519_key", &service.log_ed25519_key)?,
                log_sm2: path("log_sm2_key", &service.log_sm2_key)?,
            },
            log_origin: service.log_origin.clone().ok_or_else(|| missing(&format!("services.{name}.log_origin")))?,
        })
    }
}

impl ServiceSettings {
    /// The institutions that the service may speak for.
    ///
    /// # Errors
    /// [`ConfigError`] where a code is unknown.
    pub fn institutions(&self, name: ServiceName) -> Result<Vec<Institution>, ConfigError> {
        let read = |code: &String| {
            Institution::ALL.into_iter().find(|institution| institution.code() == code).ok_or_else(|| {
                ConfigError::invalid(
                    format!("services.{name}.speaks_for"),
                    format!("names {code}, which is no institution"),
                )
            })
        };
        self.speaks_for.iter().map(read).collect()
    }

    /// The defaults that only development has.
    fn develop(&mut self, name: ServiceName) {
        let identity = IdentityFiles::in_folder(Path::new(PKI), name.as_str());
        let keys = ServiceKeyFiles::in_folder(Path::new(PKI), name);
        self.listen.get_or_insert(SocketAddr::from(([127, 0, 0, 1], 0)));
        self.tls_name.get_or_insert_with(|| "localhost".to_owned());
        self.database.get_or_insert_with(|| Secret::new(format!("sqlite:{name}.db")));
        self.certificate.get_or_insert(identity.certificate);
        self.key.get_or_insert(identity.key);
        self.caller_public_key.get_or_insert(public_half(&keys.caller));
        self.caller_key.get_or_insert(keys.caller);
        self.log_ed25519_key.get_or_insert(keys.log_ed25519);
        self.log_sm2_key.get_or_insert(keys.log_sm2);
    }

    /// Puts relative paths below the data directory.
    fn place_below(&mut self, data_dir: &Path) {
        let paths = [
            &mut self.certificate,
            &mut self.key,
            &mut self.caller_key,
            &mut self.caller_public_key,
            &mut self.log_ed25519_key,
            &mut self.log_sm2_key,
        ];
        for path in paths.into_iter().flatten() {
            *path = data_dir.join(&*path);
        }
        let file = self.database.as_ref().and_then(|url| url.expose().strip_prefix("sqlite:"));
        if let Some(file) = file.map(|file| data_dir.join(file)) {
            self.database = Some(Secret::new(format!("sqlite:{}", file.display())));
        }
    }
}

/// A setting that has no default.
fn missing(key: &str) -> ConfigError {
    let variable = format!("{}{}", super::layers::PREFIX, key.to_uppercase().replace('.', "__").replace('-', "_"));
    ConfigError::invalid(key, format!("is not set, and has no default here; set it in the file or as {variable}"))
}
