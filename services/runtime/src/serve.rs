//! What runs in a process: services behind one stack of layers, on the network and over pipes alike.
//!
//! A service's crate exports one [`Blueprint`]; a process starts as many of them as it is told to, and ends them in order:
//! no new calls, the calls at hand, the background tasks, the databases.
//!
//! - `listener`: connections, from the network and over pipes.
//! - `operations`: metrics and liveness, apart from the contracts.
//! - `start`: from blueprints to a running process, and its end.

use std::convert::Infallible;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tonic::server::NamedService;
use tonic::service::RoutesBuilder;

use crate::access::{Access, Act, NamedServices, RuleError};
use crate::caller::ServiceName;
use crate::clock::TownClock;
use crate::config::{ConfigError, Loaded, Settings};
use crate::db::{Db, Migrations, SchemaError};
use crate::diagnosis::Check;
use crate::directory::{Directory, RemoteError};
use crate::execute::Writer;
use crate::journal::service::Grants;
use crate::layers::Denials;
use crate::people::{NoPeople, People};
use crate::pki::PkiError;
use crate::refusal::{Denial, Failure, Refusal};
use crate::signing::Signer;
use crate::tasks::Tasks;

mod listener;
mod operations;
mod start;
mod storage;

pub use start::{Running, Schema, migrate, start};

/// What a crate exports of its service: enough to start it, and nothing else.
#[derive(Clone, Copy)]
pub struct Blueprint {
    /// The name of the service.
    pub name: ServiceName,
    /// The migrations of its database.
    pub migrations: Migrations,
    /// Makes the service. Its database is open and up to date; other services are not to be called yet.
    pub assemble: fn(Runtime) -> BoxFuture<'static, Result<Service, StartError>>,
}

/// What keeps a process from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key or certificate is.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// A key cannot be used.
    #[error("{file}: {cause}")]
    Key {
        /// The file of the key.
        file: String,
        /// Why.
        cause: crate::signing::SigningError,
    },
    /// Another service cannot be addressed.
    #[error("services.{service}: {cause}")]
    Remote {
        /// The other service.
        service: ServiceName,
        /// Why.
        cause: RemoteError,
    },
    /// A contract cannot be enforced.
    #[error("a contract cannot be served: {0}")]
    Rule(#[from] RuleError),
    /// A database is not as it should be.
    #[error("the database of {service}: {cause}")]
    Schema {
        /// Whose database.
        service: ServiceName,
        /// Why.
        cause: SchemaError,
    },
    /// A database cannot be opened or read.
    #[error("the database of {service}, {place}, cannot be used: {fault}")]
    Database {
        /// Whose database.
        service: ServiceName,
        /// Its file, or that it is on a server.
        place: String,
        /// Why.
        fault: String,
    },
    /// Another process works with a database file.
    #[error("the database of {service}, {}, is in use by another process", file.display())]
    InUse {
        /// Whose database.
        service: ServiceName,
        /// Its file.
        file: std::path::PathBuf,
    },
    /// A database belongs to another log than the one that this process signs.
    #[error("the database of {service} belongs to another log: {differs}")]
    OtherLog {
        /// Whose database.
        service: ServiceName,
        /// What differs.
        differs: String,
    },
    /// An address is taken, or none of this machine.
    #[error("{key}: cannot listen on {address}: {cause}")]
    Listen {
        /// The setting.
        key: String,
        /// The address.
        address: String,
        /// Why.
        cause: std::io::Error,
    },
    /// A part of the machine failed.
    #[error("{}", crate::telemetry::chain(.0))]
    Failed(#[from] Failure),
}

/// What one service of a process has to work with. Cheap to clone.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    name: ServiceName,
    loaded: Arc<Loaded>,
    writer: Writer,
    directory: Directory,
    tasks: Tasks,
    signers: Signers,
    denials: Arc<Denials>,
}

/// The keys with which a service signs its log and its receipts.
#[derive(Clone, Debug)]
pub struct Signers {
    /// For what public tools verify.
    pub ed25519: Arc<dyn Signer>,
    /// For what the law asks to be signed.
    pub sm2: Arc<dyn Signer>,
}

impl Runtime {
    /// The service's own name.
    #[must_use]
    pub fn name(&self) -> ServiceName {
        self.0.name
    }

    /// The settings of the process.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.loaded.settings
    }

    /// The service's own section of the settings, such as `[office]`.
    ///
    /// # Errors
    /// [`ConfigError`] where a key is unknown to `T` or a value cannot be read.
    pub fn section<T: DeserializeOwned + Default>(&self) -> Result<T, ConfigError> {
        self.0.loaded.section(self.0.name.as_str())
    }

    /// The write path.
    #[must_use]
    pub fn writer(&self) -> &Writer {
        &self.0.writer
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        self.0.writer.db()
    }

    /// The town's clock.
    #[must_use]
    pub fn clock(&self) -> &TownClock {
        self.0.writer.clock()
    }

    /// Channels to other services.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// The background tasks.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// The keys for the log and for receipts.
    #[must_use]
    pub fn signers(&self) -> &Signers {
        &self.0.signers
    }

    /// The record of denials that the layers keep, for a service that denies by what it knows of a resource: one rate for both.
    #[must_use]
    pub fn denials(&self) -> &Arc<Denials> {
        &self.0.denials
    }

    /// Records a denial that the service itself found, such as `RE_SENDER`, as the layers record theirs: journalled up to a
    /// rate, and counted. Gives what to return. For a call that writes, [`Writer::refuse`] does it and keeps the answer too.
    pub async fn deny(&self, access: &Access, refusal: Refusal) -> Denial {
        self.0.denials.record(self.writer(), access.caller(), &access.method().path, &refusal).await;
        refusal.into()
    }

    /// The origin of the service's log, as its checkpoints and receipts name it.
    #[must_use]
    pub fn log_origin(&self) -> &str {
        self.settings()
            .services
            .get(self.name().as_str())
            .and_then(|service| service.log_origin.as_deref())
            .unwrap_or_default()
    }
}

/// A service, assembled: its contracts, what it knows of persons, and whom it names. The journal, the clock, health and
/// reflection are added to each.
pub struct Service {
    name: ServiceName,
    routes: RoutesBuilder,
    served: Vec<&'static str>,
    people: Arc<dyn People>,
    named: NamedServices,
    grants: Grants,
    checks: Vec<Arc<dyn Check>>,
    begin: Begin,
}

impl Service {
    /// A service without contracts. Until [`Service::people`] is given, every person is refused.
    #[must_use]
    pub fn new(runtime: &Runtime) -> Self {
        Self {
            name: runtime.name(),
            routes: RoutesBuilder::default(),
            served: Vec::new(),
            people: Arc::new(NoPeople),
            named: NamedServices::default(),
            grants: Grants::none(),
            checks: Vec::new(),
            begin: Vec::new(),
        }
    }

    /// Serves a contract: a generated server around its implementation.
    #[must_use]
    pub fn serve<S>(mut self, contract: S) -> Self
    where
        S: tower::Service<http::Request<tonic::body::Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.served.push(S::NAME);
        self.routes.add_service(contract);
        self
    }

    /// Who knows the active assignments.
    #[must_use]
    pub fn people(mut self, people: Arc<dyn People>) -> Self {
        self.people = people;
        self
    }

    /// Lets another service do an act that is for named services only: to deliver, to apply a directive, to ask for a standing.
    #[must_use]
    pub fn admit(mut self, service: ServiceName, act: Act) -> Self {
        self.named.name(act, service);
        self
    }

    /// Which entries of the journal others may read.
    #[must_use]
    pub fn grants(mut self, grants: Grants) -> Self {
        self.grants = grants;
        self
    }

    /// What a diagnosis looks at beside what every service does.
    #[must_use]
    pub fn check(mut self, check: impl Check + 'static) -> Self {
        self.checks.push(Arc::new(check));
        self
    }

    /// Begins work in the background, once every service of the process is served. Tasks are kept by [`Tasks`].
    #[must_use]
    pub fn background(mut self, begin: impl FnOnce(&Tasks) + Send + 'static) -> Self {
        self.begin.push(Box::new(begin));
        self
    }
}

/// Logs on which document the tables of a service rest that are the town's own.
pub fn rest_on(document: &vocabulary::RulesDocument) {
    let vocabulary::RulesDocument { number, from, tables } = document;
    tracing::info!(document = %number, %from, tables = tables.join(","), "tables of rules are the town's own");
}

/// Background work that waits for every service of the process to be served.
type Begin = Vec<Box<dyn FnOnce(&Tasks) + Send>>;

/// What a running process tells of itself: `ready.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Address {
    /// The service.
    pub service: String,
    /// Where it listens.
    pub address: std::net::SocketAddr,
    /// The name in its certificate.
    pub tls_name: String,
}
