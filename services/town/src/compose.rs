//! Services into processes. The only place that knows every service.
//!
//! Settings come from the program's defaults, the file `townlink.toml` of the data directory, and the environment. A development
//! town writes its file at its first start, so that `townlink serve` in other processes finds the same town.

use std::path::{Path, PathBuf};

use clap::Args;
use runtime::caller::ServiceName;
use runtime::config::{ConfigError, Loaded, Settings, Shown, Sources};
use runtime::log::{Origin, VerifierKey};
use runtime::pki::public_half;
use runtime::serve::{Address, Blueprint, Running, Schema, StartError};
use runtime::signing::PublicKey;

use crate::connection::{Ready, ReadyService};
use crate::files::at_file;
use crate::problem::Problem;

/// The settings file of a data directory.
pub const FILE: &str = "townlink.toml";

/// Every service, in the order in which they start.
pub const BLUEPRINTS: [Blueprint; 2] = [OFFICE, gateway::BLUEPRINT];

#[cfg(not(feature = "bench"))]
const OFFICE: Blueprint = office::BLUEPRINT;
#[cfg(feature = "bench")]
const OFFICE: Blueprint = crate::bench::OFFICE;

/// Which file the settings are read from.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigFile {
    /// The settings file [default: townlink.toml of the data directory]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// Whether a file was named.
    #[must_use]
    pub const fn is_named(&self) -> bool {
        self.config.is_some()
    }
}

/// Settings that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// A key or a value.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The office's section.
    #[error(transparent)]
    Office(#[from] office::SettingsError),
    /// The gateway's section.
    #[error(transparent)]
    Gateway(#[from] gateway::settings::SettingsError),
    /// The file.
    #[error("{place}: {cause}")]
    File {
        /// The file.
        place: String,
        /// Why.
        cause: std::io::Error,
    },
}

impl Wrong {
    /// Whether a key is set that nothing reads.
    #[must_use]
    pub const fn is_unknown_key(&self) -> bool {
        matches!(self, Self::Config(ConfigError::UnknownKey { .. }))
    }
}

/// The names of all services.
#[must_use]
pub fn services() -> Vec<ServiceName> {
    BLUEPRINTS.iter().map(|blueprint| blueprint.name).collect()
}

/// The services that a command names, each known.
pub fn named(names: &[String]) -> Result<Vec<Blueprint>, Problem> {
    let known = || services().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let find = |name: &String| {
        let found = BLUEPRINTS.into_iter().find(|blueprint| blueprint.name.as_str() == name);
        found.ok_or_else(|| Problem::usage(format!("there is no service {name}"), format!("name one of {}", known())))
    };
    names.iter().map(find).collect()
}

/// Reads the settings. `further` are settings of this run, over those of the environment.
pub fn load(file: &ConfigFile, data_dir: &Path, further: Vec<(String, String)>) -> Result<Loaded, Problem> {
    read_with(file, data_dir, further).map_err(wrong)
}

/// Reads the settings, for whoever asks what is wrong with them.
pub fn read(file: &ConfigFile, data_dir: &Path) -> Result<Loaded, Wrong> {
    read_with(file, data_dir, Vec::new())
}

fn read_with(file: &ConfigFile, data_dir: &Path, further: Vec<(String, String)>) -> Result<Loaded, Wrong> {
    let file = match &file.config {
        Some(file) => Some(file.clone()),
        None => Some(data_dir.join(FILE)).filter(|file| file.exists()),
    };
    if let Some(file) = &file {
        std::fs::metadata(file).map_err(|cause| Wrong::File { place: file.display().to_string(), cause })?;
    }
    let defaults = format!("data_dir = {}", toml::Value::from(data_dir.display().to_string()));
    let environment = Sources::environment().into_iter().chain(further).collect();
    let loaded = Loaded::read(&Sources { services: services(), defaults, file, environment })?;
    // The sections of services are checked too, so that a wrong key, or a table without a document, is found before anything starts.
    loaded.section::<office::OfficeSettings>("office")?.document()?;
    loaded.section::<gateway::settings::Settings>("gateway")?.document()?;
    Ok(loaded)
}

fn wrong(error: impl std::fmt::Display) -> Problem {
    Problem::usage(error, "mend the settings; `townlink config check` shows each with where it comes from")
}

/// Every setting, with where it comes from.
pub fn show(file: &ConfigFile, data_dir: &Path) -> Result<Vec<Shown>, Problem> {
    let loaded = load(file, data_dir, Vec::new())?;
    let mut shown = loaded.show();
    shown.extend(loaded.show_section::<office::OfficeSettings>("office").map_err(wrong)?);
    shown.extend(loaded.show_section::<gateway::settings::Settings>("gateway").map_err(wrong)?);
    Ok(shown)
}

/// Starts services. They serve when this returns.
pub async fn start(loaded: Loaded, blueprints: &[Blueprint], schema: Schema) -> Result<Running, Problem> {
    runtime::serve::start(loaded, blueprints, schema).await.map_err(|error| unstarted(&error))
}

/// Brings the databases of services up to date.
pub async fn migrate(settings: &Settings, blueprints: &[Blueprint]) -> Result<(), Problem> {
    runtime::serve::migrate(settings, blueprints).await.map_err(|error| unstarted(&error))
}

/// Tells what keeps a process from starting, and what to do about it.
pub fn unstarted(error: &StartError) -> Problem {
    let remedy = match error {
        StartError::Config(_) | StartError::Remote { .. } => "mend the settings; `townlink config check` shows them",
        StartError::Pki(_) | StartError::Key { .. } => {
            "`townlink pki` makes certificates; `townlink up` makes all of a development town"
        }
        StartError::Schema { .. } => "bring the databases up to date: `townlink migrate`",
        StartError::Database { .. } => {
            "end every process of the service, look at the file and the disk, and restore the backup where it is damaged"
        }
        StartError::InUse { .. } => "end the other process (`up`, `serve` or `migrate`); a database file has one",
        StartError::OtherLog { .. } => {
            "use the database, the log_origin and the keys that belong together; restore all of them from one backup"
        }
        StartError::Listen { .. } => {
            "another process listens there: end it, or choose other ports (`townlink up --ports auto`)"
        }
        StartError::Rule(_) | StartError::Failed(_) => return Problem::failed("start", error),
    };
    Problem::usage(error, remedy)
}

/// What a client needs to know of services at their addresses.
pub fn ready(settings: &Settings, addresses: &[Address]) -> Result<Ready, Problem> {
    let mut services = Vec::new();
    for address in addresses {
        let name = ServiceName::parse(&address.service)
            .ok_or_else(|| Problem::failed("start", format!("{} is no service", address.service)))?;
        services.push(ReadyService {
            name: address.service.clone(),
            address: address.address.to_string(),
            tls_name: address.tls_name.clone(),
            log_keys: log_keys(settings, name)?,
        });
    }
    Ok(Ready {
        cell: settings.cell.to_string(),
        authority: settings.authority().map_err(wrong)?.clone(),
        identities: settings.pki_dir(),
        services,
        process: std::process::id(),
    })
}

/// What a client needs to know of a town that is configured to be elsewhere: the addresses of the settings file.
pub fn configured(data_dir: &Path) -> Result<Ready, Problem> {
    configured_by(&ConfigFile::default(), data_dir)
}

/// As [`configured`], by a settings file of its own.
pub fn configured_by(file: &ConfigFile, data_dir: &Path) -> Result<Ready, Problem> {
    let loaded = load(file, data_dir, Vec::new())?;
    let mut services = Vec::new();
    for name in self::services() {
        let service = loaded.settings.service(name).map_err(wrong)?;
        let Some(address) = service.address.clone() else { continue };
        let tls_name = service.tls_name.clone().unwrap_or_else(|| "localhost".to_owned());
        services.push(ReadyService {
            name: name.to_string(),
            address,
            tls_name,
            log_keys: log_keys(&loaded.settings, name)?,
        });
    }
    let settings = &loaded.settings;
    let authority = settings.authority().map_err(wrong)?.clone();
    Ok(Ready { cell: settings.cell.to_string(), authority, identities: settings.pki_dir(), services, process: 0 })
}

/// The public keys that sign the log of a service, as verifier keys.
fn log_keys(settings: &Settings, name: ServiceName) -> Result<Vec<String>, Problem> {
    let keys = settings.keys(name).map_err(wrong)?;
    let origin = Origin::new(&keys.log_origin).map_err(|error| Problem::failed("start", error))?;
    let mut verifiers = Vec::new();
    for private in [&keys.keys.log_ed25519, &keys.keys.log_sm2] {
        let file = public_half(private);
        let pem = at_file(&file, std::fs::read_to_string(&file))?;
        let key = PublicKey::from_pem(&pem)
            .map_err(|error| Problem::usage(format!("{}: {error}", file.display()), "make it anew"))?;
        verifiers.push(VerifierKey::new(origin.clone(), key).to_string());
    }
    Ok(verifiers)
}
